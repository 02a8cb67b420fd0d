"""Killed upgrades, and upgrades at the same time: the project is complete, old or new, and so is the cache."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from commands import Ended, python, run
from older import contents
from releases import module_proxy, with_more

from gfplug import cli
from gfplug.edits import journal
from gfplug.project.plugin_project import Project
from gfplug.sdk import verify

pytestmark = [pytest.mark.long, pytest.mark.skipif(os.name != "posix", reason="SIGKILL")]

STAGES = 8
KILLED = Path(__file__).parent / "killed.py"


def upgrade(project: Path, kill_at: int, template: Path, *words: str) -> Ended:
    """Run gfplug on a project and kill it at a step."""
    return run(sys.executable, KILLED, project, str(kill_at), template, *words, project)


COMMANDS = {"template": ["upgrade"], "proto": ["proto", "upgrade", "--to", "v0.299.0", "--no-tests"]}


@pytest.mark.soak
@pytest.mark.parametrize("kind", list(COMMANDS))
def test_a_killed_upgrade_leaves_the_old_project_or_the_new_one(
    kind: str, tmp_path: Path, rendered: dict[str, Path], templates: dict[str, Path]
) -> None:
    """It is killed at many steps; the next command finds a complete project, and upgrades it to the same result."""
    proto = tmp_path / "given.proto"
    proto.write_text(with_more(), encoding="utf-8")
    words = COMMANDS[kind] + (["--from", str(proto)] if kind == "proto" else [])
    old = rendered["old"]
    whole = shutil.copytree(old, tmp_path / "whole")
    done = upgrade(whole, 0, templates["new"], *words)
    assert done.code == 0, done.err
    steps = int(done.err.split()[-1])
    before, after = contents(old), contents(whole)
    outcomes = set()

    for stage in range(STAGES):
        project = shutil.copytree(old, tmp_path / str(stage))
        step = 1 + stage * (steps - 1) // (STAGES - 1)
        assert upgrade(project, step, templates["new"], *words).code == -signal.SIGKILL
        with journal.lock_project(project):  # every upgrade begins with this
            pass
        repaired = {
            path: content for path, content in contents(project).items() if path in before.keys() | after.keys()
        }
        outcomes.add("old" if repaired == before else "new" if repaired == after else f"broken at {step} of {steps}")
        assert upgrade(project, 0, templates["new"], *words).code == 0
        assert contents(project) == after

    assert outcomes == {"old", "new"}


def at_once(commands: Sequence[Sequence[str | Path]], **environment: str) -> list[Ended]:
    """Run several gfplug processes at once, to their end."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda words: python("gfplug", *words, env={**os.environ, **environment}), commands))


def test_two_processes_share_a_cache(tmp_path: Path, rendered: dict[str, Path]) -> None:
    """Several projects move to the same new release at once: all succeed, and the cache has one complete copy."""
    env = {
        "GOPROXY": module_proxy(tmp_path / "proxy", "v0.299.0", with_more()),
        "GOMODCACHE": str(tmp_path / "mod"),
        "GOPRIVATE": "",
        "GONOPROXY": "",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "HOME": str(tmp_path / "home"),
    }
    projects = [shutil.copytree(rendered["new"], tmp_path / str(number)) for number in range(3)]
    words = ["proto", "upgrade", "--to", "v0.299.0", "--no-tests"]
    results = at_once([[*words, project] for project in projects], **env)

    assert [ended.code for ended in results] == [0, 0, 0], results
    assert all(verify.verify(Project(project)).problems == [] for project in projects)
    if sys.platform == "linux":  # on other systems this variable does not set the cache's folder
        [backup] = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
        assert json.loads(backup.read_text())["version"] == "v0.299.0"


def test_two_upgrades_of_one_project_do_not_mix(tmp_path: Path, rendered: dict[str, Path]) -> None:
    """One runs first; the other follows, or is refused. The project is complete in both cases."""
    project = shutil.copytree(rendered["new"], tmp_path / "project")
    words = ["proto", "upgrade", "--no-tests", "--offline", str(project), "--to"]
    results = at_once([[*words, version] for version in ("v0.296.3", "v0.297.0")])
    codes = [ended.code for ended in results]

    assert set(codes) <= {0, 3}
    assert 0 in codes
    assert all(f"another upgrade of {project} is running" in ended.err for ended in results if ended.code == 3)
    assert verify.verify(Project(project)).problems == []
    assert cli.main(["proto", "verify", str(project)]) == 0
