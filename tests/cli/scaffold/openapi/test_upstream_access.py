"""Access to the API of a description: credentials, other hosts, and texts without secrets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from upstream_world import TOKEN, World

from gfruntime import DownstreamError, PluginError, QueryError, Secret, Settings
from gfruntime.openapi import api as api_module
from gfruntime.openapi import hosts, operation, wire_request
from gfruntime.testing import ask, query


def test_credentials_are_sent_only_if_they_are_complete(world: World) -> None:
    """A way to authenticate is used if all its options are set; the message of a 401 is not repeated."""
    with pytest.raises(QueryError, match="/search also needs session"):
        ask(world.api({"key": "k"}), query(world.model("search", text="rain")))
    with pytest.raises(DownstreamError, match="/search answered 401"):
        ask(world.api({"token": "t"}), query(world.model("search", text="rain")))

    ask(world.api(basic=True), query(world.model("list_readings", station_id="7")))

    assert "api_key" not in world.mock.received[0].query
    assert world.mock.received[1].headers["authorization"].startswith("Basic ")


def test_the_panel_shows_no_secret(world: World) -> None:
    """The executed query has none, and an error has only the path."""
    (frame,) = ask(world.api({"key": "hidden"}), query(world.model("list_stations")))
    world.mock.failure = "closed"
    with pytest.raises(PluginError) as excinfo:
        ask(world.api({"key": "hidden"}), query(world.model("list_stations")))

    assert "hidden" not in str((frame.meta or {})["executedQueryString"])
    assert "hidden" not in str(excinfo.value)


def test_the_message_of_an_error_is_read_at_its_described_path(world: World) -> None:
    """Here it is below two keys that no other API has."""
    world.mock.failure = "the sensor sleeps"

    with pytest.raises(DownstreamError, match=r"503 Service Unavailable: the sensor sleeps"):
        ask(world.api(TOKEN), query(world.model("list_readings", station_id="7")))


@pytest.mark.parametrize("station", ["..", ".", "a/b", "{stationId}", "7?x=1#"])
def test_a_value_stays_one_part_of_the_path(world: World, station: str) -> None:
    """Anyone who edits a panel chooses the value."""
    endpoint = world.modules["endpoints"].ENDPOINTS["list_readings"]
    if station in (".", ".."):
        with pytest.raises(QueryError, match="can't be a part of a path"):
            wire_request.build(endpoint, {"station_id": station})
        return

    path = wire_request.build(endpoint, {"station_id": station}).url

    assert path.count("/") == 3
    assert not {"?", "#", "{"} & set(path)


def test_an_operation_has_its_own_address(world: World) -> None:
    """The data source's URL replaces it; a variable of the address is an option."""
    access, endpoints = world.modules["api"].Api, world.modules["endpoints"].ENDPOINTS
    options = world.modules["models"].Options(region="us")

    names = ("counts", "old_readings")
    urls = [hosts.url_of(endpoints[name], Settings(options=options), access.address) for name in names]
    own = hosts.url_of(
        endpoints["old_readings"], Settings(options=options, url="https://proxy.example"), access.address
    )

    assert urls == ["https://us.example/v1", "https://archive.example"]
    assert own == "https://proxy.example"


def test_another_host_gets_no_credentials(world: World) -> None:
    """Only public operations are called there.

    Hosts below the API's own and those that the author trusts get credentials.
    """
    access, endpoints = world.modules["api"].Api, world.modules["endpoints"].ENDPOINTS
    settings = Settings(options=world.modules["models"].Options(account=Secret("token")))
    api = access(settings)

    def host(template: str, *trusted: str) -> str:
        endpoint = replace(endpoints["old_readings"], address=operation.Address(template=template))
        return hosts.foreign_host(endpoint, settings, access.address, trusted)

    with pytest.raises(QueryError, match=r"at https://archive\.example, which is not the API's own host"):
        api.ask(endpoints["old_readings"], {}, "")
    assert host("https://archive.example/v2") == "https://archive.example"
    assert host("https://archive.example:8443", "archive.example") == ""
    assert host("https://eu.example/other") == ""
    assert host("https://data.eu.example") == ""
    assert host("https://noteu.example") == "https://noteu.example"
    assert host("http://eu.example") == "http://eu.example"


def test_a_public_operation_of_another_host_is_called(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers that the data source adds to all requests are left out."""
    access, endpoints = world.modules["api"].Api, world.modules["endpoints"]
    monkeypatch.setattr(access, "address", operation.Address(template="https://api.example"))
    own = operation.Address(template=world.mock.url)
    endpoint = replace(endpoints.ENDPOINTS["counts"], address=own)
    basic: dict[str, Any] = {"basic_auth_enabled": True, "basic_auth_user": "ada"}
    api = access(Settings(options=world.modules["models"].Options(), **basic))
    monkeypatch.setattr(api_module, "foreign_host", lambda *_: world.mock.url)

    api.ask(endpoint, {}, "")

    (request,) = world.mock.received
    assert (request.path, request.headers.get("authorization")) == ("/counts", None)


def test_the_message_of_an_error_shows_no_secret(world: World) -> None:
    """The API may repeat its request, with control characters."""
    world.mock.failure = "the key s3cret is\n\x1b[31m old"

    with pytest.raises(DownstreamError, match=r"Unavailable: the key \*\*\* is \[31m old"):
        ask(world.api({"token": "s3cret"}), query(world.model("list_readings", station_id="7")))


def test_oauth2_uses_the_token_url_of_the_description(world: World) -> None:
    """It is used if the config page has none."""
    settings = api_module.prepare(Settings(options=world.modules["models"].Options()))

    assert settings.json_data == {"oauth2TokenUrl": "https://login.example/token", "oauth2Scopes": "read list"}
