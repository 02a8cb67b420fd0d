"""The whole `gfplug preview`: a project's source behind the page's server, saves, and the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from processes import alive
from projects import new_project

from gfplug.bundle.preview_session import PreviewOptions, open_preview
from gfplug.errors import ToolError, UsageError
from gfplug.host.preview.page_files import PageFiles

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform == "win32", reason="processes are told apart by /proc or ps"),
]
PYTHON = Path(sys.executable)
BODY = {"queries": [{"refId": "A", "signal": "square", "series": 2}], "from": "now-10m", "to": "now"}
SLOWEST_SAVE_S = 5.0
"""An idle machine takes half a second."""


class Page:
    """Sends requests and receives events, as a page does."""

    def __init__(self, url: str) -> None:
        """Begin at an address."""
        self.url = url

    def ask(self, path: str, body: Any = None, *, method: str | None = None) -> tuple[int, Any]:
        """Request a path below the token, and return the status and the JSON, or the bytes, of the answer."""
        data = None if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, kind, method=method)  # noqa: S310 - the preview's own
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, content = error.code, error.read()
        return status, json.loads(content) if content[:1] in (b"{", b"[") else content

    def boot(self) -> dict[str, Any]:
        """Return the page's start data, after module.js was built or failed to build."""
        while True:
            _, boot = self.ask("preview/boot")
            if boot["plugin"]["module"] or boot["plugin"]["problem"]:
                return dict(boot)
            time.sleep(0.05)

    def __enter__(self) -> Self:
        """Start to receive events."""
        self._events = urllib.request.urlopen(f"{self.url}preview/events", timeout=30)  # noqa: S310 - as above
        self.wait_for("hello")
        return self

    def __exit__(self, *_: object) -> None:
        """Stop receiving events."""
        self._events.close()

    def wait_for(self, event: str, **values: Any) -> dict[str, Any]:
        """Return the next event of a kind whose value has these keys."""
        kind = ""
        for line in self._events:
            name, _, text = line.decode().rstrip("\n").partition(": ")
            kind = text if name == "event" else kind
            if name == "data" and kind == event:
                value: dict[str, Any] = json.loads(text)
                if values.items() <= value.items():
                    return value
        raise AssertionError(f"no {event} came")


