"""A plugin process that follows a plan in a JSON file: bytes in, bytes out, and misbehaviour on demand.

It is started like a plugin, so its environment is reduced; the file's path is its only argument. It imports
nothing of gfplug.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent import futures
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAN: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
UNARY = {
    "/pluginv2.Diagnostics/CheckHealth",
    "/pluginv2.Data/QueryData",
    "/pluginv2.Stream/SubscribeStream",
    "/pluginv2.AdmissionControl/ValidateAdmission",
    "/pluginv2.AdmissionControl/MutateAdmission",
    "/pluginv2.ResourceConversion/ConvertObjects",
}
STREAMS = {"/pluginv2.Resource/CallResource", "/pluginv2.Stream/RunStream", "/pluginv2.Data/QueryChunkedData"}
SHUTDOWN = "/plugin.GRPCController/Shutdown"
STDIO = "/plugin.GRPCStdio/StreamStdio"


def note(method: str, request: bytes) -> None:
    """Record a request for the test."""
    if "record" in PLAN:
        with Path(PLAN["record"]).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps([method, base64.b64encode(request).decode()]) + "\n")


def obey(method: str, context: grpc.ServicerContext) -> list[bytes]:
    """Follow the plan for one call."""
    answer = PLAN.get("answers", {}).get(method)
    if answer is None:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"no {method}")
    if "die" in answer:
        sys.stderr.write("about to die\n")
        sys.stderr.flush()
        os.kill(os.getpid(), answer["die"])
    time.sleep(answer.get("sleep", 0))
    if "code" in answer:
        context.abort(grpc.StatusCode[answer["code"]], answer.get("details", ""))
    return [base64.b64decode(message) for message in answer["messages"]]


class Handlers(grpc.GenericRpcHandler):
    """Serves every method of the plan."""

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        """Return the handler of one method."""
        method = details.method
        if method in UNARY:
            return grpc.unary_unary_rpc_method_handler(lambda request, context: self.one(method, request, context))
        if method in STREAMS:
            return grpc.unary_stream_rpc_method_handler(
                lambda request, context: iter(self.several(method, request, context))
            )
        if method == SHUTDOWN and PLAN.get("shutdown") != "missing":
            return grpc.unary_unary_rpc_method_handler(self.shutdown)
        if method == STDIO:
            return grpc.unary_stream_rpc_method_handler(self.stdio)
        return None

    def one(self, method: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer with one message."""
        note(method, request)
        return obey(method, context)[0]

    def several(self, method: str, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Answer with a stream."""
        note(method, request)
        return iter(obey(method, context))

    def stdio(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Record that the stream was opened, and end it."""
        del context
        note(STDIO, request)
        return iter(())

    def shutdown(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """End soon, or never."""
        del context
        note(SHUTDOWN, request)
        if PLAN.get("shutdown") != "ignore":
            threading.Timer(0.05, os._exit, [PLAN.get("exit", 0)]).start()
        return b""


def main() -> None:
    """Misbehave before the handshake as planned, else serve."""
    if "environment" in PLAN:
        Path(PLAN["environment"]).write_text(
            json.dumps({"env": dict(os.environ), "cwd": str(Path.cwd()), "stdin": sys.stdin.read()}), encoding="utf-8"
        )
    sys.stderr.write(PLAN.get("stderr", ""))
    sys.stderr.flush()
    sys.stdout.write(PLAN.get("noise", ""))
    sys.stdout.flush()
    time.sleep(PLAN.get("delay", 0))
    if "exit_early" in PLAN:
        sys.exit(PLAN["exit_early"])
    if PLAN.get("orphan"):  # a descendant that keeps the pipes open, as a forgotten worker does
        command = [sys.executable, "-c", "import time; time.sleep(60)"]
        child = subprocess.Popen(command, start_new_session=PLAN["orphan"] == "far")
        Path(sys.argv[1]).with_name("orphan").write_text(str(child.pid), encoding="utf-8")
    serve()


def serve() -> None:
    """Serve until the process is ended."""
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((Handlers(),))
    if PLAN.get("network") == "tcp":
        where = f"tcp|127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    else:
        path = Path(tempfile.mkdtemp(dir=Path(sys.argv[1]).parent)) / "socket"
        server.add_insecure_port(f"unix:{path}")
        where = f"unix|{path}"
    server.start()
    sys.stdout.write(PLAN.get("line", f"1|2|{where}|grpc|\n"))
    sys.stdout.flush()
    sys.stdout.write(PLAN.get("late_noise", ""))
    sys.stdout.flush()
    server.wait_for_termination()


main()
