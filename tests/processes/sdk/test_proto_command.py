"""`gfplug proto` in a project with generated stubs, and the verification of the project."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from gfplug import cli, files, sdk
from gfplug.project import lock
from gfplug.project.plugin_project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gfplug.sdk import stubs


pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def project(here: Path, generated: stubs.Stubs) -> Project:
    """Make the parts of a project that these tests need, in the current folder."""
    protos = sdk.fetch(sdk.default(), offline=True)
    project = Project(here)
    files.write_tree(project.source, generated.files)
    lock.write(
        project.lock_path,
        lock.Lock(
            sdk_version=str(protos.version),
            sdk_commit=protos.commit,
            source=protos.source,
            proto_sha256=protos.sha256,
            descriptor=generated.descriptor,
            template_version="0.1.0",
            gfplug="",
            tools=generated.tools,
            floors=generated.floors,
            owned=project.owned_digests(),
        ),
    )
    return project


def _relock(project: Project, **changes: object) -> None:
    lock.write(project.lock_path, dataclasses.replace(project.lock, **changes))  # type: ignore[arg-type]  # any field


def _verify_json(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, bool | None]]:
    code = cli.main(["proto", "verify", "--json"])
    report = json.loads(capsys.readouterr().out)
    return code, {check["name"]: check["passed"] for check in report["checks"]}


def test_list_marks_the_release_of_the_current_project(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Any release can be marked."""
    _relock(project, sdk_version="v0.250.0")

    assert cli.main(["proto", "list"]) == 0
    marked = [line for line in capsys.readouterr().out.splitlines() if "this project" in line]
    assert [line.split()[0] for line in marked] == ["v0.250.0"]


def test_show_prints_the_projects_own_proto(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints the file on disk, of any version."""
    project.proto.write_text('syntax = "proto3";\npackage pluginv2;\n')

    assert cli.main(["proto", "show"]) == 0
    assert capsys.readouterr().out == 'syntax = "proto3";\npackage pluginv2;\n'


def test_verify_finds_a_fresh_project_in_order(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """The check covers proto, files, wire, floors and stubs, without a network."""
    assert project.proto.is_file()
    assert cli.main(["proto", "verify"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]

    assert [line.split()[:2] for line in lines] == [
        [name, "ok"] for name in ("proto", "files", "wire", "floors", "stubs")
    ]


def _edit_proto(project: Project) -> None:
    """Write a comment, which changes the file and the generated code, but not the wire."""
    project.proto.write_bytes(project.proto.read_bytes() + b"// mine\n")


def _change_wire(project: Project) -> None:
    """Add a message, and make the lock agree: the index knows the release's wire."""
    project.proto.write_bytes(project.proto.read_bytes() + b"message Mine {}\n")
    _relock(project, proto_sha256=files.sha256_of(project.proto), owned=project.owned_digests())


def _change_stubs(project: Project) -> None:
    """Edit a stub, and make the lock agree: generating the stubs again shows the difference."""
    path = project.source / "pluginv2" / "backend_pb2.py"
    path.write_bytes(path.read_bytes() + b"# mine\n")
    _relock(project, owned=project.owned_digests())


GOOD = dict.fromkeys(("proto", "files", "wire", "floors", "stubs"), True)


@pytest.mark.shows('errors: protobuf: "gencode newer than runtime"')
@pytest.mark.parametrize(
    ("damage", "checks"),
    [
        (_edit_proto, GOOD | {"proto": False, "files": False}),
        (_change_wire, {"proto": True, "files": True, "wire": False}),
        (lambda project: _relock(project, descriptor="sha256:other"), GOOD | {"wire": False}),
        (_change_stubs, GOOD | {"stubs": False}),
        (lambda project: _relock(project, floors={"grpcio": "1.0.0", "protobuf": "7.0.0"}), GOOD | {"floors": False}),
    ],
    ids=["edited proto", "another wire", "another descriptor", "edited stubs", "wrong floors"],
)
def test_verify_reports_each_problem(
    project: Project, capsys: pytest.CaptureFixture[str], damage: Callable[[Project], None], checks: dict[str, bool]
) -> None:
    """Each check is independent, and trusts neither the project nor its lock."""
    damage(project)

    assert _verify_json(capsys) == (5, checks)


@pytest.mark.parametrize("damage", ["edited", "deleted", "added"])
def test_verify_names_changed_stubs(project: Project, capsys: pytest.CaptureFixture[str], damage: str) -> None:
    """The message names each stub and its change."""
    path = project.source / "pluginv2" / ("backend_pb2.py" if damage != "added" else "mine.py")
    path.unlink(missing_ok=True)
    if damage != "deleted":
        path.write_text("# mine\n")

    assert cli.main(["proto", "verify"]) == 5
    assert f"src/pluginv2/{path.name} ({damage})" in capsys.readouterr().out


def test_verify_names_other_generator_versions_and_compares_the_rest(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other generators may write other bytes for the same wire; this is not a failure."""
    _relock(project, tools={**project.lock.tools, "grpcio-tools": "1.2.3"}, floors={"grpcio": "1.2.3"})

    assert cli.main(["proto", "verify"]) == 0
    output = capsys.readouterr().out
    assert output.count("skipped") == 2
    assert "1.2.3 in the lock" in output


def test_verify_without_a_proto_exits_3(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """The hint says how to restore the proto."""
    project.proto.unlink()

    assert cli.main(["proto", "verify"]) == 3
    assert "restore it from version control" in capsys.readouterr().err


def test_verify_works_on_a_project_elsewhere(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The argument may be the project's path, or a folder inside."""
    monkeypatch.chdir(tmp_path)

    assert cli.main(["proto", "verify", str(project.root / "src")]) == 0
    assert "ok" in capsys.readouterr().out


def test_show_json_names_services_and_messages(capsys: pytest.CaptureFixture[str]) -> None:
    """The output is for programs."""
    assert cli.main(["proto", "show", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)

    assert report["services"]["Data"] == ["QueryData", "QueryChunkedData"]
    assert "DataSourceInstanceSettings" in report["messages"]
    assert (report["source"], report["version"]) == ("embedded", "v0.298.0")
