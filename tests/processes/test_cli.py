"""The command line is light to start."""

from __future__ import annotations

import sys

from commands import run

HEAVY = (
    "copier",
    "grpc",
    "grpc_tools",
    "jinja2",
    "pyarrow",
    "tomlkit",
    "google.protobuf",
    "truststore",
    "urllib.request",
    "ssl",
)


def test_help_imports_nothing_heavy() -> None:
    """After `--help`, no module that only some commands need has been imported."""
    script = (
        "import sys; from gfplug.cli import main\n"
        "assert main(['--help']) == 0\n"
        f"sys.stderr.write(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    )
    done = run(sys.executable, "-c", script)

    assert done.code == 0

    assert done.err == ""
    assert "new" in done.out
