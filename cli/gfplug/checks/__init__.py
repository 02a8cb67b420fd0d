"""Checks that report problems early: `gfplug check` for projects and bundles, `gfplug doctor` for the machine."""
