"""From a project to its bundle and archive: environment, freezing, pruning, putting together, measuring, packing.

Each module is one stage of `gfplug build`; the order of the stages is `gfplug.build`'s.
"""
