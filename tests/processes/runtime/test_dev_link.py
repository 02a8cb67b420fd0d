"""`gfruntime.dev.link`: when it links module.js again, and its log lines."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from gfruntime.dev.link import VARIABLE, Link

HEAD = "/* acme-sales-datasource 0.1.0, made by gfplug from frontend/; schema 0123456789ab */\n"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """Make a module.js."""
    path = tmp_path / "module.js"
    path.write_text(HEAD, encoding="utf-8")
    return path


def followed(module: Path, script: str, *, python: str = sys.executable, status: int = 200, schema: object) -> None:
    """Watch a process, with a linker that runs a script."""
    link = Link(module=module, command=(python, "-c", script), path="")

    def resource(path: str) -> tuple[int, bytes]:
        assert path == "gfplug/schema"
        return status, b"" if schema is None else json.dumps(schema).encode()

    link._follow(resource)


def writing(module: Path) -> str:
    """Return a linker that writes a file."""
    return f"open({str(module)!r}, 'a').write('linked')"


def test_a_changed_schema_is_linked_and_the_log_says_so(module: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The first line of module.js names the schema of its link."""
    caplog.set_level(logging.INFO)
    followed(module, writing(module), schema={"hash": "ba9876543210"})

    assert module.read_text(encoding="utf-8") == HEAD + "linked"
    assert "linked module.js again" in caplog.text
    assert "reload the page" in caplog.text


@pytest.mark.parametrize("schema", [{"hash": "0123456789ab"}, None, {}], ids=["same", "process ended", "no schema"])
def test_nothing_is_linked_without_a_change(module: Path, schema: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Most saves change no dataclass."""
    caplog.set_level(logging.INFO)
    followed(module, writing(module), status=200 if schema else 0, schema=schema)

    assert module.read_text(encoding="utf-8") == HEAD
    assert caplog.text == ""


def test_dataclasses_that_cannot_become_a_form_are_logged(module: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log has the schema's error; the editors in Grafana stay."""
    followed(module, writing(module), status=404, schema={"message": "Model.depth: no control shows a complex"})

    assert module.read_text(encoding="utf-8") == HEAD
    assert "the editors are not updated: Model.depth: no control shows a complex" in caplog.text


@pytest.mark.parametrize(
    ("python", "script", "words"),
    [
        (
            sys.executable,
            "import sys; sys.stderr.write('module.js is read-only\\n'); sys.exit(3)",
            "module.js is read-only",
        ),
        (sys.executable, "import sys; sys.exit(3)", "it ended with status 3"),
        ("/nowhere/python", "", "[Errno 2]"),
    ],
)
def test_a_failed_linker_is_a_warning_with_the_remedy(
    module: Path, python: str, script: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Grafana may run as a user without write access, and gfplug's environment may have been removed."""
    followed(module, script, python=python, schema={"hash": "ba9876543210"})

    assert f"module.js could not be linked again: {words}" in caplog.text
    assert "start `gfplug dev` again" in caplog.text


def test_the_launchers_variable_is_removed_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The author's code does not get the launcher's variable; without the variable, nothing is linked."""
    command = {"module": "/dist/module.js", "command": ["python", "-m", "gfplug"], "path": "/cli"}
    monkeypatch.setenv(VARIABLE, json.dumps(command))

    first, second = Link.from_environment(), Link.from_environment()

    assert (first.module, first.path) == (Path("/dist/module.js"), "/cli")
    assert first.command == ("python", "-m", "gfplug")
    assert second.command == ()
