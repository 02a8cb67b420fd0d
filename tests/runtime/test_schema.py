"""The UI schema: the control of each type, and the structure of forms."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional

import pytest
from forms import Aggregation, Level, Table, Window, datasource, one

from gfruntime.author.controls import SchemaError
from gfruntime.author.schema import describe, load, main
from gfruntime.author.ui import HttpOptions, OAuth2Options, Secret, Ui
from gfruntime.http.oauth2_settings import OAuth2Settings
from gfruntime.request.vocabulary import Query, Settings

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("hint", "default", "expected"),
    [
        (str, "", {"kind": "string", "default": ""}),
        (Table, "cpu", {"kind": "string", "default": "cpu"}),
        (Annotated[str, Ui(widget="textarea", rows=3)], "", {"kind": "text", "default": "", "rows": 3}),
        (Annotated[str, Ui(widget="code", language="sql")], "", {"kind": "code", "default": "", "language": "sql"}),
        (Annotated[str, Ui(widget="hidden")], "x", {"kind": "hidden", "default": "x"}),
        (int, 7, {"kind": "number", "integer": True, "default": 7}),
        (Annotated[float, Ui(minimum=0, maximum=1)], 0.5, {"kind": "number", "default": 0.5, "min": 0, "max": 1}),
        (float, 2, {"kind": "number", "default": 2}),
        (bool, False, {"kind": "boolean", "default": False}),
        (int | None, None, {"kind": "number", "integer": True, "nullable": True}),
        (Optional[Annotated[bool, Ui()]], True, {"kind": "boolean", "nullable": True, "default": True}),  # noqa: UP045
        (list[str], list, {"kind": "tags", "numeric": False, "default": []}),
        (tuple[int, ...], (1, 2), {"kind": "tags", "numeric": True, "integer": True, "default": [1, 2]}),
    ],
)  # fmt: skip
def test_a_type_gets_its_control(hint: Any, default: Any, expected: dict[str, Any]) -> None:
    """Every supported type becomes one field with its control, default and limits."""
    assert one(hint, default) == {"name": "f", "label": "F"} | expected


def test_choices_keep_the_order_they_are_written_in() -> None:
    """Literal values are their own labels; Enum members have labels, and the default is the value that is sent."""
    literal = one(Annotated[Literal["zeta", "alpha"], Ui(widget="radio")], "zeta")
    member = one(Aggregation, Aggregation.P95)

    assert literal["radio"]
    assert literal["options"] == [{"value": "zeta", "label": "zeta"}, {"value": "alpha", "label": "alpha"}]
    assert member["options"] == [{"value": "avg", "label": "Average"}, {"value": "p95", "label": "P95"}]
    assert member["default"] == "p95"


def test_a_list_of_choices_is_a_multiple_choice() -> None:
    """The default of a list of enum members is the list of their values."""
    field = one(tuple[Level, ...], (Level.HIGH,))

    assert (field["kind"], field["default"]) == ("multi", [2])
    assert one(list[Literal["a"]], tuple)["default"] == []


def test_the_schema_says_where_each_option_is_stored() -> None:
    """A secret, of one line or several, goes to the encrypted store without a default, the URL to its own field."""
    secret = one(Secret, Secret(""), config=True, name="api_token")
    key = one(Annotated[Secret, Ui(widget="textarea")], Secret(""), config=True)
    url = one(Annotated[str, Ui(store="url")], "", config=True, name="url")
    other = one(int, 3, config=True, name="retries")

    assert secret == {"name": "api_token", "label": "API token", "kind": "secret", "store": "secureJsonData"}
    assert (url["label"], url["store"]) == ("URL", "url")
    assert (key["kind"], key["store"]) == ("secretText", "secureJsonData")
    assert other["store"] == "jsonData"


def test_labels_help_and_placeholders_are_in_the_schema() -> None:
    """The editor gets label, help, placeholder, section and whether a value is required."""
    ui = Ui(label="Tbl", help="where from", placeholder="sales", section="Source", required=True)

    assert one(Annotated[str, ui], "") == {
        "name": "f",
        "label": "Tbl",
        "kind": "string",
        "help": "where from",
        "placeholder": "sales",
        "section": "Source",
        "required": True,
        "default": "",
    }


def test_conditions_are_written_as_json() -> None:
    """Enum members become values; a section's condition applies to each of its fields, beside their own."""
    inner = dataclasses.make_dataclass(
        "Inner", [("a", Annotated[str, Ui(show_if={"wide": [True]})], ""), ("b", int, 1)], frozen=True
    )
    condition = Annotated[inner, Ui(show_if={"level": [Level.HIGH]})]  # type: ignore[valid-type]
    form = dataclasses.make_dataclass(
        "Model", [("level", Level, Level.LOW), ("wide", bool, False), ("inner", condition, inner())], frozen=True
    )
    fields = {each["name"]: each for each in describe(datasource(model=form))["query"]["fields"]}

    assert fields["inner.a"]["showIf"] == {"level": [2], "wide": [True]}
    assert fields["inner.b"]["showIf"] == {"level": [2]}
    with pytest.raises(SchemaError, match=r"Model\.f: show_if names 'f', which is the field itself"):
        one(Annotated[str, Ui(show_if={"f": ["a"]})], "")


