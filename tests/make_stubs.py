"""Write the default version's stubs into a folder, so that mypy sees `pluginv2` beside the template's Python.

python tests/make_stubs.py build/stubs
"""

from __future__ import annotations

import sys
from pathlib import Path

from gfplug import files, sdk, stubs


def main(folder: Path) -> None:
    """Generate the stubs of the default SDK version into a folder."""
    files.write_tree(folder, stubs.generate(sdk.fetch(sdk.default(), offline=True)).files)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
