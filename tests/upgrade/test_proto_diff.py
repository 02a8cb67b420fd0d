"""`gfplug proto diff`: the changes between two releases, and the exit code for incompatible changes."""

import json
from pathlib import Path

import pytest
from releases import with_more

from gfplug import cli, sdk
from gfplug.project.plugin_project import Project

pytestmark = pytest.mark.usefixtures("offline")


def test_releases_of_one_wire_do_not_differ(capsys: pytest.CaptureFixture[str]) -> None:
    """`proto diff` of two releases with the same protocol prints nothing to stdout, and an empty list as JSON."""
    assert cli.main(["proto", "diff", "v0.291.0", "v0.298.0", "--offline", "--exit-code"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "v0.291.0 and v0.298.0 have the same wire format" in captured.err
    assert cli.main(["proto", "diff", "v0.291.0", "default", "--json", "--offline"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "from": "v0.291.0",
        "to": str(sdk.default()),
        "worst": None,
        "changes": [],
    }


def test_a_diff_without_arguments_starts_at_the_projects_release(
    current: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without arguments it compares the project's release with the embedded one; `--exit-code` reports breaks."""
    (tmp_path / "given.proto").write_text(with_more(), encoding="utf-8")
    monkeypatch.chdir(current.root)
    upgrade = ["proto", "upgrade", "--to", "v0.299.0", "--from", str(tmp_path / "given.proto"), "--no-tests"]
    assert cli.main(upgrade) == 0
    capsys.readouterr()

    assert cli.main(["proto", "diff", "--offline"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["LEVEL", "wire", "source"]
    assert cli.main(["proto", "diff", "--offline", "--exit-code"]) == 7
    assert f"2 changes from v0.299.0 to {sdk.default()} break something" in capsys.readouterr().err


def test_a_diff_of_an_unavailable_release_is_a_fetch_error() -> None:
    """Offline, a release that is neither embedded nor cached gives exit code 4."""
    assert cli.main(["proto", "diff", "v0.97.0", "v0.150.0", "--offline"]) == 4
    assert cli.main(["proto", "diff", "one", "v0.150.0"]) == 2
