"""No secret leaves the plugin in a log, an error, a status, a detail or a repr, for any code of the author."""

from __future__ import annotations

import base64
import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from commands import python
from hostclient import HostError
from messages import context, query, settings
from processes import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from hostclient import Host, Plugin
    from programs import Programs

CLIENT_SECRET = "gl-client-5ecret-Nine"  # noqa: S105  # all of these are made up
SECRETS = {
    "token": "tok/en+Xq7=zeta&%ü",
    "basicAuthPassword": 'pa"ss\\word-Kilo',
    "httpHeaderValue1": "header-value-Whisky",
    "tlsClientKey": "-----BEGIN PRIVATE KEY-----\nTUlJRXZRSUJBREFOQmdrcWhr\nQzJWtRm94dHJv\n-----END PRIVATE KEY-----",
}
URL_PASSWORD = "p%40ss-in-url-Tango"  # noqa: S105
HEADERS = {
    "Authorization": "Bearer bearer-token-Quebec",
    "X-Id-Token": "id-token-Romeo",
    "Cookie": "theme=dark; grafana_session=session-value-Sierra",
    "http_X-Ds-Authorization": "ds-authorization-Uniform",
}
NEEDLES = [
    "Xq7", "ss\\word-Kilo", "word-Kilo", "value-Whisky", "TUlJRXZRSUJBREFOQmdrcWhr", "QzJWtRm94dHJv", "url-Tango",
    "token-Quebec", "token-Romeo", "value-Sierra", "authorization-Uniform", CLIENT_SECRET, "client-5ecret",
    base64.b64encode(b'ada:pa"ss\\word-Kilo').decode(), quote(SECRETS["token"], safe=""),
]  # fmt: skip
"""Texts that must not appear anywhere: distinctive parts of the secrets."""


def source(place: str = "", **more: Any) -> dict[str, Any]:
    """Describe a data source that has secrets in every place."""
    url = f"http://ada:{URL_PASSWORD}@api.example"
    options = {"place": place, "httpHeaderName1": "X-Key", "tlsAuth": True, "url": url}
    configured = settings(options, secrets=SECRETS, url=url, uid=f"leaky-{place}")
    return {**configured, "basicAuthEnabled": True, "basicAuthUser": "ada", **more}


def asks(place: str = "") -> dict[str, Any]:
    """Describe the plugin context, with Grafana's secrets."""
    config = {"GF_PLUGIN_APP_CLIENT_SECRET": CLIENT_SECRET}
    return context(source(place), grafanaConfig=config)


def leaks(text: str) -> list[str]:
    """List the secrets that a text contains."""
    return [needle for needle in NEEDLES if needle in text]


def answer_text(plugin: Plugin, op: str, **request: Any) -> str:
    """Make a call, and return the text of all that the host gets: its answer, or its failure."""
    try:
        return json.dumps(plugin.ask(op, request=request), ensure_ascii=False)
    except HostError as failure:
        return f"{failure} {failure.message} {failure.source}"


@pytest.fixture
def leaky(host: Host, programs: Programs) -> Plugin:
    """Run the data source that leaks its secrets."""
    command = programs.probe("leaky")
    return host.start(command, record_stdout=True, env={"GF_PLUGIN_APP_CLIENT_SECRET": CLIENT_SECRET})


@pytest.mark.shows("faults: User code tells its secrets")
def test_no_answer_tells_a_secret(leaky: Plugin) -> None:
    """Errors, statuses, details and refusals each show that a secret was masked, and none shows the secret."""
    kinds = [query(f"Q{at}", kind=kind) for at, kind in enumerate(("raise", "query", "downstream"))]
    request = {"pluginContext": asks(), "headers": HEADERS}
    answers = {
        "query": answer_text(leaky, "query", **request, queries=kinds),
        "chunks": answer_text(leaky, "query_chunked", **request, queries=[query()]),
        "details": answer_text(leaky, "check_health", pluginContext=asks("details"), headers=HEADERS),
        "health": answer_text(leaky, "check_health", pluginContext=asks("health"), headers=HEADERS),
        "made": answer_text(leaky, "check_health", pluginContext=asks("make"), headers=HEADERS),
        "make": answer_text(leaky, "query", pluginContext=asks("make"), headers=HEADERS, queries=[query()]),
        "resource": resource(leaky, "error"),
        "resource that fails": resource(leaky, "raise"),
        "subscribe": answer_text(leaky, "subscribe", pluginContext=asks(), path="x", headers=HEADERS),
        "stream": answer_text(leaky, "run_stream", pluginContext=asks(), path="x", headers=HEADERS),
        "admission": answer_text(
            leaky, "validate", pluginContext=asks(), objectBytes=base64.b64encode(json.dumps(SECRETS).encode()).decode()
        ),
    }

    assert {name: leaks(text) for name, text in answers.items() if leaks(text)} == {}
    assert [name for name, text in answers.items() if "***" not in text] == ["resource that fails"]


