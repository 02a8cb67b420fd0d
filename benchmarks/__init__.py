"""Compare gfplug's plugins with those on the Go SDK: `python -m benchmarks`. Read README.md before quoting a figure."""
