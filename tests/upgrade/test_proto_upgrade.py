"""`gfplug proto upgrade`: the changes for the project, a rehearsal first, then all files or none."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from commands import commit, git, succeed
from older import contents
from releases import embedded, with_less, with_more

from gfplug import cli, sdk
from gfplug.errors import CompatError, FetchError, IntegrityError, ProjectError, ToolError
from gfplug.project.plugin_project import Project
from gfplug.sdk import SdkVersion, verify
from gfplug.upgrades import proto_upgrade
from gfplug.upgrades.proto_upgrade import ProtoUpgradeRequest

NEWER, NEWEST = SdkVersion(0, 299, 0), SdkVersion(0, 300, 0)
PYTHON = Path(sys.executable)
FIELD_TEST = """from pluginv2 import backend_pb2


def test_field() -> None:
    assert "reg" + "ion" in backend_pb2.PluginContext.DESCRIPTOR.fields_by_name
"""
pytestmark = pytest.mark.usefixtures("offline")
USES = "from pluginv2 import backend_pb2\n\nCONTEXT = backend_pb2.PluginContext(namespace='x')\n"


def write_proto(folder: Path, text: str) -> Path:
    """Write a proto for `--from`."""
    path = folder / "given.proto"
    path.write_text(text, encoding="utf-8")
    return path


def request(version: SdkVersion, source: Path | None = None, **options: object) -> ProtoUpgradeRequest:
    """Make a request for a release, by default offline and without tests."""
    choices = {"offline": True, "with_tests": False, **options}
    return ProtoUpgradeRequest(version=version, source=source, **choices)  # type: ignore[arg-type]  # the test's own words


def test_the_report_of_a_newer_release_lists_its_additions(current: Project, tmp_path: Path) -> None:
    """Fields and calls are listed, stubs and lock are the new ones, and the project verifies."""
    upgraded = proto_upgrade.upgrade(current, request(NEWER, write_proto(tmp_path, with_more())))

    assert [(change.level, change.path) for change in upgraded.changes] == [
        ("additive", "Data/QueryFast"),
        ("additive", "PluginContext.region"),
    ]
    assert verify.verify(current).problems == []
    assert current.lock.sdk_version == "v0.299.0"
    assert "QueryFast" in (current.source / "pluginv2" / "backend_pb2.py").read_text()


def test_an_upgrade_in_steps_gives_the_same_bytes(current: Project, tmp_path: Path) -> None:
    """Steps through other releases, also back and forth, end with the same files as one upgrade."""
    other = Project(shutil.copytree(current.root, tmp_path / "other"))
    more, less = write_proto(tmp_path, with_more()), tmp_path / "less.proto"
    less.write_text(with_less(), encoding="utf-8")
    for version, source in [(NEWER, more), (NEWEST, less), (sdk.default(), None), (NEWER, more)]:
        proto_upgrade.upgrade(current, request(version, source))
    proto_upgrade.upgrade(other, request(NEWER, more))

    assert contents(current.root) == contents(other.root)


def test_an_upgrade_and_a_downgrade_give_the_same_project(current: Project, tmp_path: Path) -> None:
    """A downgrade reports the losses; then the project is as `gfplug new` made it."""
    before = contents(current.root)
    proto_upgrade.upgrade(current, request(NEWER, write_proto(tmp_path, with_more())))
    upgraded = proto_upgrade.upgrade(current, request(sdk.default()))

    assert upgraded.is_back
    assert [change.kind for change in upgraded.changes] == ["rpc-removed", "field-removed"]
    assert contents(current.root) == before


def test_the_same_wire_changes_no_stub(current: Project) -> None:
    """Releases with the same protocol differ only in the lock."""
    upgraded = proto_upgrade.upgrade(current, request(SdkVersion(0, 296, 3)))

    assert upgraded.changes == ()
    assert upgraded.files == {"gfplug.lock": "changed"}


def test_an_upgrade_to_the_current_release_changes_nothing(
    current: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """No file is written, and the command says so."""
    before = contents(current.root)

    assert cli.main(["proto", "upgrade", str(current.root), "--offline"]) == 0
    assert f"Already at SDK {sdk.default()}" in capsys.readouterr().err
    assert contents(current.root) == before


def test_lines_of_the_project_that_use_changed_names_are_listed(
    current: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report names the lines that use changed names; a use of a removed name stops the upgrade with exit code 7."""
    (current.source / "plugin" / "uses.py").write_text(USES)
    before = contents(current.root)
    words = [
        "proto",
        "upgrade",
        str(current.root),
        "--to",
        "v0.299.0",
        "--from",
        str(write_proto(tmp_path, with_less())),
    ]

    assert cli.main([*words, "--no-tests"]) == 7
    errors = capsys.readouterr().err
    assert "field PluginContext.namespace (number 10) was removed" in errors
    assert "src/plugin/uses.py:3" in errors
    assert contents(current.root) == before
    assert cli.main([*words, "--no-tests", "--force"]) == 0
    assert "used in src/plugin/uses.py:3" in capsys.readouterr().err


