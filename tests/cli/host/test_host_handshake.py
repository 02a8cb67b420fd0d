"""The handshake line, by go-plugin's rules."""

import pytest

from gfplug.errors import ToolError
from gfplug.host import handshake


@pytest.mark.parametrize(
    ("line", "target"),
    [
        ("1|2|unix|/tmp/plugin3141592|grpc|\n", "unix:/tmp/plugin3141592"),
        ("1|2|tcp|127.0.0.1:10000|grpc|", "127.0.0.1:10000"),
        ("1|2|tcp|127.0.0.1:43571|grpc", "127.0.0.1:43571"),
        ("  1|2|unix|/run/p|grpc||true\r\n", "unix:/run/p"),
    ],
)
def test_a_valid_handshake_line_has_the_address(line: str, target: str) -> None:
    """Lines of the Go and Rust SDKs are read, with spaces around them."""
    assert handshake.parse(line).target == target


@pytest.mark.shows("errors: something prints to stdout")
@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("Loading settings...", "wrote 'Loading settings...' to stdout where Grafana expects the handshake line"),
        ("", "wrote '' to stdout"),
        ("noise " * 10_000, "wrote 'noise noise "),
        ("2|2|unix|/tmp/p|grpc|", "core version '2', not 1"),
        ("x|2|unix|/tmp/p|grpc|", "core version 'x', not 1"),
        ("²|2|unix|/tmp/p|grpc|", "core version '²', not 1"),
        ("1|²|unix|/tmp/p|grpc|", "plugin protocol version '²', not 2"),
        ("1|" + "9" * 5000 + "|unix|/tmp/p|grpc|", "plugin protocol version '999"),
        ("1|2|tcp|localhost:²|grpc|", "TCP address 'localhost:²', not host:port"),
        ("1|1|unix|/tmp/p|grpc|", "plugin protocol version '1', not 2"),
        ("1|2|pipe|/tmp/p|grpc|", "address type 'pipe', neither unix nor tcp"),
        ("1|2|tcp|localhost|grpc|", "TCP address 'localhost', not host:port"),
        ("1|2|tcp|localhost:99999|grpc|", "TCP address 'localhost:99999', not host:port"),
        ("1|2|unix||grpc|", "names no address"),
        ("1|2|unix|/tmp/p", "protocol 'netrpc', not grpc"),
        ("1|2|unix|/tmp/p|netrpc|", "protocol 'netrpc', not grpc"),
        ("1|2|unix|/tmp/p|grpc|" + "M" * 60, "TLS certificate"),
    ],
)
def test_an_invalid_handshake_line_is_explained(line: str, sentence: str) -> None:
    """The error names each wrong part with its value, and shortens a long line."""
    with pytest.raises(ToolError) as excinfo:
        handshake.parse(line)

    assert sentence in excinfo.value.message
    assert len(excinfo.value.message) < 400
