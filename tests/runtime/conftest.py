"""The runtime and its stubs on the path; an upstream for the HTTP client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import upstreams
from runtime_stubs import pytest_configure, stub_folder

from gfruntime.request.incoming import enter

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["outside_of_calls", "pytest_configure", "server", "stub_folder"]


@pytest.fixture
def server() -> Iterator[upstreams.Server]:
    """Run an upstream."""
    with upstreams.server() as running:
        yield running


@pytest.fixture
def outside_of_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the call that another test has entered, and the proxies of this machine."""
    enter(None)  # type: ignore[arg-type]  # as outside of any call
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