def test_bounds_of_texts_and_lists_are_in_the_schema() -> None:
    """The editor checks the same bounds as Python; the items' bounds count if the list has none."""
    assert one(Annotated[str, Ui(pattern="[a-z]+")], "")["pattern"] == "[a-z]+"
    assert one(Annotated[list[int], Ui(minimum=1, maximum=9)], list)["max"] == 9
    assert one(list[Annotated[int, Ui(minimum=1)]], list)["min"] == 1
    assert one(Annotated[Secret, Ui(pattern="[a-z]+")], Secret(""), config=True)["pattern"] == "[a-z]+"


def test_options_may_come_from_a_route_with_parameters_or_call_resource() -> None:
    """The source is a route with parts, a query string, or `call_resource`, which may answer any path."""
    table = Annotated[str, Ui(options_from="/tables?like={f}")]
    source = datasource(model=dataclasses.make_dataclass("Model", [("f", str, ""), ("g", table, "")]))
    source.call_resource = lambda self, request: None  # type: ignore[attr-defined]  # noqa: ARG005

    assert one(Annotated[str, Ui(options_from="tables/{f}/columns?a=1")], "")["from"] == "tables/{f}/columns?a=1"
    assert describe(source)["query"]["fields"][1]["from"] == "/tables?like={f}"


def test_a_dataclass_inside_another_becomes_a_section() -> None:
    """Its fields have both names; options are kept in jsonData."""
    form = dataclasses.make_dataclass("Form", [("window", Annotated[Window, Ui(help="unused")], Window())])
    schema = describe(datasource(options=form, model=form))

    assert schema["query"]["fields"] == [
        {"section": "Window", "name": "window.size", "label": "Size", "kind": "number", "integer": True, "min": 1,
         "default": 5},
        {"section": "Window", "name": "window.unit", "label": "Unit", "kind": "select", "default": "m",
         "options": [{"value": "s", "label": "s"}, {"value": "m", "label": "m"}]},
    ]  # fmt: skip
    assert {field["store"] for field in schema["config"]["fields"]} == {"jsonData"}


def test_a_list_of_dataclasses_becomes_rows() -> None:
    """The rows' fields and the default are in the schema as JSON."""
    field = one(list[Window], lambda: [Window(size=2)])

    assert (field["kind"], field["default"]) == ("list", [{"size": 2, "unit": "m"}])
    assert [(inner["name"], inner["default"]) for inner in field["fields"]] == [("size", 5), ("unit", "m")]


def test_choices_may_come_from_the_plugin() -> None:
    """A text becomes one choice, a list of texts several; both keep their defaults."""
    single = one(Annotated[str, Ui(options_from="tables")], "cpu")
    several = one(Annotated[list[str], Ui(options_from="tables")], lambda: ["cpu"])

    assert (single["kind"], single["from"], single["default"]) == ("select", "tables", "cpu")
    assert (several["kind"], several["from"], several["default"]) == ("multi", "tables", ["cpu"])


def test_http_options_are_grafanas_own_keys() -> None:
    """Settings for Grafana's SDKs are under their usual keys; an author's option of the same name or place wins."""
    url = Annotated[str, Ui(store="url", label="API")]
    form = dataclasses.make_dataclass(
        "Options", [("api", url, ""), ("timeout", int, 5), ("http", HttpOptions, HttpOptions())]
    )
    fields = {each["name"]: each for each in describe(datasource(options=form))["config"]["fields"]}

    assert list(fields) == [
        *("api", "timeout", "basicAuth", "basicAuthUser", "basicAuthPassword", "tlsSkipVerify", "tlsAuthWithCACert"),
        *("tlsCACert", "tlsAuth", "serverName", "tlsClientCert", "tlsClientKey", "httpHeader"),
        "enableSecureSocksProxy",
    ]
    assert fields["timeout"]["default"] == 5
    assert [fields[name]["store"] for name in ("basicAuth", "basicAuthPassword", "tlsAuth")] == ["root", "secureJsonData", "jsonData"]  # fmt: skip  # noqa: E501


