"""The examples of `gfplug new`: each has one line in the list, and a folder and a part of the template."""

from pathlib import Path

import pytest

from gfplug import cli, resources
from gfplug.scaffold.choices import EXAMPLES, SUMMARIES, UPSTREAM


def test_new_list_prints_a_line_for_each_example(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """It is on stdout and needs no name; nothing is created."""
    assert cli.main(["new", "--list"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == list(EXAMPLES)
    assert all(line.endswith(SUMMARIES[line.split("  ")[0]]) and len(line) <= 100 for line in lines)
    assert not list(tmp_path.iterdir())


def test_the_template_has_every_example_and_no_other() -> None:
    """The first is the project itself; the one for --openapi cannot be chosen by name."""
    template = resources.folder("template")

    assert {path.stem for path in (template / "parts").iterdir()} == {*EXAMPLES, UPSTREAM}
    assert {path.name for path in (template / "examples").iterdir()} == {*EXAMPLES[1:], UPSTREAM}


@pytest.mark.parametrize("example", EXAMPLES[1:])
def test_an_example_has_a_data_source_tests_an_alert_rule_and_a_dashboard(example: str) -> None:
    """It has its own data source, tests, alert rule and dashboard."""
    folder = resources.folder("template") / "examples" / example
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    assert {
        "provisioning/alerting/rules.yaml.jinja",
        "provisioning/dashboards/example.json.jinja",
        "src/plugin/datasource.py",
        "tests/test_datasource.py",
    } <= names
