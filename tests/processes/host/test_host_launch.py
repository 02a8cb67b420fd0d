"""A plugin process from its start to its end, with all failures between."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from processes import alive

from gfplug.errors import ToolError
from gfplug.host.launch import Ending, launch
from gfplug.host.target import Target, environment

if TYPE_CHECKING:
    from host_fake import Fake


def _plugin_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("plugin-")]


def test_a_plugin_answers_and_ends_by_itself(fake: Fake) -> None:
    """Handshake, stdio stream, health check and shutdown work; the exit code is 0, and no process or thread is left."""
    endings: list[Ending] = []
    with launch(fake.healthy(), ended=endings.append) as plugin:
        health = plugin.check_health()
        pid = plugin.process.pid

    assert (health.status, health.message) == ("OK", "fine")
    assert plugin.handshake_ms > 0
    assert endings[0].problem == ""
    assert endings[0].exit_code == 0
    assert set(fake.methods()) == {
        "/plugin.GRPCStdio/StreamStdio",
        "/pluginv2.Diagnostics/CheckHealth",
        "/plugin.GRPCController/Shutdown",
    }
    assert not alive(pid)
    assert _plugin_threads() == []


def test_a_plugin_on_tcp_is_reached_whatever_proxy_is_set(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin gets the environment's proxy, but the host connects without it."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("grpc_proxy", "http://127.0.0.1:9")
    with launch(fake.healthy(network="tcp")) as plugin:
        assert plugin.check_health(timeout=10).status == "OK"


@pytest.mark.shows("errors: the host's environment")
def test_a_plugin_sees_grafanas_environment_and_nothing_else(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the cookie, go-plugin's and Grafana's variables, an empty stdin and the caller's folder, but no PATH."""
    monkeypatch.setenv("GF_PLUGIN_LIMIT", "7")
    monkeypatch.setenv("GF_SECURITY_ADMIN_PASSWORD", "hush")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    environment_file = fake.folder / "environment.json"
    with launch(fake.healthy(environment=str(environment_file))):
        pass
    surroundings = json.loads(environment_file.read_text(encoding="utf-8"))
    surroundings["env"].pop("LC_CTYPE", None)  # Python sets it for itself

    assert surroundings["stdin"] == ""
    assert Path(surroundings["cwd"]) == fake.folder
    assert surroundings["env"].pop("GF_VERSION")
    assert surroundings["env"] == {
        "grafana_plugin_type": "datasource",
        "PLUGIN_PROTOCOL_VERSIONS": "2",
        "PLUGIN_MIN_PORT": "10000",
        "PLUGIN_MAX_PORT": "25000",
        "GF_PLUGIN_VERSION": "1.2.3",
        "GF_PLUGIN_LIMIT": "7",
        "HTTPS_PROXY": "http://proxy:3128",
    }


def test_variables_of_the_target_replace_those_of_the_environment() -> None:
    """The PYTHONPATH of a plugin from source stays in the reduced environment."""
    target = Target(command=("x",), plugin_id="x", proto=b"", env={"PYTHONPATH": "src", "GF_VERSION": "9"})

    assert environment(target, {"PYTHONPATH": "theirs"})["PYTHONPATH"] == "src"
    assert environment(target, {})["GF_VERSION"] == "9"


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ({"noise": "Welcome to my plugin!\n"}, "wrote 'Welcome to my plugin!' to stdout"),
        ({"exit_early": 3}, "ended before its handshake line: exit code 3"),
        ({"noise": "half a line", "exit_early": 1}, "wrote 'half a line' to stdout"),
        ({"line": "1|3|unix|/tmp/p|grpc|\n"}, "plugin protocol version '3', not 2"),
    ],
)
def test_a_failed_handshake_is_a_sentence_with_the_log(fake: Fake, plan: dict[str, Any], sentence: str) -> None:
    """The error has the reason and the plugin's stderr, and the process has ended."""
    target = fake.target(stderr="Traceback (most recent call last):\nBoom: it broke\n", **plan)
    with pytest.raises(ToolError) as caught, launch(target):
        pass

    assert sentence in caught.value.message
    assert "Boom: it broke" in caught.value.details
    assert _plugin_threads() == []


