"""`gfplug proto`: what it prints, on which stream, and its exit codes; and the verification of a project."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest
from small_project import LOCK

from gfplug import cli, files, sdk
from gfplug.project import lock
from gfplug.project.plugin_project import Project
from gfplug.sdk import stubs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Stand in an empty folder, without a network."""
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "mod"))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


@pytest.fixture(scope="module")
def generated() -> stubs.Stubs:
    """Generate the stubs once."""
    return stubs.generate(sdk.fetch(sdk.default(), offline=True))


@pytest.fixture
def project(here: Path, generated: stubs.Stubs) -> Project:
    """Make the part of a project that matters here, in the current folder."""
    protos = sdk.fetch(sdk.default(), offline=True)
    made = Project(here)
    files.write_tree(made.source, generated.files)
    locked = dataclasses.replace(
        LOCK,
        sdk_version=str(protos.version),
        sdk_commit=protos.commit,
        proto_sha256=protos.sha256,
        descriptor=generated.descriptor,
        tools=generated.tools,
        floors=generated.floors,
        owned=made.owned_digests(),
    )
    lock.write(made.lock_path, locked)
    return made


def _relock(project: Project, **changes: object) -> None:
    lock.write(project.lock_path, dataclasses.replace(project.lock, **changes))  # type: ignore[arg-type]  # any field


def _verify_json(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, bool | None]]:
    code = cli.main(["proto", "verify", "--json"])
    found = json.loads(capsys.readouterr().out)
    return code, {check["name"]: check["passed"] for check in found["checks"]}


def test_list_names_the_default_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Newest first, one line each, a heading above."""
    assert cli.main(["proto", "list"]) == 0
    head, first, *_ = capsys.readouterr().out.splitlines()

    assert head.split("  ")[0] == "VERSION"
    assert first.split() == [str(sdk.default()), "2026-10-26", "-", "default,", "embedded"]


def test_list_as_json_holds_the_facts(capsys: pytest.CaptureFixture[str]) -> None:
    """For programs: every release, with what is known of it."""
    assert cli.main(["proto", "list", "--json"]) == 0
    found = {release["version"]: release for release in json.loads(capsys.readouterr().out)}

    assert found["v0.298.0"]["default"]
    assert found["v0.291.0"]["embedded"]
    assert "v0.298.0" in found["v0.291.0"]["same_wire"]
    assert "v0.298.0" not in found["v0.97.0"]["same_wire"]
    assert not any(release["project"] for release in found.values())


def test_list_marks_what_the_project_here_uses(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever release that is."""
    _relock(project, sdk_version="v0.250.0")

    assert cli.main(["proto", "list"]) == 0
    marked = [line for line in capsys.readouterr().out.splitlines() if "this project" in line]
    assert [line.split()[0] for line in marked] == ["v0.250.0"]


