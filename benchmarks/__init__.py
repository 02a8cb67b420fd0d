"""How our plugins compare with those on the Go SDK: `python -m benchmarks`. Read README.md before quoting a figure."""
