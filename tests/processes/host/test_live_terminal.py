"""Live output on a terminal: the screen of `gfplug call stream` and of `gfplug call query --watch`."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals", allow_module_level=True)

from host_fake import RUN, SUBSCRIBE
from processes import descendants
from projects import new_project
from terminal import Terminal

from gfplug.project.plugin_project import Project

if TYPE_CHECKING:
    from host_fake import Fake

pytestmark = pytest.mark.timeout(180)

START = 1_767_225_600_000
GFPLUG = (sys.executable, "-m", "gfplug")


def stream_of(fake: Fake, values: list[float], **plan: Any) -> str:
    """Make a plugin whose stream sends one point in each packet."""
    fields = [{"name": "time", "type": "time"}, {"name": "value", "type": "number"}]
    packets = [{"data": {"values": [[START + at * 1000], [value]]}} for at, value in enumerate(values)]
    packets[0]["schema"] = {"fields": fields}  # type: ignore[dict-item]  # the first alone has it
    says = fake.says(RUN, *({"data": json.dumps(packet).encode()} for packet in packets))
    return fake.dist(answers={**fake.says(SUBSCRIBE, {"status": 0}), **says}, **plan)


def test_a_stream_is_one_plot_that_moves(fake: Fake) -> None:
    """Each plot replaces the one before, below the plugin's log; the last plot has all points."""
    warning = json.dumps({"@level": "warn", "@message": "careful"})
    dist = stream_of(fake, [0.0, 10.0, 5.0, 20.0], stderr=f"{warning}\n")
    with Terminal([*GFPLUG, "call", "stream", "ticks", dist], columns=60) as terminal:
        assert terminal.end() == 0
        screen, output = terminal.lines(), terminal.output.decode()

    assert output.count("└") == 4  # the last plot appears twice
    assert screen[0] == "warning: plugin: careful"
    assert screen[1].startswith("20 ┤")
    assert screen[14].startswith(" 0 ┤")
    assert screen[16].split() == ["00:00:00", "00:00:01", "00:00:02", "00:00:03"]
    assert screen[17] == "─ value"
    assert "answered after" in screen[18]
    assert len(screen) == 20  # the last line is wrapped


def test_a_stream_of_one_point_is_a_table(fake: Fake) -> None:
    """One point is not a line."""
    words = [*GFPLUG, "call", "stream", "ticks", stream_of(fake, [1.0, 2.0]), "--count", "1"]
    with Terminal(words, columns=60) as terminal:
        assert terminal.end() == 0
        screen = terminal.lines()

    assert [line.split() for line in (screen[0], screen[2])] == [["time", "value"], ["2026-01-01T00:00:00Z", "1"]]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make a project as `gfplug new` does."""
    return Project(new_project(tmp_path / "project"))


@pytest.mark.long
def test_ctrl_c_ends_a_stream_that_has_no_end(project: Project) -> None:
    """The plot moves until Ctrl-C; there is no traceback, and the plugin's process has ended."""
    example = Path(__file__).parents[3] / "template" / "examples" / "stream" / "src" / "plugin" / "datasource.py"
    shutil.copy(example, project.source / "plugin" / "datasource.py")
    words = ["call", "stream", "sensors", str(project.root), "--python", sys.executable, "--data", '{"hertz": 20}']
    with Terminal([*GFPLUG, *words]) as terminal:
        terminal.wait_for(lambda screen_text: "┤" in screen_text and terminal.output.count("└".encode()) > 10)
        plugins = [pid for pid in descendants(terminal.process.pid) if pid != terminal.process.pid]
        terminal.press(b"\x03")
        code = terminal.end()
        screen = terminal.lines()

    assert code == 130
    assert not [line for line in screen if "Traceback" in line]
    assert plugins
    assert not [pid for pid in plugins if Path(f"/proc/{pid}").exists()]


@pytest.mark.long
def test_watch_replaces_the_old_answer_by_the_newest(project: Project) -> None:
    """After a save, the screen has only the new answer; Ctrl-C ends the command."""
    source = project.source / "plugin" / "datasource.py"
    words = ["call", "query", str(project.root), "--python", sys.executable, "--watch", "--rows", "2"]
    with Terminal([*GFPLUG, *words], rows=40) as terminal:
        first = terminal.wait_for(lambda text: "Watching" in text)
        text = source.read_text(encoding="utf-8")
        source.write_text(text.replace('"series": ', '"wave": '), encoding="utf-8")
        second = terminal.wait_for(lambda text: "wave=1" in text and "Watching" in text)
        source.write_text("import no_such_module\n" + text, encoding="utf-8")
        third = terminal.wait_for(lambda text: "no_such_module" in text and "Watching" in text)
        terminal.press(b"\x03")
        code = terminal.end()

    assert [len([line for line in lines if line.startswith("A (")]) for lines in (first, second)] == [1, 1]
    assert "answered after" in "".join(second[:2])
    assert not [line for line in second if "series=1" in line]
    assert not [line for line in third if "wave=1" in line]
    assert code == 0