@pytest.fixture
def page_files(tmp_path: Path) -> PageFiles:
    """Make a page of one line."""
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("<!doctype html><title>page</title>", encoding="utf-8")
    return PageFiles(folder=tmp_path / "page", version="13.2.2", versions=("13.2.2",))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a project."""
    return new_project(tmp_path / "acme-sales-datasource")


@pytest.fixture
def page(root: Path, page_files: PageFiles) -> Iterator[Page]:
    """Run the preview of a project, and open its page."""
    options = PreviewOptions(target=root, python=PYTHON)
    with open_preview(options, page=page_files) as running, Page(running.url) as opened:
        yield opened


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_projects_source_is_shown_and_follows_its_saves(page: Page, root: Path) -> None:
    """It answers queries, health, resources, module.js, then follows saves of dataclasses, hooks.js and data source."""
    status, answer = page.ask("api/ds/query", BODY)
    assert status == 200
    assert len(answer["results"]["A"]["frames"][0]["schema"]["fields"]) == 3
    boot = page.boot()
    assert boot["plugin"]["problem"] is None
    assert (boot["runs"], boot["plugin"]["id"]) == ("source", "acme-sales-datasource")
    uid = boot["settings"]["uid"]
    assert page.ask(f"api/datasources/uid/{uid}/health")[1]["status"] == "OK"
    assert page.ask(f"api/datasources/uid/{uid}/resources/signals")[1] == ["sine", "sawtooth", "square", "noise"]
    assert b"define(" in page.ask(boot["plugin"]["module"])[1]
    (rule,) = page.ask("preview/alerts", {})[1]["rules"]
    assert sorted(each["state"] for each in rule["instances"]) == ["ALERTING", "NORMAL"]
    page.ask(f"api/datasources/uid/{uid}", {"jsonData": {"seed": 7}}, method="PUT")

    code = root / "src" / "plugin" / "datasource.py"
    saved_at = time.perf_counter()
    _edit(code, "amplitude: ", "height: int = 3\n    amplitude: ")
    ready = page.wait_for("reload", state="ready", code=True)
    page.ask(ready["module"])
    page.ask("api/ds/query", BODY)
    took_s = time.perf_counter() - saved_at
    assert (ready["code"], ready["module"] != boot["plugin"]["module"]) == (True, True)
    assert b'"height"' in page.ask(ready["module"])[1]
    assert took_s < SLOWEST_SAVE_S
    assert page.ask("preview/boot")[1]["settings"]["jsonData"] == {"seed": 7}

    code.write_text(code.read_text(encoding="utf-8") + "\nraise RuntimeError('half')\n", encoding="utf-8")
    failed = page.wait_for("reload", state="failed")
    assert "half" in failed["message"]
    status, answer = page.ask("api/ds/query", BODY)
    assert status == 200
    assert "the last working code still answers" in str(answer["results"]["A"]["frames"][0]["schema"]["meta"])
    _edit(code, "\nraise RuntimeError('half')\n", "\n")
    page.wait_for("reload", state="ready", code=True)

    (root / "frontend" / "hooks.js").write_text("exports.note = 'mine';\n", encoding="utf-8")
    hooked = page.wait_for("reload", state="ready")
    assert b"'mine'" in page.ask(hooked["module"])[1]

    _edit(root / "provisioning" / "datasources" / "datasource.yaml", "seed: 0", "seed: 5")
    assert page.wait_for("settings")["jsonData"] == {"seed": 5}
    assert page.wait_for("reload", state="ready")["settings"] is True


def test_a_plugin_that_ends_is_started_again(root: Path, page_files: PageFiles) -> None:
    """The page gets both events, and errors with the reason in between; at the end no process is left."""
    pids: list[int] = []
    others = _children()
    options = PreviewOptions(target=root, python=PYTHON)
    with open_preview(options, page=page_files) as running, Page(running.url) as page:
        page.ask("api/ds/query", BODY)
        pids += _children(without=others)
        os.kill(pids[0], signal.SIGKILL)
        assert "ended: killed by SIGKILL" in page.wait_for("down")["message"]
        assert page.ask("api/ds/query", BODY)[0] in (200, 503)
        page.wait_for("up")
        assert page.ask("api/ds/query", BODY)[0] == 200
        pids += _children(without=others)

    deadline = time.monotonic() + 10
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(pids) > 1
    assert not [pid for pid in pids if alive(pid)]


def test_the_command_prints_the_address_and_ends_with_ctrl_c(root: Path, tmp_path: Path) -> None:
    """Stdout has nothing else, the status is 0, and no process of the plugin is left."""
    assets = tmp_path / "packages" / "gfplug_preview" / "assets" / "13.2.2"
    assets.mkdir(parents=True)
    (assets / "index.html").write_text("<!doctype html><title>page</title>", encoding="utf-8")
    (assets.parents[1] / "__init__.py").write_text("", encoding="utf-8")
    command = [sys.executable, "-m", "gfplug", "preview", str(root), "--no-open", "--python", sys.executable]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "packages")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True)
    try:
        assert process.stdout is not None
        page = Page(process.stdout.readline().strip())
        assert page.ask("")[1] == b"<!doctype html><title>page</title>"
        assert page.ask("api/ds/query", BODY)[0] == 200
        children = _children(process.pid)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()

    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err
    assert children
    deadline = time.monotonic() + 5
    while any(alive(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in children if alive(pid)]


def test_a_used_port_and_a_missing_page_are_one_sentence_each(root: Path, page_files: PageFiles) -> None:
    """The errors come before and after the start of the plugin."""
    options = PreviewOptions(target=root, python=PYTHON)
    with open_preview(options, page=page_files) as running:
        port = int(running.url.split(":")[2].partition("/")[0])
        with (
            pytest.raises(UsageError, match=f"--port {port}"),
            open_preview(PreviewOptions(target=root, python=PYTHON, port=port), page=page_files),
        ):
            pass
    with (
        pytest.raises((ToolError, UsageError), match="page"),
        open_preview(PreviewOptions(target=root, python=PYTHON, grafana="1.0.0")),
    ):
        pass


def _children(parent: int | None = None, *, without: Collection[int] = ()) -> list[int]:
    """List the descendants of a process; without an argument, those of this process.

    `without` are processes of other tests that still run. Process ids restart after 32,768; their order has no meaning.
    """
    lines = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in lines.splitlines()]
    children: list[int] = []
    level = {parent or os.getpid()}
    while level:
        level = {pid for pid, above in pairs if above in level} - {*children, *without}
        children += sorted(level)
    return [pid for pid in children if alive(pid)]
