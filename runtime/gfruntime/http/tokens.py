"""Access tokens: shared by all callers, renewed before they expire, and requested once for all waiting callers.

A token that expires soon is renewed in the background while it is still used; callers wait only if there is no token. A
renewal runs in its own thread, so a cancelled caller does not end it for other callers.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gfruntime.errors import DownstreamError, PluginError
from gfruntime.http import deadlines

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfruntime.http.middleware import HttpRequest

_LOGGER = logging.getLogger("gfruntime")

# seconds, each limited to this part of a token's lifetime
_MARGIN, _MARGIN_PART = 60.0, 1 / 4  # a token is renewed this long before its end
_JITTER_PART = 1 / 4  # random part of the margin, so that many instances do not renew at once
_FLIGHT, _FLIGHT_PART = 5.0, 1 / 20  # a token is not sent this near its end: a request takes time
_NEW_SECONDS, _NEW_PART = 5.0, 1 / 2  # a newer token is kept after a 401
_PAUSE = 1.0  # the wait after a failed renewal


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token; `lifetime` is in seconds since its request, None if unknown."""

    value: str = field(repr=False)
    lifetime: float | None = None


class Tokens:
    """The current token of one data source, for any number of threads."""

    def __init__(self, fetch: Callable[[], Token]) -> None:
        """Store `fetch`, which returns a new token, and runs in its own thread."""
        self._fetch = fetch
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._renew_at = self._dead_at = self._young_until = 0.0
        self._renewal: Future[Token] | None = None
        self._failure: Exception | None = None
        self._paused_until = 0.0

    def current(self) -> str:
        """Return a valid token; wait for one if necessary, until the current deadline.

        Raises: PluginError if no token can be requested; all waiting callers get the same error, and the next call
        tries again.
        """
        with self._lock:
            now = time.monotonic()
            if self._token is not None and now < self._dead_at:
                if now >= self._renew_at and now >= self._paused_until:
                    with contextlib.suppress(RuntimeError):  # no thread is left: the next call tries again
                        self._start()
                return self._token.value
            if self._renewal is None and self._failure is not None and now < self._paused_until:
                raise _copy(self._failure)
            renewal = self._start()
        return _await(renewal).value

    def refuse(self, value: str) -> bool:
        """Drop a token that an upstream refused with 401; tell whether another token is, or may become, available."""
        with self._lock:
            if self._token is None or self._token.value != value:
                return True
            now = time.monotonic()
            if now < self._young_until:
                return False
            self._dead_at = now
            return True

    def _start(self) -> Future[Token]:
        """Return the running renewal; start one if none runs. The lock is held."""
        if self._renewal is None:
            renewal: Future[Token] = Future()
            self._renewal = renewal
            thread = threading.Thread(target=self._renew, args=(renewal,), name="renew a token", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system has no thread left
                self._renewal = None
                raise
        return self._renewal

    def _renew(self, renewal: Future[Token]) -> None:
        began = time.monotonic()
        try:
            token = self._fetch()
        except Exception as error:  # noqa: BLE001  # raised in the threads that wait
            with self._lock:
                self._renewal, self._failure = None, error
                self._paused_until = time.monotonic() + _PAUSE
            _LOGGER.warning("No new access token: %s", error)
            renewal.set_exception(error)
            return
        lifetime = float("inf") if token.lifetime is None else max(token.lifetime, 0.0)
        margin = min(_MARGIN, lifetime * _MARGIN_PART)
        jitter = random.random() * margin * _JITTER_PART  # noqa: S311  # no secret
        with self._lock:
            self._token, self._renewal, self._failure = token, None, None
            self._renew_at = began + lifetime - margin - jitter
            self._dead_at = began + lifetime - min(_FLIGHT, lifetime * _FLIGHT_PART)
            self._young_until = began + min(_NEW_SECONDS, lifetime * _NEW_PART)
        renewal.set_result(token)


class BearerAuth:
    """An `auth` that sends the current token, and renews one that the upstream refuses."""

    def __init__(self, tokens: Tokens) -> None:
        """Store the tokens to send."""
        self._tokens = tokens

    def __call__(self, request: HttpRequest) -> dict[str, str] | None:
        """Return the header with the token; None if Grafana forwards the user's token."""
        return None if request.has_user_token else {"Authorization": f"Bearer {self._tokens.current()}"}

    def renew(self, request: HttpRequest) -> bool:
        """Drop the refused token of a request; tell whether to repeat the request."""
        return self._tokens.refuse(request.headers.get("Authorization", "").removeprefix("Bearer "))


def _await(renewal: Future[Token]) -> Token:
    """Wait for a renewal, until the current deadline."""
    deadline = deadlines.current.get()
    try:
        return renewal.result(None if deadline is None else deadline.seconds_left())
    except TimeoutError:
        raise DownstreamError("no access token arrived in time", status=504) from None
    except Exception as error:
        raise _copy(error) from error


def _copy(error: Exception) -> Exception:
    """Return a copy of a PluginError for each thread that raises it; other errors are bugs and are not copied."""
    return type(error)(str(error), error.status) if isinstance(error, PluginError) else error
