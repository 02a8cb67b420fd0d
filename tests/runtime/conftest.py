"""Puts the runtime and its stubs on the path; has an upstream for the HTTP client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import upstreams
from few_authorities import authorities, few_authorities
from runtime_stubs import pytest_configure, stub_folder

from gfruntime.logs import masking
from gfruntime.request.incoming import enter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loginserver import Login

__all__ = [
    "authorities",
    "few_authorities",
    "login",
    "pytest_configure",
    "server",
    "stub_folder",
    "without_proxies",
]


@pytest.fixture
def server() -> Iterator[upstreams.Server]:
    """Run an upstream."""
    with upstreams.server() as running:
        yield running


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> Iterator[Login]:
    """Run an OAuth2 server, and let Authlib accept HTTP without TLS."""
    import loginserver  # noqa: PLC0415  # it takes long, for few modules

    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with loginserver.login() as running:
        yield running


@pytest.fixture
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignore the proxies of this machine."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _no_call() -> Iterator[None]:
    """Leave the call that a test has entered: later tests run in the same context."""
    yield
    enter(None)  # type: ignore[arg-type]  # as outside of any call


@pytest.fixture(autouse=True)
def _no_secrets() -> None:
    """Forget the secrets of earlier tests."""
    masking._secrets.__init__()  # type: ignore[misc]  # the functions of the module are methods of this object
