"""`gfplug upgrade` with the answers that a project stores, and today's questions."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from older import ANSWERS, REQUEST, contents
from projects import new_project

from gfplug import __version__, cli
from gfplug.errors import ProjectError, UsageError
from gfplug.project.plugin_project import Project
from gfplug.scaffold import template
from gfplug.upgrades import origin, upgrade
from gfplug.upgrades.upgrade import UpgradeRequest

BROKEN = {
    "missing": (None, "does not exist"),
    "not JSON": (b"{", "is not valid JSON"),
    "no answers": (b"[]", "has no answers"),
    "newer": (b'{"format": 99, "answers": {}}', "has format 99"),
    "unknown key": (b'{"format": 1, "answers": {"colour": "red"}}', "needs 'org'"),
}


@pytest.mark.parametrize(("content", "says"), list(BROKEN.values()), ids=list(BROKEN))
def test_unreadable_answers_are_reported(project: Path, content: bytes | None, says: str) -> None:
    """One sentence says what is wrong with `.gfplug/answers.json`."""
    (project / template.ANSWERS_NAME).unlink()
    if content is not None:
        (project / template.ANSWERS_NAME).write_bytes(content)

    with pytest.raises(ProjectError, match=says):
        upgrade.upgrade(Project(project), REQUEST)


def test_an_answer_that_is_no_longer_valid_is_reported(project: Path) -> None:
    """The message names a choice that the template dropped; `--data` sets another."""
    path = project / template.ANSWERS_NAME
    path.write_text(path.read_text().replace('"signals"', '"gone"'))

    with pytest.raises(UsageError, match="there is no example 'gone'"):
        upgrade.upgrade(Project(project), REQUEST)
    assert cli.main(["upgrade", str(project), "--data", "example=signals"]) == 0


def test_an_answer_to_an_unknown_question_is_refused(project: Path) -> None:
    """A key that no question has is refused."""
    with pytest.raises(UsageError, match="'colour' is not a setting of the template"):
        upgrade.upgrade(Project(project), UpgradeRequest(answers={"colour": "red"}))
    assert cli.main(["upgrade", str(project), "--data", "colour"]) == 2


def test_new_questions_take_their_defaults_and_answers_migrate(project: Path) -> None:
    """A function converts an old answer; a question with a default needs no function."""
    path = project / template.ANSWERS_NAME
    stored = json.loads(path.read_text())
    del stored["answers"]["example"]
    stored["answers"]["label"] = stored["answers"].pop("title")
    path.write_text(json.dumps(stored))

    def rename(answers: dict[str, str]) -> dict[str, str]:
        return {"title" if key == "label" else key: text for key, text in answers.items()}

    assert origin.answers(project, "0.0.1", migrations=[("0.1.0", rename)]) == ANSWERS
    with pytest.raises(ProjectError, match="needs 'title'") as caught:
        origin.answers(project, "0.1.0", migrations=[("0.1.0", rename)])
    assert caught.value.hint == "add it: gfplug upgrade --data title=…"


def test_the_origin_of_gfplug_is_updated_beside_an_edit(tmp_path: Path) -> None:
    """The author's change of the line that installs gfplug is not a conflict; code that names a version stays."""
    root = new_project(tmp_path / "project", replace(ANSWERS, gfplug="gfplug==0.0.1"))
    workflow = root / ".github" / "workflows" / "ci.yml"
    text = workflow.read_text(encoding="utf-8")
    workflow.write_text(text.replace("install uv gfplug==0.0.1", "install uv httpx gfplug==0.0.1"))
    (root / "src" / "plugin" / "mine.py").write_text('TEXT = "gfplug==0.0.1"\n')
    (root / "CHANGELOG.md").write_text("The bug of gfplug==0.0.1 is gone.\n")
    readme = root / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8") + "Not with gfplug==0.0.1.post1\n", encoding="utf-8")

    assert cli.main(["upgrade", str(root)]) == 0
    assert f"install uv httpx gfplug=={__version__}\n" in workflow.read_text(encoding="utf-8")
    assert "gfplug==0.0.1" not in workflow.read_text(encoding="utf-8")
    assert "gfplug==0.0.1" in (root / "src" / "plugin" / "mine.py").read_text()
    assert "gfplug==0.0.1 " in (root / "CHANGELOG.md").read_text()
    assert "gfplug==0.0.1.post1" in readme.read_text(encoding="utf-8")
    assert json.loads((root / ".gfplug" / "answers.json").read_text())["answers"]["gfplug"] == f"gfplug=={__version__}"


def test_an_edited_lock_does_not_replace_words_in_files(tmp_path: Path) -> None:
    """Only the requirement behind `pip install` is replaced, and only where gfplug writes it."""
    root = new_project(tmp_path / "project", ANSWERS)
    before = contents(root)
    lock = json.loads((root / "gfplug.lock").read_text())
    lock["template"]["gfplug"] = "import"
    (root / "gfplug.lock").write_text(json.dumps(lock))

    assert cli.main(["upgrade", str(root)]) == 0
    assert contents(root) == before
