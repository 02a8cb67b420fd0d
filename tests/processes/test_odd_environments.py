"""gfplug works in unusual environments: `new`, `check` and `call query`, with JSON, and the plugin that they start."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import roots
from commands import Ended, run, succeed
from projects import new_project

from gfplug.project.environment.venv import interpreter_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="users, modes and locales are those of a Unix"),
]

SITE_PACKAGES = next(path for path in sys.path if path.endswith("site-packages"))
NOBODY = 65534
PLAIN = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}  # noqa: S108 - each test has one of its own
C_LOCALE = {"LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LONG = "Umsätze & Erträge (Größe Ω)/" + "/".join("ein Ordner mit Ümlaut" for _ in range(7)) + "/日本"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Variables, a working folder, the project's path below it, and options for starting processes."""

    folder: Path
    variables: Mapping[str, str]
    name: str = "sales"
    python: Path = Path(sys.executable)
    options: Mapping[str, Any] = field(default_factory=dict)
    before: Sequence[str | Path] = ()

    def gfplug(self, *words: str | Path) -> Ended:
        """Run gfplug there, to its end."""
        return run(
            *self.before,
            self.python,
            "-m",
            "gfplug",
            *words,
            cwd=self.folder,
            env=self.variables,
            encoding="utf-8",
            **self.options,
        )

    def asks(self) -> None:
        """Check the project, and query its plugin: both answer in JSON, and the only problem is the missing bundle."""
        check_result = self.gfplug("check", self.name, "--json", "--python", self.python)
        query_result = self.gfplug("call", "query", self.name, "--json", "--python", self.python)

        assert (check_result.code, query_result.code) == (0, 0), f"{check_result}\n{query_result}"
        assert [finding["rule"] for finding in json.loads(check_result.out)["findings"]] == ["not-built"]
        assert [frame["data"]["values"] for frame in json.loads(query_result.out)["results"]["A"]["frames"]]


def without(*names: str) -> dict[str, str]:
    """Return the plain variables without some."""
    return {name: value for name, value in PLAIN.items() if name not in names}


GRAFANAS = {"provisioning", "dist", "artifacts"}
"""Folders that Grafana reads, which runs as another user."""


@pytest.mark.parametrize(
    ("variables", "name", "umask"),
    [
        (without("HOME"), "sales", -1),
        ({**PLAIN, "TMPDIR": "/does/not/exist", "HOME": "/dev/null"}, "sales", -1),
        ({**PLAIN, **C_LOCALE}, LONG, -1),
        ({**PLAIN, "LC_ALL": "POSIX", "PYTHONUTF8": "0"}, "Umsätze", -1),
        ({**PLAIN, "PATH": "/does/not/exist"}, "sales", -1),
        ({}, "sales", -1),
        (PLAIN, "sales", 0o077),
    ],
    ids=["no home", "no temporary folder", "C and a long path", "POSIX", "no git", "no variables", "umask 077"],
)
def test_a_project_is_made_checked_and_queried(
    tmp_path: Path, variables: dict[str, str], name: str, umask: int
) -> None:
    """The results are as usual; files that Grafana does not read have the umask's modes."""
    place = Place(folder=tmp_path, variables=variables, name=name, options={"umask": umask})
    creation = place.gfplug("new", "sales", name, "--org", "acme", "--defaults", "--offline")

    assert (creation.code, creation.out) == (0, f"{name}\n"), creation
    place.asks()
    project = tmp_path / name
    parts = [part for part in project.iterdir() if part.name not in GRAFANAS]
    paths = [project, *parts, *(path for part in parts for path in part.rglob("*"))]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in paths}
    assert not any(mode & 0o077 for mode in modes) or umask == -1


@pytest.mark.skipif(bool(roots.unavailable()), reason=roots.unavailable() or "possible")
def test_no_file_of_the_project_or_the_temporary_folder_is_executed(tmp_path: Path) -> None:
    """The interpreter is elsewhere; both folders are mounted noexec."""
    mount = 'mount --bind "$0" "$0" && mount -o remount,bind,noexec "$0" && exec "$@"'
    before = ("/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", mount, tmp_path)
    place = Place(folder=tmp_path, variables={**PLAIN, "TMPDIR": str(tmp_path)}, before=before)
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n", encoding="utf-8")
    script.chmod(0o755)
    result = place.gfplug("new", "sales", place.name, "--org", "acme", "--defaults", "--offline")

    assert run(*before, script, env=PLAIN).code == 126  # so nothing is executed there
    assert result.code == 0, result
    place.asks()


def is_reachable(path: Path) -> bool:
    """Tell whether every user may reach a file or folder, by its path and by the path behind links."""
    folders = {*path.absolute().parents, *path.resolve().parents}
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)


def environment_for_all(folder: Path) -> Path:
    """Make an environment that any user can run, with the tests' packages and without pip."""
    version = f"python3.{sys.version_info[1]}"
    bases = [Path(sys.executable), Path(shutil.which(version, path="/usr/local/bin:/usr/bin") or sys.executable)]
    base = next((base for base in bases if is_reachable(base)), None)
    if base is None or not is_reachable(Path(SITE_PACKAGES)) or not is_reachable(Path(__file__)):
        pytest.skip("no other user can reach these tests and their Python")
    succeed(base, "-m", "venv", "--without-pip", folder)
    link_packages(folder)
    return interpreter_of(folder)


def link_packages(environment: Path) -> None:
    """Give an environment the tests' packages."""
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "tests.pth").write_text(f"import site; site.addsitedir({SITE_PACKAGES!r})\n")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Make a folder that every user can reach; pytest's folders are private."""
    with tempfile.TemporaryDirectory(prefix="gfplug-tests-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_user_without_write_access_can_query_a_project(open_folder: Path) -> None:
    """Home, temporary folder and project are read-only; root becomes nobody for this."""
    python = environment_for_all(open_folder / "venv") if os.getuid() == 0 else Path(sys.executable)
    new_project(open_folder / "sales")
    (open_folder / "home").mkdir()
    for path in [open_folder, *open_folder.rglob("sales/**"), open_folder / "home"]:
        path.chmod(path.stat().st_mode & ~0o222 | 0o444 | (0o111 if path.is_dir() else 0))
    options = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    home = str(open_folder / "home")
    variables = {**PLAIN, "HOME": home, "TMPDIR": home}
    place = Place(folder=open_folder, variables=variables, python=python, options=options)
    try:
        place.asks()
    finally:
        for path in [open_folder, *open_folder.rglob("*")]:
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)


def test_an_environment_that_uv_made_without_pip_serves(tmp_path: Path) -> None:
    """It has the packages, and none of them requires pip."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    if not uv:
        pytest.skip("install gfplug's extra `dev`: uv is missing")
    new_project(tmp_path / "sales")
    folder = tmp_path / "sales/.venv"
    succeed(uv, "venv", "--quiet", "--offline", "--no-config", "--python", sys.executable, folder)
    link_packages(folder)
    place = Place(folder=tmp_path, variables=PLAIN, python=interpreter_of(folder))

    assert not list(folder.glob("lib/python*/site-packages/pip"))
    place.asks()
