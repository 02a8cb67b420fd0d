"""A bundle contains only the transport and the clients that its code names."""

from pathlib import Path

import pytest

from gfruntime import freeze
from gfruntime.freeze import unused
from gfruntime.freeze.plain_docscrape import NumpyDocString
from gfruntime.serving import modes

GRPCIO = ("gfruntime.serving.relay", "gfruntime.serving.transport", "gfruntime.serving.undecodable", "grpc")
HTTP2 = ("gfruntime.serving.http2", "hpack")

HTTP, SQL = ("gfruntime.http",), ("gfruntime.sql",)
BOTH = (*HTTP, *SQL)


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
def test_the_program_decides_which_transport_is_left_out(tmp_path: Path, text: str, left_out: tuple[str, ...]) -> None:
    """A literal argument of `serve` decides; otherwise both transports are bundled."""
    program = tmp_path / "__main__.py"
    program.write_text(f"from gfruntime import serve\n\n{text}\n")
    assert unused.transport(program) == left_out


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("from gfruntime import Frame, Query", BOTH),
        ("from gfruntime import HttpClient", SQL),
        ("import gfruntime\n\nclient = gfruntime.AsyncHttpClient(settings)", SQL),
        ("from gfruntime import requests_session as session", SQL),
        ("from gfruntime.http.oauth2 import OAuth2", SQL),
        ("from gfruntime import http", SQL),
        ("from gfruntime.openapi.api import DescribedApi", SQL),
        ("import gfruntime.sql.database", HTTP),
        ("from gfruntime import expand_sql", HTTP),
        ("from gfruntime.sql import macros\nfrom gfruntime import HttpSettings", ()),
        ("from gfruntime import *", ()),
    ],
)
def test_only_clients_that_the_code_names_are_bundled(tmp_path: Path, text: str, left_out: tuple[str, ...]) -> None:
    """Any file of the project counts; the runtime imports clients at their first use, which PyInstaller can't see."""
    for path, code in {"plugin/__init__.py": "", "plugin/deep/one.py": text, "helper.py": "import plugin"}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(code)

    users = ["plugin.deep.one", "gfruntime.serve", "helper", str(tmp_path / "plugin" / "__main__.py")]
    assert unused.clients(tmp_path, users) == left_out


def test_a_library_that_imports_the_runtime_may_use_any_client(tmp_path: Path) -> None:
    """The code of libraries is not searched."""
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / "datasource.py").write_text("from acme import shared")

    assert unused.clients(tmp_path, ["plugin.datasource"]) == BOTH
    assert unused.clients(tmp_path, ["plugin.datasource", "acme.shared"]) == ()


@pytest.mark.shows("errors: `roots.pem` is missing in a frozen grpc")
@pytest.mark.parametrize(
    ("users", "left_out", "expected"),
    [
        ((), BOTH, False),
        (("gfruntime.serving.transport", "pluginv2.backend_pb2_grpc", "grpc.aio"), BOTH, False),
        (("gfruntime.serving.transport",), SQL, True),
        (("grpc_status.rpc_status",), BOTH, True),
        (("gfruntime.serving.transport", "plugin.datasource"), BOTH, True),
        (("opentelemetry.exporter.otlp.proto.grpc.exporter",), BOTH, True),
    ],
)
def test_a_plugin_that_uses_tls_bundles_certificate_authorities(
    users: tuple[str, ...], left_out: tuple[str, ...], *, expected: bool
) -> None:
    """Plugins with gRPC or HTTP need authorities on systems without certificates; other plugins save 0.2 MB."""
    assert unused.trusts_servers(users, left_out) is expected


def test_patches_removed_from_pyinstallers_start_are_applied_later() -> None:
    """Patches that `freeze` takes from PyInstaller's start, and does not drop, precede the author's code."""
    assert set(freeze._LATE_PATCHES) == set(modes._PATCHES)


def test_the_plain_docstring_parser_finds_no_parameters() -> None:
    """A bundle has no docstrings of options, from which pyarrow reads parameters."""
    assert NumpyDocString("Parameters\n----------\nx : int")["Parameters"] == []
