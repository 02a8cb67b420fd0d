"""Run a Python program that ends with its standard input, so that it never outlives the process that started it.

`python until_stdin_ends.py PROGRAM ARGUMENTS`. Standard input is a pipe; the process that started the program keeps its
other end. Standard library only.
"""

import os
import runpy
import sys
import threading


def _end_with_stdin() -> None:
    while os.read(0, 4096):  # reading sys.stdin would hold a lock that Python needs when the program ends by itself
        pass
    os._exit(0)


def main() -> None:
    """Run the program that the arguments name."""
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
