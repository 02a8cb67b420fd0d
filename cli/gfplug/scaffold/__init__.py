"""Projects from the template: `gfplug new` and `gfplug adopt`."""
