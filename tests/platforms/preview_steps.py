"""The step with `gfplug preview`: its server, and the plugin behind it. The page is empty."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.request
from typing import TYPE_CHECKING

from expectations import MILLISECONDS, StepError, check_sine, gone
from processlist import Family

if TYPE_CHECKING:
    from journey import Journey

_QUERY = {"queries": [{"refId": "A", "signal": "sine"}], "from": "now-1h", "to": "now"}


def gfplug_dead(journey: Journey) -> str:
    """Run the preview, query the plugin through it, kill gfplug hard; the plugin's processes end soon."""
    package = journey.folder / "page" / "gfplug_preview"
    page = package / "assets" / "13.2.3"
    page.mkdir(parents=True, exist_ok=True)
    for file in (package / "__init__.py", page / "index.html"):
        file.write_bytes(b"")
    family = Family(journey.folder)
    log = journey.folder / "preview.log"
    with log.open("wb") as output:
        preview = subprocess.Popen(
            [sys.executable, "-m", "gfplug", "preview", str(journey.project), "--no-open"],
            env=os.environ | {"PYTHONPATH": str(package.parent)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
        )
    impatience = threading.Timer(journey.patience_s, preview.kill)
    impatience.start()
    try:
        assert preview.stdout is not None  # for mypy: it is a pipe
        url = preview.stdout.readline().decode().strip()
        if not url:
            raise StepError(f"no address: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
        detail = _ask(url)
        detail += f", {len(family.members())} processes"
    finally:
        impatience.cancel()
        preview.kill()
        preview.wait(20)
    return detail + gone(family, "gfplug's death")


def _ask(url: str) -> str:
    """Send a query through the preview's server as its page does."""
    request = urllib.request.Request(  # noqa: S310  # the preview's own address
        f"{url}api/ds/query", json.dumps(_QUERY).encode(), {"Content-Type": "application/json"}
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # this machine, without a proxy
    with direct.open(request, timeout=120) as response:
        reply = json.loads(response.read())["results"]["A"]
    (frame,) = reply["frames"]
    times, values = frame["data"]["values"]
    return check_sine([moment / MILLISECONDS for moment in times], values)
