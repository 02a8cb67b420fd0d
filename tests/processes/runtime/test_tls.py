"""A process whose host asks for mutual TLS by PLUGIN_CLIENT_CERT."""

from __future__ import annotations

import base64
import ssl
from typing import TYPE_CHECKING, Any

import grpc
from children import HERE, plugin
from places import SOURCE

from gfruntime.serving.tls import self_signed

if TYPE_CHECKING:
    from pathlib import Path

CLIENT = self_signed()


def test_a_process_serves_the_host_with_the_certificate(stub_folder: Path, tmp_path: Path) -> None:
    """The line ends with the process' certificate, and gRPC answers through TLS."""
    with plugin(stub_folder, tmp_path, PLUGIN_CLIENT_CERT=CLIENT.pem) as child:
        _, _, network, address, protocol, certificate = child.line.strip().split("|")
        server = ssl.DER_cert_to_PEM_cert(base64.b64decode(certificate + "=" * (-len(certificate) % 4)))
        trust = grpc.ssl_channel_credentials(server.encode(), CLIENT.key_pem.encode(), CLIENT.pem.encode())
        options = [("grpc.ssl_target_name_override", "localhost"), ("grpc.default_authority", "localhost")]
        with grpc.secure_channel(f"{network}:{address}", trust, options) as channel:
            check: Any = channel.unary_unary("/grpc.health.v1.Health/Check")  # raw bytes, which its types don't foresee
            assert check(b"", timeout=10) == b"\x08\x01"
            assert check(b"", timeout=10, metadata=[("cookie", "c" * (1 << 20))]) == b"\x08\x01"

    assert protocol == "grpc"


def test_without_the_package_the_process_says_what_to_do(stub_folder: Path, tmp_path: Path) -> None:
    """Where cryptography is not installed, one line on stderr says so; nothing is served and nothing is left."""
    hidden, temporary = tmp_path / "hidden", tmp_path / "temporary"
    hidden.mkdir()
    temporary.mkdir()
    (hidden / "cryptography.py").write_text("raise ImportError('it is not there')", encoding="utf-8")
    path = ":".join(map(str, (hidden, HERE, SOURCE, stub_folder)))
    with plugin(stub_folder, tmp_path, PLUGIN_CLIENT_CERT=CLIENT.pem, PYTHONPATH=path, TMPDIR=str(temporary)) as child:
        status = child.process.wait(20)
        [entry] = child.logs()

    assert (status, child.line) == (1, "")
    assert entry["@level"] == "error"
    assert "cryptography (it is not there): add `cryptography` to the dependencies" in entry["@message"]
    assert list(temporary.iterdir()) == []