def test_a_plugin_without_a_handshake_line_is_killed_after_a_timeout(fake: Fake) -> None:
    """The wait for the handshake line is bounded, and the process is killed."""
    start = time.monotonic()
    with pytest.raises(ToolError) as caught, launch(fake.target(delay=60), timeout=0.5):
        pass

    assert "no handshake line within 0.5 s" in caught.value.message
    assert time.monotonic() - start < 10


def test_a_plugin_that_does_not_listen_at_its_address_is_reported(fake: Fake) -> None:
    """The error has the address."""
    target = fake.target(line="1|2|unix|/nonexistent/socket|grpc|\n")
    with pytest.raises(ToolError) as caught, launch(target) as plugin:
        plugin.check_health(timeout=10)

    assert "no answer on unix /nonexistent/socket" in caught.value.message


def test_a_program_that_cannot_be_started_is_named(fake: Fake) -> None:
    """The path does not exist."""
    path = fake.folder / "gpx_x"
    target = Target(command=(str(path),), plugin_id="x", proto=fake.proto)
    with pytest.raises(ToolError, match=f"{path} cannot be started"), launch(target):
        pass


def test_the_error_for_a_crash_in_a_call_has_the_signal_and_stderr(fake: Fake) -> None:
    """The error has the signal and stderr."""
    target = fake.target(answers={"/pluginv2.Diagnostics/CheckHealth": {"die": int(signal.SIGKILL)}})
    with pytest.raises(ToolError) as caught, launch(target) as plugin:
        plugin.check_health(timeout=10)

    assert "died while it answered Diagnostics.CheckHealth: killed by SIGKILL" in caught.value.message
    assert "about to die" in caught.value.details


def test_a_plugin_that_ends_badly_is_reported(fake: Fake) -> None:
    """The report has its exit code; a plugin that ignores the shutdown is killed after two seconds."""
    endings: list[Ending] = []
    with launch(fake.healthy(shutdown="ignore"), ended=endings.append) as plugin:
        pid = plugin.process.pid
    with launch(fake.healthy(exit=4), ended=endings.append):
        pass

    assert "exit code 4" in endings[1].problem
    assert endings[0].was_killed
    assert "had to be killed" in endings[0].problem
    assert 1.5 < endings[0].seconds < 10
    assert not alive(pid)


@pytest.mark.parametrize("orphan", ["near", "far"])
def test_a_descendant_that_holds_the_pipes_is_reported(fake: Fake, orphan: str) -> None:
    """Grafana would wait forever for it; this host does not, whether it is in the process group or not."""
    endings: list[Ending] = []
    start = time.monotonic()
    with launch(fake.healthy(orphan=orphan), ended=endings.append):
        pass
    if orphan == "far":  # neither the host nor Grafana can reach it
        os.kill(int((fake.folder / "orphan").read_text(encoding="utf-8")), signal.SIGKILL)

    assert endings[0].left_descendants
    assert "kept the ended plugin's output open" in endings[0].problem
    assert time.monotonic() - start < 15
    assert _plugin_threads() == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_exception_in_the_block_leaves_no_process(fake: Fake, error: type[BaseException]) -> None:
    """The plugin is ended, and the exception is raised."""
    pids: list[int] = []

    def block() -> None:
        with launch(fake.healthy()) as plugin:
            pids.append(plugin.process.pid)
            raise error

    with pytest.raises(error):
        block()

    assert not alive(pids[0])
    assert _plugin_threads() == []


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts file descriptors in /proc")
def test_starting_many_plugins_leaks_no_descriptor(fake: Fake) -> None:
    """A leak would be at least one per plugin; the few that gRPC opens for itself are not."""
    counts, plugins = [], 12
    for _ in range(plugins):
        with launch(fake.healthy()) as plugin:
            plugin.check_health()
        counts.append(len(list(Path("/proc/self/fd").iterdir())))

    assert counts[-1] - counts[1] < plugins - 2, counts


def test_what_is_printed_after_the_handshake_does_no_harm(fake: Fake) -> None:
    """Grafana ignores it, too."""
    with launch(fake.healthy(late_noise="debugging\n" * 20_000)) as plugin:
        assert plugin.check_health().status == "OK"
