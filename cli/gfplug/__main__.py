"""`python -m gfplug` and the console script; answers `--version` before anything heavy is imported."""

from __future__ import annotations

import sys

from gfplug import __version__


def run() -> None:
    """Start the command line with the arguments of this process, and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"gfplug {__version__}\n")
        return
    from gfplug.cli import main  # noqa: PLC0415 - typer costs 100 ms that --version need not pay

    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
