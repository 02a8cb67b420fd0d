"""A data source that writes its secrets into every text that leaves it, as careless debugging does."""

from __future__ import annotations

import base64
import json
import logging
import os
import subprocess
import sys
import threading
import traceback
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NoReturn
from urllib.parse import quote

from gfruntime import (
    Admission,
    AdmissionRequest,
    DownstreamError,
    Frame,
    Health,
    HttpClient,
    HttpSettings,
    Query,
    QueryError,
    Request,
    Response,
    Secret,
    Settings,
    StreamRequest,
    StreamResponse,
    Ui,
    current_call,
    get_logger,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

log = get_logger()

if os.environ.get("PROBE_BROKEN"):
    raise RuntimeError(f"imported with {os.environ['GF_PLUGIN_APP_CLIENT_SECRET']}")


@dataclass(frozen=True)
class Options:
    """What the config page saves."""

    url: Annotated[str, Ui(store="url")] = ""
    place: str = ""
    token: Secret = Secret("")


@dataclass(frozen=True)
class Model:
    """How a query leaks secrets."""

    kind: str = ""


def spelled(settings: Settings[Options]) -> list[str]:
    """List the secrets in their spellings: bare, in JSON, in literals, in URLs, in headers."""
    secrets = dict(settings.secrets)
    user, password = settings.basic_auth_user, secrets.get("basicAuthPassword", "")
    call = current_call()
    headers: Mapping[str, str] = call.headers if call is not None else {}
    return [
        *secrets.values(),
        json.dumps(secrets),
        repr(secrets),
        *(f"http://example.com/?token={quote(value, safe='')}" for value in secrets.values()),
        f"Authorization: Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}",
        settings.url,
        str(dict(headers)),
        *(f"{name}: {value}" for name, value in headers.items()),
        *(line for value in secrets.values() for line in value.splitlines()),
    ]


def refuse(text: str) -> NoReturn:
    """Raise a text."""
    raise ValueError(text)


def as_text(settings: Settings[Options], *more: object) -> str:
    """Return the text of every object that an author can use."""
    call = current_call()
    config = call.context.config if call is not None else {}
    objects = (
        settings,
        settings.options,
        settings.config,
        call,
        config,
        HttpSettings.of(settings),
        HttpClient.of(settings),
    )
    return " ".join(map(repr, (*objects, *more)))


class Datasource:
    """Leaks its secrets."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Leak at once, if the options say so."""
        self.settings = settings
        if settings.options.place == "make":
            self.give_up()

    def text(self, *more: object) -> str:
        """Return all secrets in one text."""
        return "\n".join([*spelled(self.settings), as_text(self.settings, *more)])

    def give_up(self) -> NoReturn:
        """Raise with all secrets, from an exception with all secrets."""
        try:
            refuse(self.text())
        except ValueError as error:
            raise RuntimeError("because of " + self.text()) from error

    def query(self, query: Query[Model]) -> Frame:
        """Leak as the query says."""
        match query.model.kind:
            case "raise":
                self.give_up()
            case "query":
                raise QueryError(self.text(query))
            case "downstream":
                raise DownstreamError(self.text(query))
            case "log":
                self.log(query)
            case "print":
                self.print(query)
            case "thread":
                thread = threading.Thread(target=self.give_up)
                thread.start()
                thread.join()
        return Frame.of(value=[1.0])

    def log(self, query: Query[Model]) -> None:
        """Log the secrets in every way."""
        for line in (*spelled(self.settings), as_text(self.settings, query)):
            log.error(line)
            log.error("it is %s", line)
            logging.getLogger("another").warning("said", extra={"what": line, "more": {"list": [line]}, line: "a key"})
        try:
            self.give_up()
        except RuntimeError:
            log.exception("failed")
        warnings.warn(self.text(), stacklevel=1)

    def print(self, query: Query[Model]) -> None:
        """Write the secrets to the standard streams in every way."""
        text = "\n".join((*spelled(self.settings), as_text(self.settings, query)))
        for stream in (sys.stdout, sys.stderr):
            print(text, file=stream)
        for descriptor in (1, 2):
            os.write(descriptor, text.encode() + b"\n")
        for script in ("cat", "cat >&2"):
            subprocess.run(["/bin/sh", "-c", script], input=text.encode() + b"\n", check=True)
        try:
            self.give_up()
        except RuntimeError:
            traceback.print_exc()

    def query_chunked(self, query: Query[Model]) -> Iterator[Frame]:
        """Fail with all secrets after a part."""
        yield Frame.of(value=[1.0])
        raise QueryError(self.text(query))

    def check_health(self) -> Health:
        """Leak as the options say."""
        match self.settings.options.place:
            case "details":
                return Health.error(self.text(), details={"verboseMessage": self.text(), self.text(): [self.text()]})
            case "health":
                self.give_up()
        return Health.ok("well")

    def call_resource(self, request: Request) -> Response:
        """Fail with all secrets."""
        if request.path == "raise":
            self.give_up()
        raise QueryError(self.text(request))

    def subscribe_stream(self, request: StreamRequest) -> StreamResponse:
        """Fail with all secrets."""
        raise DownstreamError(self.text(request))

    def run_stream(self, request: StreamRequest) -> Iterator[object]:
        """Fail with all secrets after a packet."""
        yield 1
        raise RuntimeError(self.text(request))

    @staticmethod
    def validate_admission(request: AdmissionRequest) -> Admission:
        """Refuse with all secrets."""
        settings = request.settings
        return Admission.deny(f"{request!r} {dict(settings.secrets) if settings else ''}")
