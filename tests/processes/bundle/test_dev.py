"""`gfplug dev`: the files that it writes into dist/, and the files that a failure does not change."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gfplug import files
from gfplug.bundle import dev
from gfplug.bundle.frontend import linker
from gfplug.cli import main
from gfplug.errors import ProjectError
from gfplug.host.target import go_platform

if TYPE_CHECKING:
    from gfplug.project.plugin_project import Project

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the fake interpreters are shell scripts"),
    pytest.mark.usefixtures("_linked"),
]


def test_dist_equals_that_of_a_build_except_for_the_executable(project: Project, python: Path) -> None:
    """Grafana finds plugin.json with a real version, module.js, the logo, and one executable."""
    prepared = dev.prepare(project, python=python)

    names = {path.relative_to(prepared.folder).as_posix() for path in files.entries(prepared.folder)}
    assert prepared.executable.name == f"gpx_sales_{go_platform()}"
    generated_files = {"module.js", "plugin.json", "schema/v0alpha1.json", prepared.executable.name}
    assert names == {"README.md", "img/logo.svg", *generated_files}
    assert json.loads((prepared.folder / "plugin.json").read_text())["info"]["version"] == "1.2.3"
    assert prepared.executable.stat().st_mode & 0o777 == 0o755
    assert str(project.source) in prepared.executable.read_text()


def test_a_failure_leaves_the_old_dist(project: Project, python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed build also leaves it."""
    dev.prepare(project, python=python)

    def fail(*_: object) -> str:
        raise ProjectError("no form")

    monkeypatch.setattr(linker, "link_module", fail)
    before = (project.dist / "module.js").read_bytes()
    with pytest.raises(ProjectError, match="no form"):
        dev.prepare(project, python=python)
    assert (project.dist / "module.js").read_bytes() == before


def test_the_command_prints_the_setting_that_grafana_needs(
    project: Project, python: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The result is the folder; the allow-list line names the plugin."""
    assert main(["dev", str(project.root), "--python", str(python)]) == 0

    output = capsys.readouterr()
    assert output.out.strip() == str(project.dist)
    assert "GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS=acme-sales-datasource" in output.err
    assert "reloaded (pid" in output.err


def test_a_reload_links_module_js_alone(
    project: Project, python: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The launcher contains the command, which writes only this file, and never into a bundle that was built since."""
    prepared = dev.prepare(project, python=python)
    relink = json.loads(dev.relink_command(project, python))
    assert json.dumps(relink, sort_keys=True) in prepared.executable.read_text()
    before = {path: path.read_bytes() for path in files.entries(prepared.folder)}
    monkeypatch.setattr(linker, "link_module", lambda _project, _schema: "define([1]);\n")

    assert main(relink["command"][3:]) == 0
    names = [path.name for path in files.entries(prepared.folder) if before.get(path) != path.read_bytes()]
    assert (names, capsys.readouterr().out.strip()) == (["module.js"], relink["module"])

    (project.dist / "_internal_linux_amd64").mkdir()
    monkeypatch.setattr(linker, "link_module", lambda _project, _schema: "define([2]);\n")
    assert main(relink["command"][3:]) == 0
    assert (project.dist / "module.js").read_text() == "define([1]);\n"


def test_attach_shows_the_command_to_start_by_hand(
    project: Project, python: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The launcher logs the same command."""
    words = ["dev", str(project.root), "--python", str(python), "--attach", "--address", "127.0.0.1:40001"]
    assert main(words) == 0

    command = "GF_PLUGIN_GRPC_ADDRESS_ACME_SALES_DATASOURCE=127.0.0.1:40001"
    assert command in capsys.readouterr().err
    assert command in next(project.dist.glob("gpx_sales_*")).read_text()


def test_commands_on_windows_are_a_junction_and_a_powershell_line(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are a junction, which needs no special rights, and a line for PowerShell; quotes in a path are escaped."""
    monkeypatch.setattr(sys, "platform", "win32")
    line = dev.command_by_hand(project, Path("C:/it's mine/python.exe"), "127.0.0.1:40001")
    assert line == (
        "$env:GF_PLUGIN_GRPC_ADDRESS_ACME_SALES_DATASOURCE='127.0.0.1:40001'; "
        f"$env:PYTHONPATH='{project.source}'; & 'C:/it''s mine/python.exe' -m plugin -standalone"
    )
    link = dev.link_command(Path("C:/my plugins/dist"), "acme-sales-datasource")
    assert link == r'cmd /c mklink /J "<plugins>\acme-sales-datasource" "C:/my plugins/dist"'


def test_a_plugin_for_other_machines_is_started_with_a_flag(
    project: Project, python: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the flag nothing is written; with it, the printed command has the runtime's flag."""
    words = ["dev", str(project.root), "--python", str(python), "--attach", "--address", "0.0.0.0:40001"]

    assert main(words) == 2
    assert "add --allow-remote" in capsys.readouterr().err
    assert not project.dist.exists()
    assert main([*words, "--allow-remote"]) == 0
    assert "-m plugin -standalone -allow-remote" in capsys.readouterr().err


def test_a_bad_address_changes_nothing(project: Project, python: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is a usage error, before anything is written."""
    assert main(["dev", str(project.root), "--python", str(python), "--attach", "--address", "here"]) == 2
    assert "'here' is not host:port" in capsys.readouterr().err
    assert not project.dist.exists()