def test_the_projects_tests_run_first(current: Project, tmp_path: Path) -> None:
    """They run in a copy that has the new stubs; the project changes only if they pass."""
    test = current.root / "tests" / "test_stubs.py"
    test.write_text(FIELD_TEST)
    for other in (current.root / "tests").glob("test_datasource*"):
        other.unlink()
    source = write_proto(tmp_path, with_more())
    upgraded = proto_upgrade.upgrade(current, request(NEWER, source, with_tests=True, python=PYTHON))
    assert upgraded.tests == "passed"
    before = contents(current.root)

    with pytest.raises(ToolError, match="the project's tests, with the new stubs, failed with exit code 1") as caught:
        proto_upgrade.upgrade(current, request(sdk.default(), with_tests=True, python=PYTHON))
    assert "test_stubs.py" in caught.value.details
    assert contents(current.root) == before


@pytest.mark.parametrize("what", ["no environment", "no pytest", "no tests"])
def test_tests_that_can_not_run_are_reported(current: Project, what: str, tmp_path: Path) -> None:
    """The upgrade goes on, and its report says why no test ran."""
    python = None
    if what == "no tests":
        shutil.rmtree(current.root / "tests")
    if what == "no pytest":
        succeed(sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "v"))
        python = tmp_path / "v" / "bin" / "python"
    upgraded = proto_upgrade.upgrade(current, request(SdkVersion(0, 296, 3), with_tests=True, python=python))

    reasons = {"no environment": "has no .venv yet", "no pytest": "pytest is not installed", "no tests": "has none"}
    assert upgraded.tests.startswith("not run: ")
    assert reasons[what] in upgraded.tests


def test_floors_are_raised_and_line_ends_kept(current: Project) -> None:
    """pyproject.toml gets the oldest versions that the stubs allow; comments and CRLF stay."""
    path = current.root / "pyproject.toml"
    text = path.read_text()
    floor = current.lock.floors["grpcio"]
    lowered = text.replace(f'"grpcio>={floor}', '"grpcio>=1.0.0')
    assert lowered != text
    path.write_bytes(("# mine\n" + lowered).replace("\n", "\r\n").encode())
    proto_upgrade.upgrade(current, request(SdkVersion(0, 296, 3)))

    assert path.read_bytes() == ("# mine\n" + text).replace("\n", "\r\n").encode()


def test_edited_stubs_stop_the_upgrade(current: Project) -> None:
    """The message names them; `--force` replaces them and keeps a copy."""
    (current.source / "pluginv2" / "backend_pb2.pyi").write_text("# mine\n")
    with pytest.raises(ProjectError, match=r"src/pluginv2/backend_pb2\.pyi \(edited\)"):
        proto_upgrade.upgrade(current, request(SdkVersion(0, 296, 3)))
    proto_upgrade.upgrade(current, request(SdkVersion(0, 296, 3), force=True))

    assert (current.root / ".gfplug/backup/1/src/pluginv2/backend_pb2.pyi").read_text() == "# mine\n"
    assert current.changed_owned() == {}


