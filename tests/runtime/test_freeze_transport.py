"""A bundle holds the transport that its program names, and not the other one."""

from pathlib import Path

import pytest

from gfruntime import freeze
from gfruntime.freeze import asks_by_grpc, unused_transport
from gfruntime.freeze.plain_docscrape import NumpyDocString
from gfruntime.serving import modes

GRPCIO = ("gfruntime.serving.relay", "gfruntime.serving.transport", "gfruntime.serving.undecodable", "grpc")
HTTP2 = ("gfruntime.serving.http2", "hpack")


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("serve(load)", HTTP2),
        ("serve(load, threads=8)", HTTP2),
        ('serve(load, transport="grpcio")', HTTP2),
        ('gfruntime.serve(load, transport="http2")', GRPCIO),
        ("serve(load, transport=chosen())", ()),
        ('if x:\n    serve(load, transport="http2")\nelse:\n    serve(load, transport="grpcio")', ()),
        ('serve(load, transport="other")', ()),
        ("serve(load, **options)", ()),
    ],
)
def test_the_program_says_which_one(tmp_path: Path, text: str, left_out: tuple[str, ...]) -> None:
    """By a literal argument of `serve`; where that can't be read, both are there."""
    program = tmp_path / "__main__.py"
    program.write_text(f"from gfruntime import serve\n\n{text}\n")
    assert unused_transport(program) == left_out


@pytest.mark.parametrize(
    ("users", "expected"),
    [
        ((), False),
        (("gfruntime.serving.transport", "pluginv2.backend_pb2_grpc", "grpc.aio"), False),
        (("grpc_status.rpc_status",), True),
        (("gfruntime.serving.transport", "plugin.datasource"), True),
        (("opentelemetry.exporter.otlp.proto.grpc.exporter",), True),
    ],
)
def test_who_asks_by_grpc_has_its_authorities(users: tuple[str, ...], *, expected: bool) -> None:
    """A plugin that only answers by it has none: 0.2 MB of each archive."""
    assert asks_by_grpc(users) is expected


def test_patches_that_leave_the_start_are_applied_later() -> None:
    """Each that `freeze` takes from PyInstaller's start, and does not drop, is imported before the author's code."""
    assert set(freeze._LATER) == set(modes._PATCHES)


def test_docstrings_that_a_bundle_reads_have_no_section() -> None:
    """The parameters of its options are what pyarrow asks for."""
    assert NumpyDocString("Parameters\n----------\nx : int")["Parameters"] == []
