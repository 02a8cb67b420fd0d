"""The modules generated from a description: they import, pass checks and send requests, for any description."""

from __future__ import annotations

import ast
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPMessage
from typing import TYPE_CHECKING, Any, cast

import pytest
from openapi_sources import ATTACK, COUNTS, HOSTILE, OLD, READINGS, SEARCH, STATIONS, WEATHER, imported

from gfplug.scaffold.openapi import upstream_files
from gfplug.scaffold.openapi.stored_model import StoredModel
from gfruntime import DownstreamError, HttpResponse, PluginError, Query, QueryError, Secret, Settings, TimeRange
from gfruntime.author import schema
from gfruntime.openapi import api as api_module
from gfruntime.openapi import hosts, operation, pages, rows, views, wire_request
from gfruntime.testing import START, ask, query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

TOKEN = {"token": "test-token"}
SOURCES = {"weather": WEATHER, "hostile": HOSTILE}


class World:
    """The modules of the weather API, and its mock."""

    def __init__(self, modules: dict[str, ModuleType], mock: Any) -> None:
        """Store them."""
        self.modules, self.mock = modules, mock

    def api(self, secrets: dict[str, str] | None = None, *, basic: bool = False) -> Any:
        """Make the API of a configured data source."""
        options = self.modules["models"].Options(**{name: Secret(text) for name, text in (secrets or {}).items()})
        login: dict[str, Any] = {"basic_auth_enabled": True, "basic_auth_user": "ada"} if basic else {}
        settings = Settings(options=options, url=self.mock.url, **login)
        return self.modules["api"].Api(settings)

    def model(self, name: str, **fields: Any) -> Any:
        """Make a query for one operation."""
        operations = self.modules["models"]
        kind = operations.QUERIES[name]
        return operations.Model(operation=name, **({name: kind(**fields)} if kind.__dataclass_fields__ else {}))


def notices(frame: Any) -> list[str]:
    """List the texts of a frame's notices."""
    return [notice["text"] for notice in frame.meta["notices"]]