def test_an_edited_wheel_stops_the_upgrade(current: Project) -> None:
    """The tests run with the wheels in vendor/, which must match the lock."""
    wheel = next((current.root / "vendor").glob("gfruntime-*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"x")

    with pytest.raises(IntegrityError, match=r"vendor/gfruntime-.* \(edited\): different from gfplug\.lock"):
        proto_upgrade.upgrade(current, request(SdkVersion(0, 296, 3), force=True))


def test_a_release_that_changed_is_refused(current: Project, tmp_path: Path) -> None:
    """The lock pins the proto trusted on first use; another proto under the same version is refused."""
    proto_upgrade.upgrade(current, request(NEWER, write_proto(tmp_path, with_more())))
    before = contents(current.root)

    with pytest.raises(IntegrityError, match=r"SDK v0\.299\.0 from file compiles to"):
        proto_upgrade.upgrade(current, request(NEWER, write_proto(tmp_path, embedded())))
    assert contents(current.root) == before


FAULTS = {
    "unknown": (SdkVersion(0, 299, 0), None, FetchError),
    "below the floor": (SdkVersion(0, 96, 0), None, CompatError),
    "not a proto": (NEWER, "<!doctype html>", IntegrityError),
    "does not compile": (NEWER, 'syntax = "proto3";\npackage pluginv2;\nmessage {', IntegrityError),
    "not the protocol": (NEWER, 'syntax = "proto3";\npackage pluginv2;\n', IntegrityError),
}


@pytest.mark.parametrize(("version", "text", "error"), list(FAULTS.values()), ids=list(FAULTS))
def test_a_proto_that_can_not_be_fetched_changes_nothing(
    current: Project, tmp_path: Path, version: SdkVersion, text: str | None, error: type[Exception]
) -> None:
    """The project is unchanged for every kind of failure."""
    before = contents(current.root)
    source = None if text is None else write_proto(tmp_path, text)

    with pytest.raises(error):
        proto_upgrade.upgrade(current, request(version, source))
    assert contents(current.root) == before


def test_a_rehearsal_changes_nothing(current: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--dry-run` prints the changes and the files, and does not change the project."""
    before = contents(current.root)
    words = [
        "proto",
        "upgrade",
        str(current.root),
        "--to",
        "v0.299.0",
        "--from",
        str(write_proto(tmp_path, with_more())),
    ]

    assert cli.main([*words, "--dry-run"]) == 0
    captured = capsys.readouterr()
    assert "RPC Data/QueryFast was added" in captured.err
    assert "Nothing was changed" in captured.err
    assert "changed   src/pluginv2/backend_pb2.py\n" in captured.out
    assert contents(current.root) == before


def test_nothing_is_committed(current: Project) -> None:
    """The work tree changes, the history and the index do not."""
    commit(current.root)
    head = git(current.root, "rev-parse", "HEAD")
    proto_upgrade.upgrade(current, request(SdkVersion(0, 296, 3)))

    assert git(current.root, "rev-parse", "HEAD") == head
    assert git(current.root, "status", "--porcelain") == " M gfplug.lock\n"


def test_the_report_is_json(current: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object: from, to, source, tests, changes with their uses, files, timings."""
    words = [
        "proto",
        "upgrade",
        str(current.root),
        "--to",
        "v0.299.0",
        "--from",
        str(write_proto(tmp_path, with_less())),
    ]

    assert cli.main([*words, "--no-tests", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["from"], report["to"], report["source"]) == (str(sdk.default()), "v0.299.0", "file")
    assert report["tests"] == "not run: --no-tests"
    [change] = report["changes"]
    assert (change["level"], change["path"]) == ("source", "PluginContext.namespace")
    assert "used" not in change
    assert report["files"]["gfplug.lock"] == "changed"
    assert {"fetch", "stubs", "compare"} <= report["stages"].keys()
