"""Many saves under `gfplug dev`: the time to serve one, and the resources left after a hundred."""

from __future__ import annotations

import statistics
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest
from devproject import Editor, answers, editor, plugin, value
from processes import cpu, descendants, eventually
from soak import look

if TYPE_CHECKING:
    from hostclient import Plugin

__all__ = ["editor", "plugin"]


def wait_for_spare(plugin: Plugin) -> None:
    """Wait until the spare process for the next save is idle, as it is while a person types."""
    seconds_spent = [-1.0]

    def is_idle() -> bool:
        before, seconds_spent[0] = seconds_spent[0], sum(map(cpu, descendants(plugin.pid)))
        time.sleep(0.3)
        return len(descendants(plugin.pid)) == 2 and before == seconds_spent[0]

    eventually(is_idle, within_s=30)


@pytest.mark.long
@pytest.mark.soak
def test_a_save_is_served_within_a_second(plugin: Plugin, editor: Editor) -> None:
    """The median over 20 saves counts, each made when the machine is idle, as while a person types."""
    value(plugin)
    took = []
    for number in range(2, 22):
        wait_for_spare(plugin)
        editor.save(number)
        took.append(eventually(partial(answers, plugin, number), within_s=20))
    print("save to served, seconds:", sorted(round(seconds, 2) for seconds in took))  # noqa: T201 - the figure

    assert statistics.median(took) <= 1.0


@pytest.mark.long
@pytest.mark.soak
def test_a_hundred_saves_leak_no_process_thread_or_descriptor(plugin: Plugin, editor: Editor) -> None:
    """No process, thread or descriptor stays, and the memory of the remaining process is bounded."""
    value(plugin)
    for number in range(2, 12):
        editor.save(number)
        time.sleep(0.1)
    eventually(lambda: value(plugin) == 11, within_s=30)
    wait_for_spare(plugin)
    before = look(plugin.pid)
    for number in range(12, 102):
        editor.save(number)
        time.sleep(0.25)
    eventually(lambda: value(plugin) == 101, within_s=30)
    wait_for_spare(plugin)
    after = look(plugin.pid)

    assert len(descendants(plugin.pid)) == 2  # the process that answers, and the spare one
    assert after.files <= before.files + 4
    assert after.rss_mb < before.rss_mb + 16
    assert plugin.state()["starts"] == 1
