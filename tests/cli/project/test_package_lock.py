"""The lock of a project's packages: the calls to uv, the content of the file, and its use by a build."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gfplug import process
from gfplug.checks import check
from gfplug.errors import ProjectError, ToolError
from gfplug.project.environment import package_lock, uv, venv
from gfplug.project.plugin_project import Project

HASH = "a" * 64
MORE = """\
dev = ["pytest>=8"]
[build-system]
requires = ["hatchling>=1.27"]
"""


def pin(name: str) -> str:
    """Write a requirement in uv's form."""
    return f"{name}==1.0 \\\n    --hash=sha256:{HASH} \\\n    --hash=sha256:{HASH}\n"


class Uv:
    """Records calls to uv, and answers with the packages of each extra, or with an error."""

    def __init__(self) -> None:
        """Answer without an error at first."""
        self.calls: list[list[str]] = []
        self.error = ""
        self.packages = {"build": pin("grpcio") + pin("pyinstaller"), "dev": pin("pytest")}

    def run(self, command: Sequence[str], **_options: Any) -> str:
        """Replace `process.run`."""
        words = [str(word) for word in command]
        self.calls.append(words)
        if self.error:
            raise ToolError("uv failed", details=self.error)
        extras = [words[place + 1] for place, word in enumerate(words) if word == "--extra"]
        output = Path(words[words.index("--output-file") + 1])
        output.write_text("# by uv\n" + "".join(self.packages[extra] for extra in extras), encoding="utf-8")
        return ""


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch, project: Project) -> Uv:
    """Install the fake uv; the project has tests and a build backend."""
    tool = Uv()
    monkeypatch.setattr(uv, "program", lambda: "uv")
    monkeypatch.setattr(process, "run", tool.run)
    with (project.root / "pyproject.toml").open("a", encoding="utf-8") as stream:
        stream.write(MORE)
    return tool


def require(project: Project, line: str) -> None:
    """Add a dependency to the project."""
    path = project.root / "pyproject.toml"
    path.write_text(path.read_text().replace('dependencies = ["', f'dependencies = ["{line}", "'))


def test_a_build_installs_its_part_of_the_lock_with_checksums(project: Project, tool: Uv) -> None:
    """Packages that only tests need come after the second heading."""
    assert package_lock.packages(project) is None
    assert package_lock.write(project)
    packages, text = package_lock.packages(project), package_lock.path_of(project).read_text()

    assert packages == package_lock.Packages(pin("grpcio") + pin("pyinstaller"), ())
    assert text.index("grpcio==") < text.index("# ---- for tests and checks") < text.index("pytest==")
    assert [line for line in text.splitlines() if "://" in line] == []
    assert len(tool.calls) == 2


def test_uv_resolves_for_every_platform_from_the_oldest_python(project: Project, tool: Uv) -> None:
    """The build's packages have the same versions as in the whole lock; the project is in neither."""
    text = (project.root / "pyproject.toml").read_text()
    (project.root / "pyproject.toml").write_text(text.replace("[project]\n", '[project]\nrequires-python = ">=3.12"\n'))
    (project.root / "vendor").mkdir()
    (project.root / "vendor" / "gfruntime-0.1.0-py3-none-any.whl").touch()
    package_lock.write(project)
    everything, build = tool.calls

    assert {"--universal", "--generate-hashes"} <= {*everything} & {*build}
    assert everything[everything.index("--python-version") + 1] == "3.12"
    assert [everything[place + 1] for place, word in enumerate(everything) if word == "--no-emit-package"] == [
        "acme-sales-datasource",
        "gfruntime",
    ]
    assert build[build.index("--constraint") + 1] == everything[everything.index("--output-file") + 1]
    assert everything[-1].endswith("backend.in")