@pytest.fixture(scope="module")
def weather(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Run the weather API's mock, and import its modules."""
    with imported(WEATHER, tmp_path_factory.mktemp("weather")) as modules, modules["mock"].Mock() as mock:
        mock.RequestHandlerClass.log_message = lambda *_: None
        threading.Thread(target=mock.serve_forever, args=(0.01,), daemon=True).start()
        yield World(modules, mock)
        mock.shutdown()


@pytest.fixture
def world(weather: World) -> World:
    """Reset the mock."""
    weather.mock.received.clear()
    weather.mock.is_empty, weather.mock.failure = False, ""
    return weather


def test_the_same_description_gives_the_same_bytes() -> None:
    """The files have the same order."""
    first, second = (upstream_files.write_upstream(StoredModel(WEATHER)) for _ in range(2))

    assert list(first.files.items()) == list(second.files.items())
    assert first.data == second.data


def test_no_text_of_a_description_becomes_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts are literals with the same value; none of them runs."""
    monkeypatch.chdir(tmp_path)
    with imported(HOSTILE, tmp_path) as modules:
        endpoint = modules["endpoints"].ENDPOINTS["datasource_query"]
        model = modules["models"].Model()
        credential = modules["endpoints"].CREDENTIALS[ATTACK]

    assert endpoint.path == f"/{ATTACK}"
    assert endpoint.columns[0].keys == (ATTACK,)
    assert model.datasource_query.show_parameter == ATTACK
    assert (credential.name, credential.option) == (ATTACK, "url_secret")
    assert not (tmp_path / "hacked").exists()


def test_the_generated_code_calls_only_known_functions() -> None:
    """Each called name is in a short list."""
    files = upstream_files.write_upstream(StoredModel(HOSTILE)).files
    called = {
        ast.unparse(node.func)
        for name in ("models", "endpoints")
        for node in ast.walk(ast.parse(files[f"src/upstream/{name}.py"]))
        if isinstance(node, ast.Call)
    }

    assert called <= {
        *("dataclass", "Ui", "Address", "Choices", "Column", "Credential", "Endpoint", "Pages", "Parameter"),
        *("HttpOptions", "OAuth2Options", "Secret", "Model", "ModelQuery", "Datasource"),
    }


@pytest.mark.parametrize("name", SOURCES)
def test_the_editors_can_show_the_dataclasses(tmp_path: Path, name: str) -> None:
    """The runtime describes them as for a build."""
    with imported(SOURCES[name], tmp_path) as modules:
        models: Any = modules["models"]

        class Datasource:
            def __init__(self, settings: Any) -> None: ...
            def query(self, query: Any) -> Any: ...
            def call_resource(self, request: Any) -> Any: ...

        settings, question = cast("Any", Settings), cast("Any", Query)
        Datasource.__init__.__annotations__["settings"] = settings[models.Options]
        Datasource.query.__annotations__["query"] = question[models.Model]
        document = schema.describe(Datasource)

    names = [field["name"] for field in document["query"]["fields"]]
    assert names[0] == "operation"
    if name == "weather":
        station = next(field for field in document["query"]["fields"] if field["name"] == "list_readings.station_id")
        assert station["from"] == "choices/list_readings.station_id"
        assert station["required"]
        assert station["showIf"] == {"operation": ["list_readings"]}
        assert not {"list_readings.from_", "list_readings.to", "list_readings.page"} & set(names)
        assert [field["name"] for field in document["config"]["fields"]][:2] == ["url", "region"]


def test_a_list_is_read_page_by_page(world: World) -> None:
    """Requests have the cursor of the page before, the largest page size, and the query's parameters."""
    model = world.model("list_stations", kind="sea", ids=(1, 2), active=False)

    (frame,) = ask(world.api(TOKEN), query(model))

    first, second = world.mock.received
    assert first.query == {
        "kind": ["sea"],
        "ids[]": ["1", "2"],
        "fields": ["id,name"],
        "active": ["false"],
        "limit": ["100"],
    }
    assert second.query == {**first.query, "cursor": ["second-page"]}
    assert first.headers["authorization"] == "Bearer test-token"
    assert {field.name: field.type for field in frame.fields} == {
        "id": "int64",
        "name": "string",
        "kind": "string",
        "place.lat": "float64",
        "tags": "json",
        "active": "bool",
    }
    assert frame["place.lat"].to_list() == [52.4, 52.4]


def test_the_panels_range_fills_range_parameters(world: World) -> None:
    """Rows with a time become series, with enums and objects of texts as labels."""
    model = world.model("list_readings", station_id="7", x_tenant="blue")

    (frame,) = ask(world.api(TOKEN), query(model))

    first, second = world.mock.received
    assert first.path == "/stations/7/readings"
    assert first.query == {
        "from": ["2026-01-01T00:00:00Z"],
        "to": ["2026-01-01T01:00:00Z"],
        "unit": ["celsius"],
        "page": ["0"],
    }
    assert second.query["page"] == ["1"]
    assert first.headers["x-tenant"] == "blue"
    assert frame["celsius"].labels == {"quality": "good", "labels.site": "roof"}
    assert frame["celsius"].to_list() == [1.5, 2.5]
    assert frame["at"].to_list()[0] == START


def test_a_map_becomes_numbers_by_its_keys(world: World) -> None:
    """Each key is a label."""
    frames = ask(world.api(), query(world.model("counts", show="numbers", label_columns=("kind",))))

    assert [(frame.fields[0].labels, frame.fields[0].to_list()) for frame in frames] == [
        ({"kind": "sea"}, [3.0]),
        ({"kind": "lake"}, [4.0]),
    ]


def test_numbers_without_distinct_labels_are_refused(world: World) -> None:
    """One of them would stand for all."""
    with pytest.raises(QueryError, match="choose label columns"):
        ask(world.api(TOKEN), query(world.model("list_stations", show="numbers", label_columns=())))


def test_a_body_is_built_from_its_fields(world: World) -> None:
    """It is nested; typed JSON is JSON; a field whose name gfplug uses has another identifier."""
    model = world.model("search", text="rain", near='{"lat": 1}', show_parameter=True)

    ask(world.api({"key": "k", "session": "s"}), query(model))

    (request,) = world.mock.received
    assert json.loads(request.body) == {"query": {"text": "rain", "near": {"lat": 1}}}
    assert request.query == {"show": ["true"], "api_key": ["k"]}
    assert request.headers["cookie"] == "sid=s"


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


def test_an_errors_text_is_where_the_description_says(world: World) -> None:
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


def test_choices_are_rows_of_another_operation(world: World) -> None:
    """Another column has their labels."""
    choices = world.api(TOKEN).choices("list_readings.station_id", {})

    assert choices == [{"value": "7", "label": "Potsdam"}, {"value": "8", "label": "Potsdam"}]
    with pytest.raises(QueryError) as excinfo:
        world.api().choices("counts.nothing", {})
    assert excinfo.value.status == 404


def test_links_lead_to_the_next_page(world: World) -> None:
    """Times that count seconds are read, too."""
    (frame,) = ask(world.api({"account": "a"}), query(world.model("old_readings")))

    assert [request.query for request in world.mock.received] == [{}, {"second-page": ["1"]}]
    assert frame["when"].to_list() == [START]


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


def test_an_errors_text_shows_no_secret(world: World) -> None:
    """The API may repeat its request, with control characters."""
    world.mock.failure = "the key s3cret is\n\x1b[31m old"

    with pytest.raises(DownstreamError, match=r"Unavailable: the key \*\*\* is \[31m old"):
        ask(world.api({"token": "s3cret"}), query(world.model("list_readings", station_id="7")))


def test_oauth2_has_the_apis_token_url(world: World) -> None:
    """It is used if the config page has none."""
    prepared = api_module.prepare(Settings(options=world.modules["models"].Options()))

    assert prepared.json_data == {"oauth2TokenUrl": "https://login.example/token", "oauth2Scopes": "read list"}


def test_values_of_another_type_are_shown_as_text(world: World) -> None:
    """A notice says which; in a series they are an error."""
    endpoints = world.modules["endpoints"].ENDPOINTS
    strange = [("", {"id": "seven", "name": 1, "kind": "sea"}), ("", {"id": 8})]

    frame = views.table(strange, endpoints["list_stations"].columns)

    assert frame["id"].to_list() == ["seven", "8"]
    assert frame["name"].to_list() == ["1", None]
    assert [text.partition(",")[0] for text in notices(frame)] == ["id is shown as text"]
    with pytest.raises(DownstreamError, match="can't be shown as series"):
        views.to_frames(
            [("", {"at": "2026-01-01", "celsius": "warm"})],
            endpoints["list_readings"],
            views.View(show="series", time_column="at"),
        )


def test_rows_with_equal_times_and_labels_give_a_notice(world: World) -> None:
    """So do rows without a time."""
    endpoints = world.modules["endpoints"].ENDPOINTS
    row = ("", {"at": "2026-01-01T00:00:00Z", "celsius": 1})
    view = views.View(show="series", time_column="at")

    (frame,) = views.to_frames([row, row, ("", {"celsius": 2})], endpoints["list_readings"], view)

    texts = notices(frame)
    assert texts[0] == "1 rows have no at"
    assert texts[1].startswith("Several rows have the same at and labels")


def answers(*bodies: Any) -> Any:
    """Make a function that returns each of these in turn, and then always the last one."""
    rest = list(bodies)

    def answer(_values: Any, _url: str) -> HttpResponse:
        body = rest.pop(0) if len(rest) > 1 else rest[0]
        return HttpResponse(status=200, reason="OK", headers=HTTPMessage(), body=json.dumps(body).encode())

    return answer


def test_the_number_of_pages_is_limited_with_a_notice(world: World) -> None:
    """The API may have any number of pages."""
    endpoint = world.modules["endpoints"].ENDPOINTS["list_stations"]
    bodies = [{"items": [{"id": number}], "next": str(number)} for number in range(50)]

    answer = pages.read_pages(answers(*bodies), endpoint, {})

    assert len(answer.rows) == 20
    assert answer.notices == ("Only the first 20 rows were read: there are more",)


@pytest.mark.parametrize("body", [{"items": [], "next": ""}, {"items": None}, {}, None])
def test_pages_end_without_rows(world: World, body: Any) -> None:
    """The API shows the end in several ways."""
    endpoint = world.modules["endpoints"].ENDPOINTS["list_stations"]

    answer = pages.read_pages(answers(body), endpoint, {})

    assert (answer.rows, answer.notices) == ([], ())


def test_rows_with_an_invalid_shape_are_a_downstream_error(world: World) -> None:
    """The error has the path of the rows."""
    endpoint = world.modules["endpoints"].ENDPOINTS["list_stations"]

    with pytest.raises(DownstreamError, match="items is not a list of rows"):
        pages.read_pages(answers({"items": "none"}), endpoint, {})


def test_choices_have_the_type_of_their_parameter() -> None:
    """They are texts, integers, lists, and empty ones."""
    from gfplug.scaffold.openapi.class_names import Names  # noqa: PLC0415
    from gfplug.scaffold.openapi.operation_fields import plan_classes  # noqa: PLC0415

    classes = plan_classes(WEATHER, Names())
    types = {f"{each.name}.{field.name}": field.annotation for each in classes for field in each.fields}

    assert types["list_stations.kind"] == "Kind | None"
    assert types["list_stations.ids"] == "tuple[int, ...]"
    assert types["list_stations.active"] == "bool | None"
    assert types["list_readings.unit"] == "Unit"
    assert types["list_readings.station_id"] == "str"
    assert types["search.show_parameter"] == "bool | None"
    assert [each.name for each in classes] == [each.identifier for each in (STATIONS, READINGS, COUNTS, SEARCH, OLD)]


def test_example_queries_prefer_operations_without_required_fields() -> None:
    """The alert rule reads a number; its threshold is below the example's value."""
    data = upstream_files.write_upstream(StoredModel(WEATHER)).data
    only = upstream_files.write_upstream(StoredModel(replace(WEATHER, operations=(STATIONS, READINGS)))).data

    assert json.loads(data["table_query"])["operation"] == "list_stations"
    assert json.loads(only["rule_query"])["list_stations"]["show"] == "numbers"
    assert (data["has_rule"], data["threshold"]) == (True, 51)


def test_an_alert_rule_gets_no_incomplete_response(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A panel shows an incomplete response with a notice."""
    models = world.modules["models"]
    part = rows.Rows([("", {"id": 1})], ("Only 1 of 9 rows were read",), is_cut=True)
    monkeypatch.setattr(api_module, "read_pages", lambda *_: part)
    source = world.modules["api"].Api(Settings(options=models.Options(), url="http://127.0.0.1:9"))
    now = TimeRange(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 2, tzinfo=UTC))
    query = Query(ref_id="A", model=models.Model(operation="list_stations"), time_range=now)

    (frame,) = source.query(query)
    assert notices(frame) == ["Only 1 of 9 rows were read"]
    with pytest.raises(QueryError, match=r"can't judge a part of .*Only 1 of 9 rows"):
        source.query(replace(query, from_alert=True))