def test_oauth2_options_ask_for_what_the_grant_needs() -> None:
    """Each grant shows its own fields; secrets are encrypted, and the OAuth2 settings read each field."""
    form = dataclasses.make_dataclass("Options", [("url", str, ""), ("oauth2", OAuth2Options, OAuth2Options())])
    fields = {each["name"]: each for each in describe(datasource(options=form))["config"]["fields"]}
    secret = {name for name, each in fields.items() if each["kind"].startswith("secret")}

    def fields_of(grant: str) -> set[str]:
        return {
            name.removeprefix("oauth2")
            for name, each in fields.items()
            if grant in each.get("showIf", {}).get("oauth2Grant", [])
        } - {"TokenUrl", "ClientId", "Scopes", "Audience"}

    assert fields["oauth2Grant"]["default"] == "none"
    assert fields_of("none") == set()
    assert fields_of("client_credentials") == {"ClientSecret", "SecretInBody"}
    assert fields_of("client_credentials_jwt") == {"PrivateKey", "KeyId"}
    assert fields_of("jwt_bearer") == {"PrivateKey", "KeyId", "Subject"}
    assert fields_of("password") == {"ClientSecret", "SecretInBody", "User", "Password"}
    assert fields_of("refresh_token") == {"ClientSecret", "SecretInBody", "RefreshToken"}
    assert secret == {"oauth2ClientSecret", "oauth2Password", "oauth2RefreshToken", "oauth2PrivateKey"}
    assert {fields[name]["store"] for name in secret} == {"secureJsonData"}
    assert not any("group" in each for each in fields.values())
    values: dict[str, Any] = {
        name: {"boolean": True, "select": "jwt_bearer"}.get(each["kind"], f"a {name}") for name, each in fields.items()
    }
    read = OAuth2Settings.of(Settings(options=None, json_data=values, secrets={name: f"a {name}" for name in secret}))
    assert OAuth2Settings() != read
    unread = {each.name for each in dataclasses.fields(read) if getattr(read, each.name) in ("", False)}
    assert unread == set()
    assert len(dataclasses.fields(read)) == len(fields) - 1  # the author's option


def test_variables_and_annotations_may_have_separate_forms() -> None:
    """Each method adds the form of its model, and no other form appears."""
    form = dataclasses.make_dataclass("Names", [("of", str, "tables")])
    source = datasource()

    def query_variable(self: Any, query: Any) -> None: ...

    query_variable.__annotations__ = {"query": Query[form]}  # type: ignore[valid-type]  # made here
    source.query_variable = query_variable  # type: ignore[attr-defined]  # as an author would write it

    assert [each["name"] for each in describe(source)["own"]["variable"]["fields"]] == ["of"]
    assert list(describe(source)["own"]) == ["variable"]
    assert "own" not in describe(datasource())


def test_a_dict_has_no_form() -> None:
    """The fields of a dict are not known in advance."""
    assert describe(datasource(model=dict[str, Any]))["query"] == {"fields": []}


def test_the_hash_depends_on_the_dataclasses_only() -> None:
    """The same models give the same bytes; another plugin id changes nothing, another default does."""
    form: Callable[[str], type] = lambda default: dataclasses.make_dataclass("Model", [("f", str, default)])  # noqa: E731 - short
    first, same = (describe(datasource(model=form("a")), plugin_id=plugin_id) for plugin_id in ("x", "y"))
    other = describe(datasource(model=form("b")))

    assert first["hash"] == same["hash"] != other["hash"]
    assert json.dumps(describe(datasource(model=form("a")), plugin_id="x")) == json.dumps(first)


def test_load_and_main_work_in_process(capsys: pytest.CaptureFixture[str]) -> None:
    """A class is found by `module:Class`; a wrong name gives an error and exit status 1."""
    assert load("pathlib:Path") is Path
    assert main(["pathlib:Nowhere"]) == 1
    assert "pathlib:Nowhere cannot be loaded" in capsys.readouterr().err