def test_an_upgrade_builds_no_package(project: Project, tool: Uv) -> None:
    """Neither a package's build backend nor the Python of `.venv` runs, and uv's cache is a temporary folder."""
    package_lock.write(project, may_build=False)

    assert [[word in call for word in ("--no-build", "--no-cache", sys.executable)] for call in tool.calls] == [
        [True, True, True],
        [True, True, True],
    ]


@pytest.mark.usefixtures("tool")
def test_changed_requirements_make_the_lock_out_of_date(project: Project) -> None:
    """Then a build does not use it, and `check` says so; the project's version is not a requirement."""
    package_lock.write(project)
    path = project.root / "pyproject.toml"
    path.write_text(path.read_text().replace('version = "1.2.3"', 'version = "1.2.4"'))
    assert package_lock.is_current(project)
    require(project, "httpx")

    assert package_lock.packages(project) is None
    assert "package-lock" in {each.rule for each in check.check(project.root, is_static=True).findings}
    package_lock.refresh(project)
    assert package_lock.is_current(project)
    assert "package-lock" not in {each.rule for each in check.check(project.root, is_static=True).findings}


def test_versions_stay_until_an_upgrade_is_requested(
    project: Project, tool: Uv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that uv overwrites has the present versions, and uv keeps them."""
    seeds: list[str] = []
    run = tool.run

    def record(command: Sequence[str], **options: Any) -> str:
        output = Path(command[[*command].index("--output-file") + 1])
        seeds.append(output.read_text() if output.exists() else "")
        return run(command, **options)

    monkeypatch.setattr(process, "run", record)
    package_lock.write(project)
    assert not package_lock.write(project)
    assert not package_lock.write(project, newest=True)

    assert ["pytest==1.0" in seed for seed in seeds] == [False, False, True, False, False, False]


def test_without_uv_or_an_index_the_build_continues(
    project: Project, tool: Uv, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A message says why the lock is missing."""
    with caplog.at_level(logging.INFO, logger="gfplug"):
        tool.error = "  No solution found\n  because there is no httpx\n"
        package_lock.refresh(project)
        monkeypatch.setattr(uv, "program", lambda: "")
        package_lock.refresh(project)

    assert not package_lock.path_of(project).exists()
    assert "No solution found because there is no httpx" in caplog.messages[0]
    assert "pip install uv" in caplog.messages[1]


def test_a_local_folder_is_not_written_into_the_lock(project: Project, tool: Uv) -> None:
    """Other machines do not have it."""
    tool.packages["dev"] += "mine @ file:///home/me/mine\n"
    with pytest.raises(ToolError, match="path of this machine"):
        package_lock.write(project)

    assert not package_lock.path_of(project).exists()


def test_an_address_without_a_checksum_is_installed_separately(project: Project, tool: Uv) -> None:
    """A commit of a repository has none, so it cannot be among packages with checksums."""
    address = "mine @ git+https://example.com/mine@0123456789abcdef"
    tool.packages["build"] += f"{address}\n"
    package_lock.write(project)

    assert package_lock.packages(project) == package_lock.Packages(pin("grpcio") + pin("pyinstaller"), (address,))


@pytest.mark.usefixtures("tool")
@pytest.mark.parametrize("line", ["--index-url https://example.com/", "-r other.txt", "    --no-binary=grpcio", "a>=1"])
def test_a_line_that_is_not_a_pin_is_refused(project: Project, line: str) -> None:
    """A lock may be untrusted: none of its options reach an installer."""
    package_lock.write(project)
    path = package_lock.path_of(project)
    path.write_text(path.read_text().replace("grpcio==", f"{line}\ngrpcio=="))

    with pytest.raises(ProjectError, match="is not a requirement"):
        package_lock.packages(project)


def test_a_changed_lock_is_installed_by_the_next_build(project: Project, tool: Uv) -> None:
    """The environment records which lock it was installed from."""
    package_lock.write(project)
    stamp = venv._stamp(project)
    tool.packages["build"] = pin("grpcio-tools")
    package_lock.write(project)

    assert venv._stamp(project) != stamp
