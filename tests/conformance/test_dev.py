"""`gfplug dev` under a real host: a save is served, an invalid save is not, and no process is left."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest
from commands import python
from devproject import Editor, answers, editor, plugin, value
from messages import query, query_request
from processes import descendants, eventually

if TYPE_CHECKING:
    from hostclient import Host, Plugin

pytestmark = pytest.mark.long

__all__ = ["editor", "plugin"]
BROKEN = "import no_such_package\n"
WORDS = "ModuleNotFoundError: No module named 'no_such_package'"


def messages(plugin: Plugin) -> list[str]:
    """List the host's log messages."""
    return [entry["message"] for entry in plugin.logs()]


def test_a_save_is_served_and_the_log_says_so(plugin: Plugin, editor: Editor) -> None:
    """The host stays connected to one process; a new process behind it answers."""
    assert value(plugin) == 1
    editor.save(2)

    eventually(lambda: value(plugin) == 2, within_s=10)
    assert plugin.state()["starts"] == 1
    assert any(message.startswith("reloaded (pid ") for message in messages(plugin))
    assert plugin.health()["message"] == "number 2"


def test_large_metadata_reaches_the_code(plugin: Plugin) -> None:
    """The supervisor accepts and forwards metadata of the size that a plugin accepts."""
    for size in (9_000, 15_000, 1 << 20):
        answer = plugin.ask("query", request=query_request(query()), metadata={"cookie": ["c" * size]})
        assert answer["responses"]["A"]["status"] == 200


def test_two_saves_of_one_size_in_one_second_are_both_served(plugin: Plugin, editor: Editor) -> None:
    """Python's bytecode cache, which compares only seconds and sizes, is not used."""
    assert value(plugin) == 1
    for number in (2, 3, 4):
        editor.save(number)
        eventually(partial(answers, plugin, number), within_s=10)


@pytest.fixture
def broken(plugin: Plugin, editor: Editor) -> Plugin:
    """Give a plugin that answers 1 a save that does not import."""
    assert value(plugin) == 1
    editor.save(2, BROKEN)
    eventually(lambda: plugin.health()["status"] == "ERROR", within_s=10)
    return plugin


def test_code_that_does_not_import_leaves_the_old_code_and_says_why(broken: Plugin) -> None:
    """Queries are still answered, with a notice in the panel; health has the error and the traceback."""
    health, answer = broken.health(), broken.query(query())["A"]

    assert WORDS in health["message"]
    assert "datasource.py" in json.loads(health["details"])["verboseMessage"]
    assert answer["frames"][0]["fields"][1]["values"] == [1]
    (notice,) = answer["frames"][0]["meta"]["notices"]
    assert (WORDS in notice["text"], notice["severity"]) == (True, "warning")
    assert any(WORDS in message for message in messages(broken))


def test_corrected_code_is_served_without_the_error(broken: Plugin, editor: Editor) -> None:
    """The next save that imports is served, without a notice."""
    editor.save(3)
    eventually(lambda: broken.health()["status"] == "OK", within_s=10)
    (frame,) = broken.query(query())["A"]["frames"]

    assert (frame["fields"][1]["values"], (frame["meta"] or {}).get("notices")) == ([3], None)


def test_a_project_that_never_imported_says_why_and_recovers(host: Host, editor: Editor) -> None:
    """Grafana still starts the plugin, and the first valid save repairs it."""
    editor.save(1, BROKEN)
    (launcher,) = (editor.file.parents[2] / "dist").glob("gpx_*")
    plugin = host.start(launcher, restart=True)

    assert plugin.health()["message"] == WORDS
    assert WORDS in plugin.query(query())["A"]["error"]
    editor.save(2)
    eventually(lambda: plugin.health()["status"] == "OK", within_s=10)
    assert value(plugin) == 2


def test_a_query_in_flight_is_answered_by_the_code_that_took_it(plugin: Plugin, editor: Editor) -> None:
    """A reload loses no answer."""
    slow = editor.file.read_text(encoding="utf-8").replace(
        "        return Frame", "        time.sleep(3)\n        return Frame"
    )
    editor.file.write_text(
        slow.replace("from dataclasses", "import time\nfrom dataclasses").replace("1", "5"), encoding="utf-8"
    )
    eventually(lambda: plugin.health()["message"] == "number 5", within_s=10)
    pending = plugin.send("query", request=query_request(query()))
    time.sleep(0.2)
    editor.save(6)
    eventually(lambda: value(plugin) == 6, within_s=10)

    (frame,) = pending.result(20)["responses"]["A"]["frames"]
    assert frame["fields"][1]["values"] == [5]


def test_changed_dataclasses_are_linked_into_module_js(plugin: Plugin, editor: Editor) -> None:
    """The editors in Grafana follow the code without another `gfplug dev`; other saves link nothing."""
    module = editor.file.parents[2] / "dist" / "module.js"
    assert value(plugin) == 1
    before = module.read_bytes()
    editor.save(2)
    eventually(lambda: value(plugin) == 2, within_s=10)
    text = editor.file.read_text(encoding="utf-8")
    editor.file.write_text(text.replace("    pass", "    depth: int = 3"), encoding="utf-8")

    eventually(lambda: module.read_bytes() != before, within_s=30)
    eventually(lambda: any(message.startswith("linked module.js again") for message in messages(plugin)), within_s=10)
    assert '"name":"depth"' in module.read_text(encoding="utf-8")
    assert len([message for message in messages(plugin) if "module.js" in message]) == 1


def test_a_process_that_dies_is_started_again(plugin: Plugin, editor: Editor) -> None:
    """A crash of the author's code takes a second, and the connection stays."""
    assert value(plugin) == 1
    before = set(descendants(plugin.pid))
    for pid in before:
        os.kill(pid, signal.SIGKILL)

    eventually(lambda: answers(plugin, 1), within_s=15)
    assert not before & set(descendants(plugin.pid))
    assert plugin.state()["starts"] == 1
    assert editor.file.is_file()


def test_grafana_attaches_to_a_plugin_that_runs_by_hand(host: Host, editor: Editor) -> None:
    """`gfplug dev --attach` shows a command; the process that it starts, in a terminal or debugger, answers Grafana."""
    project = editor.file.parents[2]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    done = python("gfplug", "dev", project, "--python", sys.executable, "--attach", "--address", address)
    (command,) = [line.strip() for line in done.err.splitlines() if "-standalone" in line]
    (launcher,) = (project / "dist").glob("gpx_*")
    with subprocess.Popen(["/bin/sh", "-c", f"exec env {command}"], cwd=project) as by_hand:
        try:
            plugin = host.start(launcher, restart=True)
            assert plugin.started["address"] == address
            eventually(lambda: answers(plugin, 1), within_s=20)
        finally:
            by_hand.terminate()
            assert by_hand.wait(10) == 0
