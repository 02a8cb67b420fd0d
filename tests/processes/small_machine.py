"""A fake machine with some Pythons on its PATH, and a uv that has others: all programs are fakes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from small_project import fake_python

from gfplug.project.environment import uv

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_UV = """\
#!/bin/sh
echo "$*" >> '{folder}/uv.diary'
case "$*" in
  *--only-installed*) /bin/cat '{folder}/installed.json' ;;
  *--only-downloads*) /bin/cat '{folder}/downloads.json' ;;
  venv*) {venv} ;;
  "python find"*) echo '{folder}/downloaded/python' ;;
esac
"""


class Machine:
    """A folder of programs, the only one on the PATH; gfplug runs on a Python without a shared libpython."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Start with that Python and nothing else."""
        self.folder, self._monkeypatch = folder / "machine", monkeypatch
        monkeypatch.setenv("PATH", str(self.folder / "bin"))
        monkeypatch.setattr(uv, "OWN_PROGRAMS", str(self.folder / "bin"))
        for name in ("UV_OFFLINE", "UV_PYTHON_DOWNLOADS", "UV_NO_MANAGED_PYTHON"):
            monkeypatch.delenv(name, raising=False)
        self.own("3.12.1")

    def own(self, version: str, *, libpython: bool = False, missing: str = "[]") -> Path:
        """Let gfplug run on a Python, and return it."""
        path = fake_python(self.folder / "own/python", report=report(version, libpython=libpython, missing=missing))
        self._monkeypatch.setattr(sys, "_base_executable", str(path))
        return path

    def program(self, name: str, text: str = "#!/bin/sh\n") -> Path:
        """Put a program on the PATH."""
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def python(self, name: str, version: str, *, libpython: bool = True) -> Path:
        """Put a Python on the PATH."""
        return fake_python(self.folder / "bin" / name, report=report(version, libpython=libpython))

    def uv(self, *, has: tuple[str, ...] = (), can: tuple[str, ...] = (), venv: str = ":") -> Path:
        """Put uv on the PATH: it has some versions and can download others; `venv` is the shell command of uv venv."""
        for version in (*has, *can[:1]):
            place = self.folder / ("downloaded" if version in can else version)
            fake_python(place / "python", report=report(version, libpython=True))
        for name, versions in (("installed", has), ("downloads", can)):
            builds = [build(version, str(self.folder / version / "python")) for version in versions]
            (self.folder / f"{name}.json").write_text(json.dumps(builds))
        return self.program("uv", _UV.format(folder=self.folder, venv=venv))


def build(version: str, path: str) -> dict[str, str]:
    """Return uv's list entry of one Python."""
    return {"version": version, "path": path, "implementation": "cpython", "variant": "default"}


def report(version: str, *, libpython: bool, missing: str = "[]") -> str:
    """Return an interpreter's description of itself; `missing` is JSON, and 3.13.1t is a free-threaded 3.13.1."""
    says = {"version": [int(number) for number in version.rstrip("t").split(".")], "libpython": libpython}
    return json.dumps({**says, "free_threaded": version.endswith("t"), "missing": json.loads(missing)})
