"""A project's environment: made once, kept while nothing changes, and refused with one error if it is unusable."""

from __future__ import annotations

import json
import runpy
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from small_project import PYPROJECT, diary, fake_python

from gfplug import process
from gfplug.errors import ProjectError, ToolError
from gfplug.project.environment import installation, interpreters, uv, venv
from gfplug.stages import Stages

if TYPE_CHECKING:
    from gfplug.project.plugin_project import Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake interpreters are shell scripts")


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let environments be made by a fake interpreter, on a machine without uv."""
    python = fake_python(tmp_path / "tools/python")
    monkeypatch.setattr(sys, "_base_executable", str(python))
    monkeypatch.setattr("shutil.which", lambda _name, **_: None)
    monkeypatch.setattr(interpreters, "on_path", list)
    return python


def commands_of(python: Path) -> list[str]:
    """Return the commands that a fake interpreter got, without probes."""
    return [line for line in diary(python).read_text().splitlines() if "probe.py" not in line]


def test_an_environment_is_made_and_the_project_installed_with_its_build_extra(project: Project, base: Path) -> None:
    """The project's own `.venv` appears, and pip installs the project into it."""
    python = venv.ensure(project, stages=Stages())

    creation, installed = commands_of(base)
    assert python == project.root / ".venv/bin/python"
    assert creation == f"-m venv {project.root}/.venv"
    assert installed.startswith("-m pip install")
    assert installed.endswith(f"--editable {project.root}[build]")


def test_an_unchanged_project_installs_nothing(project: Project, base: Path) -> None:
    """The second build does not change the environment."""
    first = venv.ensure(project, stages=Stages())
    before = commands_of(base)

    assert venv.ensure(project, stages=Stages()) == first
    assert commands_of(base) == before


def test_a_changed_pyproject_installs_again_into_the_same_environment(project: Project, base: Path) -> None:
    """A new dependency is installed; the environment is not made again."""
    venv.ensure(project, stages=Stages())
    (project.root / "pyproject.toml").write_text(PYPROJECT.replace("grpcio>=1.60", "grpcio>=1.70"))
    venv.ensure(project, stages=Stages())

    assert [line.split()[1] for line in commands_of(base)] == ["venv", "pip", "pip"]


def test_a_failed_installation_is_tried_again(project: Project, tmp_path: Path, base: Path) -> None:
    """Only a success is stored; the failure shows pip's last lines."""
    fake_python(base, pip="echo no matching distribution >&2; exit 1")
    with pytest.raises(ToolError, match="installing the project") as caught:
        venv.ensure(project, stages=Stages())

    assert "no matching distribution" in caught.value.details
    fake_python(project.root / ".venv/bin/python")
    assert venv.ensure(project, stages=Stages()) == project.root / ".venv/bin/python"
    assert not list(tmp_path.glob("project/.venv/.gfplug*"))


LOG = "2026-01-01T00:00:00,000   Added {name} from {name}.tar.gz to build tracker\\n"
OWN, GOOD, BAD = (LOG.format(name=name) for name in ("acme-sales[build]", "good", "needs-pg>=2"))


@pytest.mark.parametrize(
    ("complaint", "log", "sentence"),
    [
        ("ERROR: Failed building wheel for odd-thing", "", "^odd-thing has no wheel for this Python"),
        ("  x Failed to build `odd-thing==1.0`", "", "^odd-thing has no wheel for this Python"),
        ("x Getting requirements to build wheel did not run successfully.", OWN + GOOD + BAD, "^needs-pg has no wheel"),
        (
            "x Preparing editable metadata (pyproject.toml) did not run successfully.",
            OWN,
            "installing the project into",
        ),
    ],
    ids=["pip", "uv", "a build that never began", "the project's own metadata"],
)
def test_a_dependency_that_cannot_be_built_is_named(
    project: Project, base: Path, complaint: str, log: str, sentence: str
) -> None:
    """If pip's output lacks the name, its log has it; a message about the project itself names no package."""
    write = f"printf '{log}' > {project.root}/.venv/pip.log; " if log else ""
    fake_python(base, pip=f"{write}echo '{complaint}' >&2; exit 1")
    with pytest.raises(ToolError, match=sentence) as caught:
        venv.ensure(project, stages=Stages())

    assert complaint.strip() in caught.value.details


