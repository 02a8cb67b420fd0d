"""A process that is killed during its edits."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import small_edits
from small_edits import NEW, OLD, apply, files_of, project

from gfplug.edits import journal
from gfplug.edits.trees import Edit, TreeFile

KILLED = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[3])
    from small_edits import apply, edits
    EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod"}
    root, left = sys.argv[1], int(sys.argv[2])

    def hook(event, arguments):
        global left
        if event in EVENTS and root in str(arguments[0]):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    apply(Path(root), edits())
    """
)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_killed_process_leaves_the_old_tree_or_the_new_one(tmp_path: Path) -> None:
    """It is killed at each of its steps on the file system; the next command finds the complete old or new tree."""
    outcomes = []
    for step in range(1, 400):
        root = tmp_path / str(step)
        root.mkdir()
        project(root)
        command = [sys.executable, "-c", KILLED, str(root), str(step), str(Path(small_edits.__file__).parent)]
        done = subprocess.run(command, check=False, timeout=60)
        with journal.lock_project(root):
            pass
        texts = {path: text for path, text in files_of(root).items() if not path.startswith(".gfplug/")}
        outcomes.append("old" if texts == OLD else "new" if texts == NEW else f"broken at {step}: {texts}")
        apply(root, {"same": Edit(TreeFile(b"same"), TreeFile(b"next"))})
        assert list((root / ".gfplug").iterdir()) == []
        if done.returncode == 0:
            break

    turn = outcomes.index("new")
    assert len(outcomes) > 30
    assert outcomes == ["old"] * turn + ["new"] * (len(outcomes) - turn)