def resource(plugin: Plugin, path: str) -> str:
    """Call a resource, and return its answer as text."""
    headers = {name.removeprefix("http_"): {"values": [value]} for name, value in HEADERS.items()}
    parts = plugin.ask("resource", request={"pluginContext": asks(), "path": path, "url": path, "headers": headers})
    return json.dumps(parts) + "".join(base64.b64decode(part["body"]).decode() for part in parts["parts"])


@pytest.mark.shows("protocol 45", "faults: User code tells its secrets")
@pytest.mark.parametrize("kind", ["log", "print", "raise", "query", "thread"])
def test_no_log_tells_a_secret(leaky: Plugin, kind: str) -> None:
    """After logs, prints, warnings and exceptions stdout has only the handshake, and stderr has no secret."""
    request = {"pluginContext": asks(), "headers": HEADERS}
    leaky.ask("query", request={**request, "queries": [query(kind=kind)]})
    for place in ("health", "make", "details"):
        leaky.health(source(place))
    eventually(lambda: "***" in leaky.stderr(), within_s=5)
    leaky.kill()

    assert leaks(leaky.stderr()) == []
    assert leaks(leaky.state()["stdout"]) == []
    assert leaks(json.dumps(leaky.logs(), ensure_ascii=False)) == []


@pytest.mark.shows("faults: User code tells its secrets")
def test_a_broken_import_tells_no_secret_of_the_environment(host: Host, programs: Programs) -> None:
    """Grafana passes some secrets as environment variables; the error of an import does not show them."""
    command = programs.probe("leaky")
    plugin = host.start(command, env={"PROBE_BROKEN": "1", "GF_PLUGIN_APP_CLIENT_SECRET": CLIENT_SECRET})
    health, answers = plugin.health(), plugin.query(query())
    plugin.kill()

    assert "imported with ***" in health["message"]
    assert leaks(json.dumps([health, answers]) + plugin.stderr()) == []


@pytest.mark.shows("faults: User code tells its secrets")
@pytest.mark.parametrize(
    "words",
    [
        ["health"],
        ["resource", "error"],
        *(["query", "--model", json.dumps({"kind": kind})] for kind in ("log", "raise", "print")),
    ],
    ids=["health", "resource", "log", "raise", "print"],
)
def test_the_command_line_tells_no_secret(programs: Programs, tmp_path: Path, words: list[str]) -> None:
    """`gfplug call` prints answers, errors and the whole log, and writes recordings: none has a secret."""
    programs.probe("leaky")
    command = [*words, "--record", str(tmp_path / "recording.json")] if words[0] == "query" else words
    secrets = [word for name, value in SECRETS.items() for word in ("--secret", f"{name}={value}")]
    url = ["--url", f"http://ada:{URL_PASSWORD}@api.example"]
    options = ["--option", "place=details", "--option", "httpHeaderName1=X-Key", "--option", "tlsAuth=true"]
    target: list[str | Path] = [programs.project("leaky"), "--python", sys.executable, "--verbose"]
    done = python("gfplug", "call", *command, *target, *secrets, *url, *options)
    recorded = ""
    with suppress(FileNotFoundError):
        recorded = (tmp_path / "recording.json").read_text(encoding="utf-8")

    assert leaks(done.out + done.err + recorded) == []
    assert "***" in done.out + done.err
