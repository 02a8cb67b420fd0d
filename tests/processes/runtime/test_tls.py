"""A process whose host asks for mutual TLS by PLUGIN_CLIENT_CERT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from children import HERE, plugin
from places import SOURCE

from gfruntime.serving.tls import self_signed

if TYPE_CHECKING:
    from pathlib import Path

CLIENT = self_signed()


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
