"""`gfplug dev`: one process that Grafana starts and keeps; the author's code runs behind it, and restarts on each save.

It is never part of a bundle: `serve` imports nothing from this package.
"""
