"""Two certificates in place of the system's, for tests that make many HTTP clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gfruntime.serving.tls import self_signed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a file of two certificates."""
    file = tmp_path_factory.mktemp("authorities") / "two.pem"
    file.write_text(self_signed().pem + self_signed().pem, encoding="ascii")
    return file


@pytest.fixture(scope="module", autouse=True)
def few_authorities(authorities: Path) -> Iterator[None]:
    """Let OpenSSL use two certificates as the system's: reading all 140 takes 30 ms for each client."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(authorities))
        yield