def test_uv_is_used_if_it_is_installed(
    project: Project, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes the environment with the same interpreter and installs into it, even if it can't write a lock."""
    lines = [
        "#!/bin/sh",
        '[ "$2" = compile ] && exit 1',
        f'echo "$*" >> {tmp_path}/uv.diary',
        "for last; do :; done",
        f'[ "$1" = venv ] && exec {base} -m venv "$last"',
        "exit 0",
    ]
    program = tmp_path / "tools/uv"
    program.write_text("\n".join(lines))
    program.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda _name, **_: str(program))

    venv.ensure(project, stages=Stages())

    assert (tmp_path / "uv.diary").read_text().splitlines() == [
        f"venv --quiet --python {base} {project.root}/.venv",
        f"pip install --quiet --python {project.root}/.venv/bin/python --editable {project.root}[build]",
    ]


def test_uv_beside_gfplug_is_used_without_an_activated_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gfplug finds uv in its own folder; a uv on the PATH comes first."""
    beside, on_path = (tmp_path / name / "uv" for name in ("beside", "path"))
    for program in (beside, on_path):
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    monkeypatch.setattr(uv, "OWN_PROGRAMS", str(beside.parent))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert uv.program() == str(beside)

    monkeypatch.setenv("PATH", str(on_path.parent))
    assert uv.program() == str(on_path)

    on_path.unlink()
    beside.unlink()
    assert uv.program() == ""


@pytest.mark.usefixtures("base")
def test_a_new_environment_has_the_runtimes_wheel_from_one_installation(project: Project) -> None:
    """It is installed again only into an existing environment, which may have another project's of this version."""
    (project.root / "vendor").mkdir(exist_ok=True)
    wheel = project.root / "vendor" / "gfruntime-1.0-py3-none-any.whl"
    wheel.write_bytes(b"")
    python = project.root / ".venv/bin/python"
    installation.install(project, python.parents[1], interpreter=fake_python(python), is_new=True)
    first = commands_of(python)
    installation.install(project, python.parents[1], interpreter=python, is_new=False)
    second = commands_of(python)[len(first) :]

    assert [str(wheel) in command for command in first] == [False]
    assert [str(wheel) in command for command in second] == [False, True]


def test_a_broken_environment_is_replaced(project: Project, base: Path) -> None:
    """A `.venv` whose interpreter is gone is replaced."""
    (project.root / ".venv").mkdir()
    (project.root / ".venv/pyvenv.cfg").write_text("")
    (project.root / ".venv/half").write_text("")

    venv.ensure(project, stages=Stages())

    assert not (project.root / ".venv/half").exists()
    assert commands_of(base)[0].startswith("-m venv")


@pytest.mark.usefixtures("base")
def test_a_folder_that_is_not_an_environment_stays(project: Project) -> None:
    """Files that the user keeps in `.venv` are not removed."""
    (project.root / ".venv").mkdir()
    (project.root / ".venv/precious").write_text("")
    with pytest.raises(ToolError, match="not a virtual environment"):
        venv.ensure(project, stages=Stages())

    assert (project.root / ".venv/precious").exists()


REPORT = '{{"version": {}, "libpython": {}, "free_threaded": false, "missing": {}}}'
FREE_THREADED = '{"version": [3, 13, 1], "libpython": true, "free_threaded": true, "missing": []}'
STATIC = REPORT.format("[3, 12, 1]", "false", "[]")


def test_another_python_makes_the_environment_if_ours_is_static(
    project: Project, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gfplug's own Python is not used."""
    fake_python(base, report=STATIC)
    other = fake_python(tmp_path / "other/python3.12")
    monkeypatch.setattr(interpreters, "on_path", lambda: [other])
    venv.ensure(project, stages=Stages())

    assert commands_of(other)[0] == f"-m venv {project.root}/.venv"
    assert commands_of(base) == []


@pytest.mark.parametrize("report", [STATIC, FREE_THREADED])
def test_gfplugs_environment_is_replaced_if_its_python_can_build_no_plugin(
    project: Project, base: Path, report: str
) -> None:
    """For example, the package with libpython was removed; a build replaces it if there is a usable Python."""
    venv.ensure(project, stages=Stages())
    fake_python(project.root / ".venv/bin/python", report=report)
    (project.root / ".venv/old").write_text("")
    venv.ensure(project, stages=Stages())

    assert not (project.root / ".venv/old").exists()
    assert [line.split()[1] for line in commands_of(base)] == ["venv", "pip", "venv", "pip"]


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("report", "defect"), [(STATIC, "no shared libpython"), (FREE_THREADED, "is free-threaded")], ids=["static", "free"]
)
def test_the_users_environment_is_not_replaced(project: Project, report: str, defect: str) -> None:
    """An unusable Python in it is reported, with the remedy."""
    python = fake_python(project.root / ".venv/bin/python", report=report)
    with pytest.raises(ToolError, match=rf"{defect}.* gfplug did not create this environment") as caught:
        venv.ensure(project, stages=Stages())

    assert caught.value.hint.startswith(f"remove {project.root}/.venv: ")
    assert python.exists()


