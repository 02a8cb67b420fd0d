"""Run `gfplug` with archives that take one second of CPU instead of fifteen, and are an eighth larger.

It is for tests that start a bundle and do not look at its archive.
"""

import sys

from gfplug import cli
from gfplug.bundle import packing

COMMAND = (sys.executable, __file__)

if __name__ == "__main__":
    packing.LEVEL = 1
    sys.exit(cli.main(sys.argv[1:]))
