"""A project of the first template, as `gfplug new acme-sales` made it, upgrades to today's template with its edits.

`tests/fixtures/first-project.tar.xz` is the whole project. It is never made again: it proves that existing projects
still upgrade.
"""

from pathlib import Path

import pytest
from older import assert_becomes_fresh, contents, passes_its_tests, unpack

from gfplug import cli
from gfplug.project.plugin_project import Project


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """Unpack the project."""
    return unpack("first-project.tar.xz", tmp_path / "first")


def test_an_untouched_project_becomes_a_fresh_one(first: Path, tmp_path: Path) -> None:
    """Its old tests also pass."""
    assert_becomes_fresh(first, tmp_path / "fresh")
    passes_its_tests(first)


EDITS = {
    "README.md": ("Acme Sales", "Acme Sales, which we love"),
    "pyproject.toml": ("dependencies = [", 'dependencies = [\n  "httpx>=0.27",  # ours'),
    "plugin.json": ('"keywords": [', '"keywords": [\n      "sales",'),
    "docker-compose.yaml": ("services:", "# ours\nservices:"),
    "src/plugin/datasource.py": ("class Datasource", "class Extra:\n    pass\n\n\nclass Datasource"),
    ".github/workflows/ci.yml": ("timeout-minutes: 30", "timeout-minutes: 45"),
}
NEW_FILES = {
    "src/plugin/client.py": "URL = 'http://localhost'\n",
    "tests/test_client.py": "from plugin.client import URL\n\n\ndef test_url() -> None:\n    assert URL\n",
}


def test_a_project_in_use_keeps_its_edits(first: Path) -> None:
    """No edit is lost, nothing conflicts, old and new tests pass, and a second upgrade changes nothing."""
    for path, (old, edited) in EDITS.items():
        text = (first / path).read_text(encoding="utf-8")
        assert old in text, path
        (first / path).write_text(text.replace(old, edited, 1), encoding="utf-8")
    for path, text in NEW_FILES.items():
        (first / path).write_text(text, encoding="utf-8")
    (first / "CHANGELOG.md").unlink()

    assert cli.main(["upgrade", str(first)]) == 0
    for path, (_, edited) in EDITS.items():
        assert edited in (first / path).read_text(encoding="utf-8"), path
    assert all((first / path).read_text(encoding="utf-8") == text for path, text in NEW_FILES.items())
    assert not (first / "CHANGELOG.md").exists()
    assert (first / ".github" / "workflows" / "upgrade.yml").exists()
    assert Project(first).changed_owned() == {}
    passes_its_tests(first)
    before = contents(first)
    assert cli.main(["upgrade", str(first)]) == 0
    assert contents(first) == before
