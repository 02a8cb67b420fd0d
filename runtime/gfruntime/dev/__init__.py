"""`gfplug dev`: one process that Grafana starts and keeps, and behind it the author's code, started anew on each save.

Never part of a bundle: nothing that `serve` imports leads here.
"""
