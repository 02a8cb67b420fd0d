"""`gfplug upgrade` and the folders that gfplug owns: an edit in one stops it, `--force` makes them again."""

import json
from pathlib import Path

import pytest
from older import REQUEST, contents, text_at, write

from gfplug import cli
from gfplug.errors import IntegrityError
from gfplug.project.plugin_project import Project
from gfplug.upgrades import upgrade
from gfplug.upgrades.upgrade import UpgradeRequest

OWNED = {"edited": "vendor/old.txt", "added": "vendor/mine.txt", "deleted": "vendor/old.txt"}


@pytest.mark.parametrize(("what", "path"), list(OWNED.items()), ids=list(OWNED))
def test_an_edited_owned_folder_stops_the_upgrade(
    project: Path, what: str, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 3, the file's difference is shown, nothing changes; `--force` goes on and keeps a copy."""
    write(project, {path: None if what == "deleted" else "# mine\n"})
    before = contents(project)

    assert cli.main(["upgrade", str(project)]) == 3
    errors = capsys.readouterr().err
    assert f"{path} ({what})" in errors
    assert ("+# mine" in errors) == (what != "deleted")
    assert contents(project) == before
    assert cli.main(["upgrade", str(project), "--force"]) == 0
    assert Project(project).changed_owned() == {}
    assert text_at(project, f".gfplug/backup/1/{path}") == (None if what == "deleted" else "# mine\n")


def test_force_generates_edited_stubs_again(project: Path, rendered: dict[str, Path]) -> None:
    """The lock must not have the checksum of an edited stub; the proto beside it is enough to generate it again."""
    stub = "src/pluginv2/backend_pb2.pyi"
    (project / stub).write_text("# mine\n")
    assert cli.main(["upgrade", str(project)]) == 3
    upgrade.upgrade(Project(project), UpgradeRequest(answers={}, force=True))

    assert (project / stub).read_bytes() == (rendered["new"] / stub).read_bytes()


def test_an_edited_proto_is_not_taken_for_the_locked_one(project: Path) -> None:
    """A proto that differs from the lock's is not a source for new stubs."""
    proto = project / "src" / "pluginv2" / "backend.proto"
    proto.write_bytes(proto.read_bytes() + b"// mine\n")

    with pytest.raises(IntegrityError, match="is not the proto"):
        upgrade.upgrade(Project(project), UpgradeRequest(answers={}, force=True))


def test_stubs_of_other_tools_are_generated_again(project: Path, rendered: dict[str, Path]) -> None:
    """New generator versions change the stubs, the lock and the oldest allowed versions."""
    lock = json.loads((project / "gfplug.lock").read_text())
    lock["tools"]["grpcio-tools"] = "1.0.0"
    lock["floors"]["grpcio"] = "1.0.0"
    (project / "gfplug.lock").write_text(json.dumps(lock))
    upgrade.upgrade(Project(project), REQUEST)

    assert (project / "gfplug.lock").read_bytes() == (rendered["new"] / "gfplug.lock").read_bytes()
