"""`gfplug upgrade --data frontend=react`: editors from the build become sources that the author owns."""

import sys
from pathlib import Path

import pytest
from older import contents
from projects import new_project

from gfplug import cli
from gfplug.project.environment import venv
from gfplug.scaffold.react.sources import FOLDER

FIELD = '    country: Annotated[str, Ui(label="Country", required=True)] = "CH"\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project whose author added a field; its interpreter is this one, which has the runtime."""
    monkeypatch.setattr(venv, "ensure", lambda *_args, **_more: Path(sys.executable))
    root = new_project(tmp_path / "project")
    path = root / "src/plugin/datasource.py"
    text = path.read_text(encoding="utf-8")
    before = "    signal: Annotated"
    path.write_text(text.replace(before, FIELD + before, 1), encoding="utf-8")
    return root


def upgrade(project: Path, *more: str) -> int:
    """Turn a project's editors into sources."""
    return cli.main(["upgrade", str(project), "--data", "frontend=react", *more])


def test_the_authors_own_fields_are_in_the_sources(project: Path) -> None:
    """The example's fields are not; hooks.js is removed, npm's files are added, and a second run changes nothing."""
    assert upgrade(project) == 0
    first = contents(project)

    assert b"country: 'CH'," in first[f"{FOLDER}types.ts"]
    assert b"!isEmpty(model.country)" in first[f"{FOLDER}datasource.ts"]
    assert {"frontend/package.json", f"{FOLDER}module.ts", f"{FOLDER}QueryEditor.tsx"} <= first.keys()
    assert "frontend/hooks.js" not in first
    assert upgrade(project) == 0
    assert cli.main(["upgrade", str(project)]) == 0
    assert contents(project) == first


def test_later_upgrades_never_touch_the_sources(project: Path) -> None:
    """Changed and removed files stay as they are."""
    upgrade(project)
    (project / FOLDER / "types.ts").write_text("// mine\n", encoding="utf-8")
    (project / FOLDER / "ConfigEditor.tsx").unlink()
    before = contents(project)

    assert upgrade(project, "--force") == 0
    assert contents(project) == before


def test_no_upgrade_changes_the_sources_of_a_new_project(tmp_path: Path) -> None:
    """`gfplug new` wrote the sources; no upgrade writes them again or merges into them."""
    from dataclasses import replace  # noqa: PLC0415 - for this test alone

    from older import ANSWERS  # noqa: PLC0415 - as above

    root = new_project(tmp_path / "project", replace(ANSWERS, frontend="react"))
    (root / FOLDER / "QueryEditor.tsx").write_text("// mine\n", encoding="utf-8")
    before = contents(root)

    assert cli.main(["upgrade", str(root)]) == 0
    assert contents(root) == before


def test_files_without_a_counterpart_are_reported_as_unused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Hooks with code stay, and so do translations; a message for each says that it is unused."""
    hooks = project / "frontend/hooks.js"
    hooks.write_text("exports.query = () => undefined;\n", encoding="utf-8")
    (project / "frontend/locales").mkdir()
    (project / "frontend/locales/de.json").write_text('{"Country": "Land"}', encoding="utf-8")
    (project / FOLDER).mkdir()
    (project / FOLDER / "types.ts").write_text("// mine\n", encoding="utf-8")

    assert upgrade(project) == 0
    output = " ".join(capsys.readouterr().err.split())
    assert "frontend/hooks.js: it no longer runs" in output
    assert "frontend/locales: it is no longer read" in output
    assert "frontend/src/types.ts: your file exists already: left unchanged" in output
    assert hooks.read_text(encoding="utf-8") == "exports.query = () => undefined;\n"
    assert (project / FOLDER / "types.ts").read_text(encoding="utf-8") == "// mine\n"


def test_a_rehearsal_lists_the_sources_and_writes_none(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--dry-run` names each file that would be new."""
    before = contents(project)

    assert upgrade(project, "--dry-run") == 0
    assert f"{FOLDER}QueryEditor.tsx" in capsys.readouterr().out
    assert contents(project) == before
