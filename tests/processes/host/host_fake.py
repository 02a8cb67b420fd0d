"""A fake plugin for the host to start, which follows a plan of each test; see `fake_plugin.py`."""

from __future__ import annotations

import base64
import json
import shlex
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf import message_factory

from gfplug.host.messages import fill, protocol
from gfplug.host.target import Target, go_platform
from gfruntime import Frame
from gfruntime.frames import arrow

if TYPE_CHECKING:
    from google.protobuf.descriptor import MethodDescriptor
    from google.protobuf.message import Message

HEALTH = "/pluginv2.Diagnostics/CheckHealth"
QUERY = "/pluginv2.Data/QueryData"
RESOURCE = "/pluginv2.Resource/CallResource"
SUBSCRIBE, RUN = "/pluginv2.Stream/SubscribeStream", "/pluginv2.Stream/RunStream"
VALIDATE, MUTATE = "/pluginv2.AdmissionControl/ValidateAdmission", "/pluginv2.AdmissionControl/MutateAdmission"
CONVERT = "/pluginv2.ResourceConversion/ConvertObjects"
_SCRIPT = Path(__file__).with_name("fake_plugin.py")


@dataclass
class Fake:
    """Makes targets from plans, and reads the requests that they got."""

    folder: Path
    proto: bytes

    def target(self, **plan: Any) -> Target:
        """Return a plugin that follows the plan; see `fake_plugin.py`."""
        path = self.folder / "plan.json"
        path.write_text(json.dumps({"record": str(self.folder / "record"), **plan}), encoding="utf-8")
        return Target(
            command=(sys.executable, str(_SCRIPT), str(path)),
            plugin_id="acme-fake-datasource",
            plugin_version="1.2.3",
            proto=self.proto,
            cwd=self.folder,
        )

    def dist(self, **plan: Any) -> str:
        """Make a dist folder whose executable is the fake plugin with a plan, and return its path."""
        folder = self.folder / "dist"
        folder.mkdir()
        manifest = {"id": "acme-fake-datasource", "name": "Fake", "executable": "gpx_fake"}
        (folder / "plugin.json").write_text(json.dumps(manifest), encoding="utf-8")
        script = folder / f"gpx_fake_{go_platform()}"
        script.write_text(f"#!/bin/sh\nexec {shlex.join(self.target(**plan).command)}\n", encoding="utf-8")
        script.chmod(0o755)
        return str(folder)

    def says(self, method: str, *values: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
        """Return the part of a plan that answers a method with messages."""
        kind = message_factory.GetMessageClass(self._method(method).output_type)
        messages = [fill(kind(), value).SerializeToString() for value in values]
        return {method: {"messages": [base64.b64encode(message).decode() for message in messages]}}

    def healthy(self, **more: Any) -> Target:
        """Return a plugin that is healthy and answers an empty query."""
        answers = {**self.says(HEALTH, {"status": 1, "message": "fine"}), **self.says(QUERY, {"responses": {}})}
        return self.target(answers=answers, **more)

    def methods(self) -> list[str]:
        """List the methods that were called, in order."""
        return [method for method, _ in self._recorded()]

    def request(self, method: str) -> Any:
        """Decode the first request of a method."""
        kind: type[Message] = message_factory.GetMessageClass(self._method(method).input_type)
        return kind.FromString(next(base64.b64decode(data) for called, data in self._recorded() if called == method))

    def _method(self, path: str) -> MethodDescriptor:
        return protocol(self.proto).method(*path.removeprefix("/pluginv2.").split("/"))

    def _recorded(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.folder / "record").read_text(encoding="utf-8").splitlines()]


def a_frame() -> bytes:
    """Encode twenty points of one series, a minute apart."""
    times = [datetime.fromtimestamp(60 * minute, UTC) for minute in range(20)]
    frame = Frame.of(time=times, value=[float(minute) for minute in range(20)], labels={"host": "a"}, name="cpu")
    return b"".join(arrow.encode(frame, ref_id="A"))
