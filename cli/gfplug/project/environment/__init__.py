"""The Python environment of a project: the interpreter for it, and the machine's prerequisites."""
