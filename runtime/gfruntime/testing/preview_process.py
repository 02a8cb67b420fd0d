"""The processes behind the fixture `preview`: `gfplug preview` with its settings, and the browser."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_START_SECONDS = 180.0
_END_SECONDS = 15.0
_NO_PAGE = "the page of the preview is not installed"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
_ARGUMENTS = ("--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")
NO_PLAYWRIGHT = "install playwright: it drives the browser"


@contextmanager
def run_browser() -> Iterator[Any]:
    """Run the system's Chromium, or playwright's, for the length of a block; skip the test if both are missing."""
    api = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT)
    executable = next(filter(None, map(shutil.which, _BROWSERS)), None)
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with ExitStack() as stack:
        driver = stack.enter_context(api.sync_playwright())
        arguments = [*_ARGUMENTS, *(["--no-sandbox"] if is_root else [])]
        try:
            browser = driver.chromium.launch(executable_path=executable, args=arguments)
        except api.Error as error:
            pytest.skip(f"install Chromium: {str(error).strip().splitlines()[0]}")
        stack.callback(browser.close)
        yield browser


@contextmanager
def serve(command: str, root: Path) -> Iterator[str]:
    """Run the preview of a project for the length of a block."""
    words = [command, "preview", str(root), "--no-open", "--python", sys.executable]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603  # gfplug, where it is installed
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
        )
        try:
            url = _first_line(process)
            if not url:
                log.seek(0)
                output = log.read().decode(errors="replace").strip()
                if _NO_PAGE in output:
                    pytest.skip(f"install gfplug[preview]: {_NO_PAGE}")
                pytest.fail(f"`gfplug preview` did not start:\n{output}", pytrace=False)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()


def _first_line(process: subprocess.Popen[bytes]) -> str:
    """Return the first line that a process writes; empty if it ends, or takes too long."""
    lines: queue.Queue[bytes] = queue.Queue()
    stdout = process.stdout
    assert stdout is not None  # noqa: S101  # for mypy: it is a pipe
    threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
    try:
        return lines.get(timeout=_START_SECONDS).decode().strip()
    except queue.Empty:
        return ""


def read_settings(url: str) -> dict[str, Any]:
    """Return the data source's settings, as the page sees them: without secrets."""
    settings: dict[str, Any] = _json(f"{url}preview/boot")["settings"]
    return settings


def restore_settings(url: str, settings: Mapping[str, Any]) -> None:
    """Restore settings; a secret that a test has set stays."""
    if settings == read_settings(url):
        return
    body = json.dumps(settings).encode()
    address = f"{url}api/datasources/uid/{settings['uid']}"
    kind = {"Content-Type": "application/json"}
    _json(urllib.request.Request(address, data=body, method="PUT", headers=kind))  # noqa: S310  # the preview's own address


def _json(request: str | urllib.request.Request) -> dict[str, Any]:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        request, timeout=30
    ) as answer:  # this machine; proxies are ignored
        value: dict[str, Any] = json.loads(answer.read())
    return value
