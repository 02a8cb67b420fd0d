"""Starts the sample plugin as Grafana does and speaks gRPC with it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from google.protobuf.message import Message
from places import SOURCE
from pluginv2 import backend_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MessageT = TypeVar("MessageT", bound=Message)

HERE = Path(__file__).parent
GO_PLUGIN = {
    "grafana_plugin_type": "datasource",
    "PLUGIN_PROTOCOL_VERSIONS": "2",
    "PLUGIN_MIN_PORT": "10000",
    "PLUGIN_MAX_PORT": "25000",
}
TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$")


class Child:
    """One running plugin."""

    def __init__(self, process: subprocess.Popen[bytes], stderr: Path) -> None:
        """Read the handshake line."""
        assert process.stdout is not None
        self.process = process
        self.line = process.stdout.readline().decode()
        self._stderr = stderr
        self._channel: grpc.Channel | None = None

    @property
    def channel(self) -> Any:
        """Connect to the address of the handshake line; it passes raw bytes, which grpcio's types lack."""
        if self._channel is None:
            _, _, network, address, *_ = self.line.strip().split("|")
            options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
            options.append(("grpc.enable_http_proxy", 0))
            self._channel = grpc.insecure_channel(f"unix:{address}" if network == "unix" else address, options=options)
        return self._channel

    def call(self, method: str, request: bytes | Message, answer: type[MessageT], *, timeout: float = 20) -> MessageT:
        """Call a unary method."""
        content = request if isinstance(request, bytes) else request.SerializeToString()
        reply: bytes = self.channel.unary_unary(method)(content, timeout=timeout)
        return answer.FromString(reply)

    def start_query(self, *models: Mapping[str, Any], marker: str = "", token: str = "") -> Any:
        """Send a query, without waiting for its answer."""
        request = query_request(*models, marker=marker, token=token)
        return self.channel.unary_unary("/pluginv2.Data/QueryData").future(request.SerializeToString(), timeout=20)

    def query(self, *models: Mapping[str, Any], marker: str = "", token: str = "") -> dict[str, pb.DataResponse]:
        """Query, ref ids A, B, C ..."""
        answer = pb.QueryDataResponse.FromString(self.start_query(*models, marker=marker, token=token).result())
        return dict(answer.responses)

    def check_health(self) -> pb.CheckHealthResponse:
        """Press "Save & test"."""
        request = pb.CheckHealthRequest(pluginContext=context())
        return self.call("/pluginv2.Diagnostics/CheckHealth", request, pb.CheckHealthResponse)

    def ping(self, name: str = "plugin") -> bytes:
        """Ask go-plugin's health service."""
        message = bytes((10, len(name))) + name.encode() if name else b""
        answer: bytes = self.channel.unary_unary("/grpc.health.v1.Health/Check")(message, timeout=10)
        return answer

    def shutdown(self) -> float:
        """Call Shutdown; return the seconds until the process has ended."""
        began = time.monotonic()
        self.channel.unary_unary("/plugin.GRPCController/Shutdown")(b"", timeout=10)
        self.process.wait(10)
        return time.monotonic() - began

    def logs(self) -> list[dict[str, Any]]:
        """Read the log lines so far; each must be a JSON object of the shape that the host expects."""
        lines = self._stderr.read_bytes().splitlines(keepends=True)
        entries = [json.loads(line) for line in lines if line.endswith(b"\n")]
        for line, entry in zip(lines, entries, strict=False):
            assert len(line) <= 60 * 1024
            assert isinstance(entry["@message"], str)
            assert entry["@level"] in {"trace", "debug", "info", "warn", "error"}
            assert TIMESTAMP.match(entry["@timestamp"])
        return entries


@contextmanager
def plugin(
    stubs: Path, folder: Path, *, kind: str = "", descriptor: int | None = None, **environment: str
) -> Iterator[Child]:
    """Start the sample with go-plugin's variables and the module path; stderr goes to a file, or to the descriptor."""
    path = ":".join(map(str, (HERE, SOURCE, stubs)))
    stderr = folder / "stderr"
    with stderr.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "fixtures.sample_main"],
            env={**GO_PLUGIN, "PYTHONPATH": path, "SAMPLE": kind, "TMPDIR": str(folder), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=file if descriptor is None else descriptor,
            cwd=folder,
        )
    with running(process, stderr) as child:
        yield child


@contextmanager
def running(process: subprocess.Popen[bytes], stderr: Path) -> Iterator[Child]:
    """Yield a started plugin, and end it."""
    child = Child(process, stderr)
    try:
        yield child
    finally:
        if child._channel is not None:
            child._channel.close()
        process.kill()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


def context(*, marker: str = "", token: str = "", uid: str = "u1", **options: object) -> pb.PluginContext:
    """Describe a configured data source; another marker or token means another time of change."""
    settings = pb.DataSourceInstanceSettings(
        uid=uid,
        name="my source",
        jsonData=json.dumps({"marker": marker, **options}).encode(),
        decryptedSecureJsonData={"token": token} if token else {},
        lastUpdatedMS=len(marker) + len(token),
    )
    return pb.PluginContext(pluginId="acme-sample-datasource", orgId=1, dataSourceInstanceSettings=settings)


def query_request(*models: Mapping[str, Any], marker: str = "", token: str = "") -> pb.QueryDataRequest:
    """Put one query per model into a request."""
    queries = [pb.DataQuery(refId=chr(ord("A") + i), json=json.dumps(model).encode()) for i, model in enumerate(models)]
    return pb.QueryDataRequest(pluginContext=context(marker=marker, token=token), queries=queries)
