"""Files for contributors: issue forms, hooks, dependency updates, and the goals of the Makefile."""

import os
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
ECOSYSTEMS = {"pyproject.toml": "pip", "go.mod": "gomod", "package.json": "npm"}
UNWATCHED = {".venv", "node_modules", "build", "demo", "fixtures"}
"""Folders with packages of others, or with generated projects that do not change."""


def read(path: Path) -> Any:
    """Read a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_each_issue_form_asks_for_the_output_of_doctor(form: Path) -> None:
    """Each form has the keys that GitHub requires, and a field for machine and versions."""
    content = read(form)
    fields = [field for field in content["body"] if field["type"] != "markdown"]
    labels = [field["attributes"]["label"] for field in fields]

    assert {"name", "description", "body"} <= content.keys()
    assert {field["type"] for field in fields} <= {"textarea", "input", "dropdown", "checkboxes"}
    assert len({field["id"] for field in fields}) == len(fields)
    assert "What `gfplug doctor --json` prints" in labels


def test_dependabot_updates_every_file_with_dependencies() -> None:
    """Each file has an entry for its ecosystem and folder, and each entry has a file."""
    updates = [
        (update["package-ecosystem"], folder.strip("/"))
        for update in read(GITHUB / "dependabot.yml")["updates"]
        for folder in update.get("directories", [update.get("directory")])
    ]
    entries = {("github-actions", "")}
    for place, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in UNWATCHED]
        folder = Path(place).relative_to(ROOT).as_posix()
        entries |= {(ECOSYSTEMS[name], "" if folder == "." else folder) for name in names if name in ECOSYSTEMS}

    def covers(update: tuple[str, str], each: tuple[str, str]) -> bool:
        return update[0] == each[0] and fnmatch(each[1], update[1])

    assert {each for each in entries if not any(covers(update, each) for update in updates)} == set()
    assert [update for update in updates if not any(covers(update, each) for each in entries)] == []


def test_hooks_run_the_tools_of_make_check() -> None:
    """They are three tools, from the same environment."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    goal = makefile.partition("\ncheck: ")[2].partition("\n\n")[0]
    commands = {" ".join(line.split()[:2]) for line in goal.splitlines()[1:]}
    (own,) = read(ROOT / ".pre-commit-config.yaml")["repos"]

    assert {" ".join(hook["entry"].split()[:2]) for hook in own["hooks"]} == commands
    assert {hook["language"] for hook in own["hooks"]} == {"system"}


def test_every_goal_of_the_makefile_is_explained() -> None:
    """CONTRIBUTING.md explains it, unless only other goals need it."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (goals,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    assert [goal for goal in goals.split() if f"`make {goal}" not in page] == ["prerequisites"]