def test_list_remote_asks_the_configured_source(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A release nobody knew is shown, and said to be unknown."""
    folder = tmp_path / "proxy" / "github.com/grafana/grafana-plugin-sdk-go/@v"
    folder.mkdir(parents=True)
    (folder / "list").write_text("v0.999.0\n")
    monkeypatch.setenv("GOPROXY", (tmp_path / "proxy").as_uri())

    assert cli.main(["proto", "list", "--remote"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["v0.999.0", "-", "-", "not", "in", "the", "index"]


def test_list_remote_without_a_network_exits_4(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing on stdout, the reason on stderr."""
    assert cli.main(["proto", "list", "--remote"]) == 4
    shown = capsys.readouterr()

    assert shown.out == ""
    assert "GOPROXY=off forbids the network" in shown.err


def test_show_prints_the_proto(capsys: pytest.CaptureFixture[str]) -> None:
    """The default's, outside a project; what is printed can be given to --from."""
    assert cli.main(["proto", "show"]) == 0
    printed = capsys.readouterr().out

    assert printed.encode() == sdk.fetch(sdk.default(), offline=True).text


def test_show_prints_the_projects_own_proto(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """As it is on disk, whichever version that is."""
    project.proto.write_text('syntax = "proto3";\npackage pluginv2;\n')

    assert cli.main(["proto", "show"]) == 0
    assert capsys.readouterr().out == 'syntax = "proto3";\npackage pluginv2;\n'


def test_show_descriptor_prints_the_digest_only(capsys: pytest.CaptureFixture[str]) -> None:
    """Two releases with one digest speak one wire."""
    assert cli.main(["proto", "show", "v0.291.0", "--descriptor"]) == 0
    old = capsys.readouterr().out
    assert cli.main(["proto", "show", "v0.298.0", "--descriptor"]) == 0

    assert capsys.readouterr().out == old
    assert old.startswith("sha256:")


def test_show_json_names_services_and_messages(capsys: pytest.CaptureFixture[str]) -> None:
    """Facts for programs."""
    assert cli.main(["proto", "show", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert found["services"]["Data"] == ["QueryData", "QueryChunkedData"]
    assert "DataSourceInstanceSettings" in found["messages"]
    assert (found["source"], found["version"]) == ("embedded", "v0.298.0")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["newest"], 2, "is not a release of the Go SDK"),
        (["v0.298"], 2, "is not a release of the Go SDK"),
        (["v0.96.0"], 7, "too old"),
        (["v0.250.0"], 4, "GOPROXY=off forbids the network"),
        (["v0.250.0", "--offline"], 4, "not on this machine"),
        (["--from", "missing"], 4, "missing does not exist"),
        (["--from", "page.html"], 5, "is a web page"),
    ],
)
def test_each_failure_has_its_exit_code(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    """What was typed, what is too old, what can not be had, what is not what it claims to be."""
    (here / "page.html").write_text("<!doctype html><p>sign in")

    assert cli.main(["proto", "show", *arguments]) == code
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""


def test_verify_finds_a_fresh_project_in_order(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Proto, files, wire, floors and stubs; without a network."""
    assert project.proto.is_file()
    assert cli.main(["proto", "verify"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]

    assert [line.split()[:2] for line in lines] == [
        [name, "ok"] for name in ("proto", "files", "wire", "floors", "stubs")
    ]


def test_verify_outside_a_project_exits_3(capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to verify."""
    assert cli.main(["proto", "verify"]) == 3
    assert "is not in a gfplug project" in capsys.readouterr().err


def test_verify_tells_an_edited_proto(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """A comment changes the file and the code made of it, not the wire."""
    project.proto.write_bytes(project.proto.read_bytes() + b"// mine\n")

    code, checks = _verify_json(capsys)

    assert code == 5
    assert checks == {"proto": False, "files": False, "wire": True, "floors": True, "stubs": True}


def test_verify_tells_another_wire(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Even when the lock was made to agree with the file: the index knows the release's wire."""
    project.proto.write_bytes(project.proto.read_bytes() + b"message Mine {}\n")
    _relock(project, proto_sha256=files.sha256_of(project.proto), owned=project.owned_digests())

    code, checks = _verify_json(capsys)

    assert code == 5
    assert checks == {"proto": True, "files": True, "wire": False}


@pytest.mark.parametrize(
    ("name", "changes"),
    [("wire", {"descriptor": "sha256:other"}), ("floors", {"floors": {"grpcio": "1.0.0", "protobuf": "7.0.0"}})],
)
def test_verify_tells_a_lock_that_is_wrong(
    project: Project, capsys: pytest.CaptureFixture[str], name: str, changes: dict[str, object]
) -> None:
    """The lock is not believed either: a project that installs an older grpcio would not start."""
    _relock(project, **changes)
    code, checks = _verify_json(capsys)

    assert (code, checks[name]) == (5, False)


@pytest.mark.parametrize("damage", ["edited", "deleted", "added"])
def test_verify_tells_changed_stubs(project: Project, capsys: pytest.CaptureFixture[str], damage: str) -> None:
    """Named with what happened to them."""
    path = project.source / "pluginv2" / ("backend_pb2.py" if damage != "added" else "mine.py")
    path.unlink(missing_ok=True)
    if damage != "deleted":
        path.write_text("# mine\n")

    assert cli.main(["proto", "verify"]) == 5
    assert f"src/pluginv2/{path.name} ({damage})" in capsys.readouterr().out


def test_verify_tells_stubs_that_only_the_lock_believes_in(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Edited and locked again: generating anew finds out."""
    path = project.source / "pluginv2" / "backend_pb2_grpc.py"
    path.write_bytes(path.read_bytes() + b"# mine\n")
    _relock(project, owned=project.owned_digests())

    code, checks = _verify_json(capsys)

    assert code == 5
    assert checks == {"proto": True, "files": True, "wire": True, "floors": True, "stubs": False}


def test_verify_with_other_tools_says_which_and_compares_the_rest(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other generators may write other bytes for the same wire: that is no failure."""
    _relock(project, tools={**project.lock.tools, "grpcio-tools": "1.2.3"}, floors={"grpcio": "1.2.3"})

    assert cli.main(["proto", "verify"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("skipped") == 2
    assert "1.2.3 in the lock" in shown


def test_verify_without_a_proto_exits_3(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """The hint says where to get it back."""
    project.proto.unlink()

    assert cli.main(["proto", "verify"]) == 3
    assert "restore it from version control" in capsys.readouterr().err


def test_verify_works_on_a_project_elsewhere(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A path may be given, also of a folder inside."""
    monkeypatch.chdir(tmp_path)

    assert cli.main(["proto", "verify", str(project.root / "src")]) == 0
    assert "ok" in capsys.readouterr().out