def test_a_named_interpreter_is_used_as_it_is(project: Project, tmp_path: Path) -> None:
    """`--python` installs nothing, and keeps the path of a virtual environment's link."""
    python = fake_python(tmp_path / "real/python")
    link = tmp_path / "python3"
    link.symlink_to(python)

    assert venv.ensure(project, python=link, stages=Stages()) == link
    assert commands_of(python) == []


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (REPORT.format("[3, 9, 2]", "true", "[]"), r"is Python 3\.9\.2; a plugin needs 3\.11 or newer"),
        (STATIC, r"^Python 3\.12\.1 at \S+ has no shared libpython; it cannot build a plugin"),
        (
            FREE_THREADED,
            r"^Python 3\.13\.1t at \S+ is free-threaded, and grpcio has no wheels for such builds; it cannot",
        ),
        (REPORT.format("[3, 12, 1]", "true", '["grpcio", "msgspec"]'), "lacks grpcio, msgspec"),
        ("hello", "is not a Python interpreter"),
        (None, "no Python interpreter at .*python$"),
    ],
)
def test_an_interpreter_that_cannot_serve_is_refused(
    project: Project, tmp_path: Path, report: str | None, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each defect is one sentence; the hint installs what is missing."""
    monkeypatch.setattr("shutil.which", lambda _name, **_: None)
    python = tmp_path / "python" if report is None else fake_python(tmp_path / "python", report=report)
    with pytest.raises(ToolError, match=sentence) as caught:
        venv.ensure(project, python=python, stages=Stages())

    if sentence.startswith("lacks"):
        assert caught.value.hint == f"install it: {python} -m pip install -e '{project.root}[build]'"


def test_the_hint_for_a_missing_package_uses_uv_if_it_is_installed(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment that uv made has no pip."""
    monkeypatch.setattr("shutil.which", lambda name, **_: f"/usr/bin/{name}")
    python = fake_python(tmp_path / "python", report=REPORT.format("[3, 12, 1]", "true", '["grpcio"]'))
    with pytest.raises(ToolError, match="lacks grpcio") as caught:
        venv.ensure(project, python=python, stages=Stages())

    assert caught.value.hint == f"install it: uv pip install --python {python} -e '{project.root}[build]'"


def test_conditional_requirements_are_not_asked_for(project: Project) -> None:
    """A requirement with a marker may be absent; the runtime and PyInstaller are always needed."""
    assert venv.requirements(project) == ("grpcio", "pyinstaller", "gfruntime==0.1.0")


@pytest.mark.parametrize("text", ["[project", "[project]\ndependencies = 3\n", "project = 3\n"])
def test_a_broken_pyproject_is_named(project: Project, text: str) -> None:
    """The error names the file."""
    (project.root / "pyproject.toml").write_text(text)
    with pytest.raises(ProjectError, match=r"pyproject\.toml"):
        venv.requirements(project)


def test_the_probe_lists_missing_packages_of_a_real_interpreter() -> None:
    """The real probe runs in a real interpreter, and lists distributions by name and modules by import path."""
    here = Path(sys.executable)
    report = interpreters.probe(here, distributions=["grpcio", "no-such-thing"])
    assert report.version == sys.version_info[:3]
    assert report.missing == ("no-such-thing",)
    assert interpreters.probe(here, modules=["json.decoder", "json.nothing", "nothing.at.all"]).missing == (
        "json.nothing",
        "nothing.at.all",
    )


@pytest.mark.parametrize("value", [0, 1, None])
def test_the_probe_recognises_a_free_threaded_build(
    value: int | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before 3.13 no build reports this."""
    real = sysconfig.get_config_var
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: value if name == "Py_GIL_DISABLED" else real(name))
    runpy.run_path(str(Path(interpreters.__file__).with_name("probe.py")))["main"]("modules", [])

    assert json.loads(capsys.readouterr().out)["free_threaded"] is bool(value)


def test_pythonpath_does_not_reach_the_projects_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    """PYTHONPATH of this shell must not reach the project's interpreter; other variables do."""
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example")

    passed = interpreters.clean_environment()
    assert "PYTHONPATH" not in passed
    assert passed["PIP_INDEX_URL"] == "https://mirror.example"


def test_an_interpreter_writes_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code page does not matter: gfplug reads UTF-8, and shows the paths that pip or PyInstaller names."""
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    command = [sys.executable, "-c", "print('Büro 測試')"]

    assert process.run(command, env=interpreters.clean_environment()) == "Büro 測試\n"
