"""The code from a description is formatted Python."""

import subprocess
import sys
from pathlib import Path

import pytest
from openapi_sources import HOSTILE, WEATHER

from gfplug.scaffold.openapi import upstream_files
from gfplug.scaffold.openapi.stored_model import StoredModel

SOURCES = {"weather": WEATHER, "hostile": HOSTILE}
RULES = "A003,B,C4,E,F,I,PERF,PIE,RET,RUF,SIM,UP,W"
IGNORED = "E501,E741,RUF001,RUF002,RUF003,RUF009"
SETTINGS = """
[tool.ruff]
line-length = 120
src = ["src"]
[tool.ruff.lint.isort]
known-first-party = ["gfruntime"]
"""


@pytest.mark.parametrize("name", SOURCES)
def test_the_generated_client_is_formatted(tmp_path: Path, name: str) -> None:
    """`ruff format` changes nothing, and `ruff check` finds nothing; a project's tests use the whole set of rules."""
    for path, content in upstream_files.write_upstream(StoredModel(SOURCES[name])).files.items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    (tmp_path / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    for words in (["format", "--diff"], ["check", f"--select={RULES}", f"--ignore={IGNORED}"]):
        command = [sys.executable, "-m", "ruff", words[0], "--no-cache", *words[1:], "src"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

        assert done.returncode == 0, done.stdout + done.stderr
