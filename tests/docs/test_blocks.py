"""Each block of the documentation has a test, or a reason why it has no test."""

import configparser
import json
import re
import runpy

import pytest
import yaml
from excerpts import EXCERPTS, WHOLE
from pages import (
    INLINE_NOT_RUN,
    NOT_RUN,
    ROOT,
    SHELL,
    TEMPLATE,
    Block,
    blocks,
    inline_commands,
    python_blocks,
    text_of,
)

from gfplug.host import objects
from gfruntime.serving.workers import plan

LANGUAGES = ("dockerfile", "ini", "json", "toml", "yaml")
INSTRUCTIONS = {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "FROM", "LABEL", "RUN", "USER", "WORKDIR"}


def test_every_block_is_run_or_listed_with_a_reason() -> None:
    """A block in a language that no test knows fails this test, and so does an entry whose block is gone."""
    all_blocks = blocks()

    run = {*SHELL, *LANGUAGES, "python", "js"}  # tests/browser/test_own_controls.py runs the blocks of JavaScript
    assert [str(block) for block in all_blocks if block.language not in run] == []
    assert set(NOT_RUN) - {block.key for block in all_blocks} == set()
    assert all(NOT_RUN.values())
    keys = [block.key for block in all_blocks]
    assert sorted(key for key in set(keys) if keys.count(key) > 1 and key in {*NOT_RUN, *EXCERPTS}) == []


def test_every_python_block_is_a_whole_file_or_has_its_surrounding_code() -> None:
    """A new excerpt needs its surrounding code in excerpts.py."""
    keys = {block.key for block in python_blocks()}

    assert keys == set(EXCERPTS) | {block.key for block in python_blocks() if block.page in WHOLE}
    assert {key for key in EXCERPTS if key[0] in WHOLE} == set()


def test_every_command_in_running_text_is_run_or_listed() -> None:
    """An entry whose command is gone fails this test."""
    assert set(INLINE_NOT_RUN) <= set(inline_commands())


@pytest.mark.parametrize(
    "block",
    [block for block in blocks() if block.language in LANGUAGES and block.page != "docs/tutorial.md"],  # it is typed
    ids=str,
)
def test_a_block_of_configuration_can_be_read(block: Block) -> None:
    """The block has the settings that the text around it explains."""
    if block.language == "dockerfile":
        lines = [line for line in re.sub(r"\\\n", " ", block.text).splitlines() if line and not line.startswith("#")]
        assert {line.split()[0] for line in lines} <= INSTRUCTIONS
        assert lines[0].startswith("FROM ")
        for line in lines:
            if line.startswith(("ENTRYPOINT", "CMD")):
                assert json.loads(line.partition(" ")[2])
    elif block.language == "ini":
        parser = configparser.ConfigParser()
        parser.read_string(block.text)
        if "plugins" in parser:
            assert parser["plugins"]["allow_loading_unsigned_plugins"] == "{= plugin_id =}"
        else:  # settings of a plugin
            (section,) = parser.sections()
            variables = {f"GF_PLUGIN_{name.upper()}": value for name, value in parser[section].items()}
            assert section.startswith("plugin.")
            assert set(variables) == set(plan.VARIABLES.values())
            assert plan.Plan.of(variables).workers
    elif block.language == "json":
        assert objects.admission_values(json.loads(block.text))["operation"] == "UPDATE"
    elif block.language == "yaml":
        (job,) = yaml.safe_load(block.text)["scrape_configs"]
        plugin = job["job_name"].removeprefix("plugin-")
        assert job["metrics_path"] == f"/metrics/plugins/{plugin}"
    else:
        pytest.fail(f"say here what a block in {block.language} must hold")


def test_the_container_of_the_builds_page_runs_a_command_that_exists() -> None:
    """The entry point is `gfplug build` with existing options, and the shell lines pass a project to it."""
    (block,) = (block for block in blocks() if block.language == "dockerfile")
    (entry,) = re.findall(r"^ENTRYPOINT (.*)$", block.text, re.MULTILINE)
    words = json.loads(entry)
    (workdir,) = re.findall(r"^WORKDIR (.*)$", block.text, re.MULTILINE)

    assert words[:4] == ["python3.12", "-m", "gfplug", "build"]
    reference = text_of("docs/reference.md")
    assert all(f"  {word} <" in reference for word in words if word.startswith("--"))
    assert f'-v "$PWD:{workdir}"' in text_of("docs/building.md")


def test_commands_that_are_left_to_ci_are_run_there() -> None:
    """These are the two commands for a fresh machine."""
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()

    assert {"make test", "make demo"} <= set(lines)


def test_the_checks_of_a_projects_readme_are_those_of_its_tests() -> None:
    """The four commands of a project's README are the four checks."""
    (line,) = re.findall(r"^(\.venv/bin/ruff check .*?) *(?:#.*)?$", text_of(TEMPLATE), re.MULTILINE)
    checks = runpy.run_path(str(ROOT / "tests" / "generated" / "test_generated.py"))["CHECKS"]
    run = [
        " ".join(word for word in words if word not in {"--no-cache", "-q", "-p", "no:cacheprovider"})
        for words in checks.values()
    ]

    assert line.replace(".venv/bin/", "").split(" && ") == run
