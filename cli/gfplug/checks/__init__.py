"""What would fail later, said now: `gfplug check` for projects and bundles, `gfplug doctor` for the machine."""
