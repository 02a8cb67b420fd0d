"""The UI schema: which control a type gets, and what is refused, by class and field."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NewType, Optional, Union

import pytest

from gfruntime.author.controls import SchemaError
from gfruntime.author.routes import route
from gfruntime.author.schema import describe, load, main
from gfruntime.author.ui import HttpOptions, Secret, Ui
from gfruntime.request.vocabulary import Query, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = Path(__file__).parents[2] / "runtime"
Table = NewType("Table", str)


class Aggregation(enum.Enum):
    """Choices with names of their own."""

    AVERAGE = "avg"
    P95 = "p95"


class Level(enum.IntEnum):
    """Choices that are numbers."""

    LOW = 1
    HIGH = 2


@dataclass(frozen=True)
class Node:
    """A dataclass that contains itself."""

    child: Node | None = None


@dataclass(frozen=True)
class Window:
    """A dataclass that may stand inside another."""

    size: Annotated[int, Ui(minimum=1)] = 5
    unit: Literal["s", "m"] = "m"


@dataclass(frozen=True)
class Deep:
    """One that may not: it contains another."""

    window: Window = Window()


@dataclass(frozen=True)
class Note:
    """One that needs more than a line."""

    text: Annotated[str, Ui(widget="textarea")] = ""


def datasource(*, options: Any = dict, model: Any = dict) -> type:
    """Make a data source class for an options type and a query model."""

    class Datasource:
        def __init__(self, settings: Any) -> None: ...
        def query(self, query: Any) -> None: ...
        @route("GET", "/tables")
        def tables(self, request: Any) -> None: ...
        @route("GET", "/tables/{table}/columns")
        def columns(self, request: Any, table: str) -> None: ...
        @route("POST", "/changes")
        def change(self, request: Any) -> None: ...

    Datasource.__init__.__annotations__ = {"settings": Settings[options]}
    Datasource.query.__annotations__ = {"query": Query[model]}
    return Datasource


def one(hint: Any, default: Any, *, config: bool = False, name: str = "f") -> dict[str, Any]:
    """Describe a form of one field, and return that field."""
    value = field(default_factory=default) if callable(default) else field(default=default)
    form = dataclasses.make_dataclass("Options" if config else "Model", [(name, hint, value)], frozen=True)
    described = describe(datasource(options=form) if config else datasource(model=form))
    (found,) = described["config" if config else "query"]["fields"]
    assert isinstance(found, dict)
    return found


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
    """Literal values are their own labels; Enum members bring theirs, and the default is the value that travels."""
    literal = one(Annotated[Literal["zeta", "alpha"], Ui(widget="radio")], "zeta")
    member = one(Aggregation, Aggregation.P95)

    assert literal["radio"]
    assert literal["options"] == [{"value": "zeta", "label": "zeta"}, {"value": "alpha", "label": "alpha"}]
    assert member["options"] == [{"value": "avg", "label": "Average"}, {"value": "p95", "label": "P95"}]
    assert member["default"] == "p95"


def test_a_list_of_choices_is_a_multiple_choice() -> None:
    """The default of a list of enum members is the list of their values."""
    found = one(tuple[Level, ...], (Level.HIGH,))

    assert (found["kind"], found["default"]) == ("multi", [2])
    assert one(list[Literal["a"]], tuple)["default"] == []


def test_options_say_where_they_are_kept() -> None:
    """A secret, of one line or several, goes to the encrypted store without a default, the URL to its own place."""
    secret = one(Secret, Secret(""), config=True, name="api_token")
    key = one(Annotated[Secret, Ui(widget="textarea")], Secret(""), config=True)
    url = one(Annotated[str, Ui(store="url")], "", config=True, name="url")
    other = one(int, 3, config=True, name="retries")

    assert secret == {"name": "api_token", "label": "API token", "kind": "secret", "store": "secureJsonData"}
    assert (url["label"], url["store"]) == ("URL", "url")
    assert (key["kind"], key["store"]) == ("secretText", "secureJsonData")
    assert other["store"] == "jsonData"


def test_the_presentation_travels() -> None:
    """Label, help, placeholder, section and the claim that a value is required reach the editor."""
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


@pytest.mark.parametrize(
    ("hint", "default", "sentence"),
    [
        (dict[str, str], dict, "Model.f: dict[str, str] has no form control"),
        (bytes, b"", "Model.f: bytes has no form control"),
        (list, list, "Model.f: list has no form control"),
        (tuple[str, int], ("a", 1), "Model.f: tuple[str, int] has no form control"),
        (list[list[str]], list, "Model.f: list[list[str]] has no form control"),
        (list[bool], list, "Model.f: list[bool] has no form control"),
        (Union[int, str], 1, "Model.f: "),  # noqa: UP007 - the older spelling
        (Any, None, "Model.f: Any has no form control"),
        (Node, Node(), "Model.f.child refers back to Node: a form cannot contain itself"),
        (list[Node], list, "Model.f.child refers back to Node: a form cannot contain itself"),
        (Deep, Deep(), "Model.f.window is a dataclass inside a dataclass inside a dataclass"),
        (Window, Window(size=1), "Model.f: its default must be Window()"),
        (Window | None, None, "Model.f: its default must be Window()"),
        (list[Window], lambda: [3], "Model.f: its default [3] is not a list of Window"),
        (list[Note], list, "Model.f: Note.text does not fit into one row"),
        (HttpOptions, HttpOptions(), "Model.f: HTTP settings belong in the options themselves"),
        (Annotated[int, Ui(options_from="x")], 1, "Model.f: options_from is for a str or a list[str] of a query"),
        (Annotated[str, Ui(options_from="x?y={y}")], "", "Model.f: options_from names 'y', which is no field of Model"),
        (Annotated[str, Ui(show_if={"y": [1]})], "", "Model.f: show_if names 'y', which is no field of Model"),
        (Literal[True, False], True, "Model.f: the choices must be texts or whole numbers"),
        (Secret, Secret(""), "Model.f: a secret belongs in the options"),
        (int, "5", "Model.f: its default '5' is not a whole number"),
        (int, True, "Model.f: its default True is not a whole number"),
        (float, math.nan, "Model.f: its default nan is not a number"),
        (Annotated[int, Ui(minimum=1, maximum=9)], 0, "Model.f: its default 0 is not a whole number at least 1"),
        (str, None, "Model.f: its default None is not a text"),
        (bool, 1, "Model.f: its default 1 is not True or False"),
        (Literal["a", "b"], "c", "Model.f: its default 'c' is not one of 'a', 'b'"),
            (tuple[int, ...], ("1",), "Model.f: its default ['1'] is not a list of its items"),
        (Annotated[int, Ui(widget="code")], 1, "Model.f: the widget 'code' does not fit its type"),
        (Annotated[str, Ui(minimum=1)], "", "Model.f: minimum and maximum are for numbers"),
        (Annotated[list[str], Ui(minimum=1)], list, "Model.f: minimum and maximum are for numbers"),
        (Annotated[int, Ui(minimum=9, maximum=1)], 5, "Model.f: its minimum 9 is above its maximum 1"),
        (Annotated[list[int], Ui(minimum=1)], lambda: [0], "Model.f: its default [0] is not a list of its items"),
        (Annotated[int, Ui(pattern="a")], 5, "Model.f: a pattern is for texts"),
        (Annotated[Literal["a"], Ui(pattern="a")], "a", "Model.f: a pattern is for texts"),
        (Annotated[str, Ui(pattern="(")], "", "Model.f: its pattern '(' can't be read: "),
        (Annotated[str, Ui(pattern="a+")], "b", "Model.f: its default breaks its own bound: 'b' does not match"),
        (list[Window], lambda: [Window(size=0)], "Model.f: its default has the size 0, not a whole number at least 1"),
        (list[Window], lambda: [Window(unit="h")], "Model.f: its default has the unit 'h', not one of 's', 'm'"),  # type: ignore[arg-type]
        (Annotated[str, Ui(options_from="views")], "", "Model.f: no resource of the class is 'views', which"),
        (Annotated[str, Ui(options_from="changes")], "", "Model.f: no resource of the class is 'changes'"),
        (Annotated[str, Ui(options_from="tables/{f}")], "", "Model.f: no resource of the class is 'tables/{f}'"),
        (Annotated[str, Ui(options_from="http://x/tables")], "", "Model.f: options_from 'http://x/tables' is an"),
        (Annotated[str, Ui(options_from="javascript:x")], "", "Model.f: options_from 'javascript:x' is an address"),
        (Annotated[str, Ui(options_from="//x/tables")], "", "Model.f: options_from '//x/tables' is an address"),
        (Annotated[str, Ui(options_from="../tables")], "", "Model.f: options_from '../tables' leaves"),
        (Annotated[str, Ui(options_from="a/%2e%2e/tables")], "", "Model.f: options_from 'a/%2e%2e/tables' leaves"),
        (Annotated[str, Ui(options_from="a/%252e%252E/b")], "", "Model.f: options_from 'a/%252e%252E/b' leaves"),
        (Annotated[str, Ui(options_from="..\\tables")], "", "Model.f: options_from '..\\\\tables' leaves"),
        (Annotated[str, Ui(options_from="a tables")], "", "Model.f: options_from 'a tables' is not the path"),
        (Annotated[str, Ui(options_from="tables#a")], "", "Model.f: options_from 'tables#a' is not the path"),
        (Annotated[str, Ui(options_from="tables/{f")], "", "Model.f: options_from 'tables/{f' is not the path"),
        (Annotated[str, Ui(options_from="/")], "", "Model.f: options_from '/' is not the path"),
        (Annotated[str, Ui(store="url")], "", 'Model.f: store="url" is for one str of the options'),
    ],
)  # fmt: skip
def test_what_has_no_form_is_refused_by_name(hint: Any, default: Any, sentence: str) -> None:
    """One sentence names the class and the field."""
    with pytest.raises(SchemaError) as caught:
        one(hint, default)

    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("hint", "default", "values", "sentence"),
    [
        (Literal["a", "b"], "a", ["c"], "show_if waits for mode to be 'c', which is not one of 'a', 'b'"),
        (Literal["a", "b"], "a", ["a", None], "show_if waits for mode to be None, which is not one of 'a', 'b'"),
        (Literal[1, 2], 1, ["1"], "show_if waits for mode to be '1', which is not one of 1, 2"),
        (Literal[1, 2], 1, [True], "show_if waits for mode to be True, which is not one of 1, 2"),
        (Level, Level.LOW, [3], "show_if waits for mode to be 3, which is not one of 1, 2"),
        (bool, False, [1], "show_if waits for mode to be 1, which is not True or False"),
        (bool, False, ["true"], "show_if waits for mode to be 'true', which is not True or False"),
        (int, 1, ["1"], "show_if waits for mode to be '1', which is not a whole number"),
        (Annotated[int, Ui(minimum=1)], 1, [0], "show_if waits for mode to be 0, which is not a whole number at"),
        (str, "", [1], "show_if waits for mode to be 1, which is not a text"),
        (Annotated[bool, Ui(widget="hidden")], False, ["x"], "show_if waits for mode to be 'x', which is not True"),
        (Annotated[str, Ui(options_from="tables")], "", [1], "show_if waits for mode to be 1, which is not a text"),
        (list[str], list, [[]], "show_if can't depend on 'mode', which holds a list or a secret"),
        (list[Window], list, ["a"], "show_if can't depend on 'mode', which holds a list or a secret"),
        (str, "", [], "show_if expects a list of values for 'mode', got []"),
        (str, "", "sum", "show_if expects a list of values for 'mode', got 'sum'"),
    ],
)  # fmt: skip
def test_a_field_that_could_never_show_is_refused(hint: Any, default: Any, values: Any, sentence: str) -> None:
    """In a form and in a row alike: the sentence names the field, and what the other can't be."""
    made = field(default_factory=default) if callable(default) and default is list else field(default=default)
    shown = Annotated[str, Ui(label=repr(values), show_if={"mode": values})]  # or typing takes [True] for [1]
    form = dataclasses.make_dataclass("Model", [("mode", hint, made), ("f", shown, "")], frozen=True)

    with pytest.raises(SchemaError, match=re.escape(f"Model.f: {sentence}")):
        describe(datasource(model=form))
    if "list" not in str(hint):
        rows = dataclasses.make_dataclass("Model", [("rows", list[form], field(default_factory=list))])  # type: ignore[valid-type]
        with pytest.raises(SchemaError, match=re.escape(f"Model.rows.f: {sentence}")):
            describe(datasource(model=rows))


def test_conditions_that_can_be_travel_as_json() -> None:
    """Enum members as their values; a section's condition holds for each of its fields, beside their own."""
    inner = dataclasses.make_dataclass(
        "Inner", [("a", Annotated[str, Ui(show_if={"wide": [True]})], ""), ("b", int, 1)], frozen=True
    )
    shown = Annotated[inner, Ui(show_if={"level": [Level.HIGH]})]  # type: ignore[valid-type]
    form = dataclasses.make_dataclass(
        "Model", [("level", Level, Level.LOW), ("wide", bool, False), ("inner", shown, inner())], frozen=True
    )
    fields = {each["name"]: each for each in describe(datasource(model=form))["query"]["fields"]}

    assert fields["inner.a"]["showIf"] == {"level": [2], "wide": [True]}
    assert fields["inner.b"]["showIf"] == {"level": [2]}
    with pytest.raises(SchemaError, match=r"Model\.f: show_if names 'f', which is the field itself"):
        one(Annotated[str, Ui(show_if={"f": ["a"]})], "")


def test_bounds_of_texts_and_lists_travel() -> None:
    """The editor shows what Python refuses; the items' own bounds count where the list says none."""
    assert one(Annotated[str, Ui(pattern="[a-z]+")], "")["pattern"] == "[a-z]+"
    assert one(Annotated[list[int], Ui(minimum=1, maximum=9)], list)["max"] == 9
    assert one(list[Annotated[int, Ui(minimum=1)]], list)["min"] == 1
    assert one(Annotated[Secret, Ui(pattern="[a-z]+")], Secret(""), config=True)["pattern"] == "[a-z]+"


def test_a_resource_may_have_parameters_or_be_answered_by_the_rest() -> None:
    """A route with parts, a query string, or `call_resource`, which may answer any path."""
    table = Annotated[str, Ui(options_from="/tables?like={f}")]
    source = datasource(model=dataclasses.make_dataclass("Model", [("f", str, ""), ("g", table, "")]))
    source.call_resource = lambda self, request: None  # type: ignore[attr-defined]  # noqa: ARG005

    assert one(Annotated[str, Ui(options_from="tables/{f}/columns?a=1")], "")["from"] == "tables/{f}/columns?a=1"
    assert describe(source)["query"]["fields"][1]["from"] == "/tables?like={f}"


def test_a_dataclass_inside_another_becomes_a_section() -> None:
    """Its fields carry both names; in the options they are kept in jsonData."""
    form = dataclasses.make_dataclass("Form", [("window", Annotated[Window, Ui(help="unused")], Window())])
    said = describe(datasource(options=form, model=form))

    assert said["query"]["fields"] == [
        {"section": "Window", "name": "window.size", "label": "Size", "kind": "number", "integer": True, "min": 1,
         "default": 5},
        {"section": "Window", "name": "window.unit", "label": "Unit", "kind": "select", "default": "m",
         "options": [{"value": "s", "label": "s"}, {"value": "m", "label": "m"}]},
    ]  # fmt: skip
    assert {field["store"] for field in said["config"]["fields"]} == {"jsonData"}


def test_a_list_of_dataclasses_becomes_rows() -> None:
    """The rows' fields and the default travel as JSON."""
    found = one(list[Window], lambda: [Window(size=2)])

    assert (found["kind"], found["default"]) == ("list", [{"size": 2, "unit": "m"}])
    assert [(inner["name"], inner["default"]) for inner in found["fields"]] == [("size", 5), ("unit", "m")]


def test_choices_may_come_from_the_plugin() -> None:
    """A text becomes one choice, a list of texts several; both keep their defaults."""
    single = one(Annotated[str, Ui(options_from="tables")], "cpu")
    several = one(Annotated[list[str], Ui(options_from="tables")], lambda: ["cpu"])

    assert (single["kind"], single["from"], single["default"]) == ("select", "tables", "cpu")
    assert (several["kind"], several["from"], several["default"]) == ("multi", "tables", ["cpu"])


def test_http_options_are_grafanas_own_keys() -> None:
    """What the HTTP client of Grafana's SDKs reads is where they put it; an option of the same name or place wins."""
    url = Annotated[str, Ui(store="url", label="API")]
    form = dataclasses.make_dataclass(
        "Options", [("api", url, ""), ("timeout", int, 5), ("http", HttpOptions, HttpOptions())]
    )
    fields = {each["name"]: each for each in describe(datasource(options=form))["config"]["fields"]}

    assert list(fields) == [
        *("api", "timeout", "basicAuth", "basicAuthUser", "basicAuthPassword", "tlsSkipVerify", "tlsAuthWithCACert"),
        *("tlsCACert", "tlsAuth", "serverName", "tlsClientCert", "tlsClientKey", "httpHeader"),
    ]
    assert fields["timeout"]["default"] == 5
    assert [fields[name]["store"] for name in ("basicAuth", "basicAuthPassword", "tlsAuth")] == ["root", "secureJsonData", "jsonData"]  # fmt: skip  # noqa: E501


def test_variables_and_annotations_may_have_forms_of_their_own() -> None:
    """Each method brings the form of its model, and no other form appears."""
    form = dataclasses.make_dataclass("Names", [("of", str, "tables")])
    source = datasource()

    def query_variable(self: Any, query: Any) -> None: ...

    query_variable.__annotations__ = {"query": Query[form]}  # type: ignore[valid-type]  # made here
    source.query_variable = query_variable  # type: ignore[attr-defined]  # as an author would write it

    assert [each["name"] for each in describe(source)["own"]["variable"]["fields"]] == ["of"]
    assert list(describe(source)["own"]) == ["variable"]
    assert "own" not in describe(datasource())


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (dataclasses.make_dataclass("Model", [("table", str)]), "Model.table has no default"),
        (Node, "Node.child refers back to Node"),
        (Path, "Path must be a dataclass"),
    ],
)
def test_a_model_without_a_form_is_refused(model: type, sentence: str) -> None:
    """Alert rules may leave any field out, a form cannot be endless, and another class has no fields to show."""
    with pytest.raises(SchemaError, match=f"^{re.escape(sentence)}"):
        describe(datasource(model=model))


@pytest.mark.parametrize(
    ("hint", "default", "sentence"),
    [
        (Annotated[str, Ui(store="url")] | None, None, "Grafana keeps it as a text"),
        (Optional[Secret], None, "Grafana keeps it as a text"),  # noqa: UP045 - older
        (Secret, Secret("hunter2"), "a secret must not have a default"),
    ],
)
def test_what_grafana_keeps_as_text_is_text(hint: Any, default: Any, sentence: str) -> None:
    """The URL and a secret are never None; a secret's default would be readable in module.js, and is not shown."""
    with pytest.raises(SchemaError, match=rf"Options\.f: {sentence}") as caught:
        one(hint, default, config=True)

    assert "hunter2" not in str(caught.value)


def test_a_data_source_has_one_url() -> None:
    """Two options cannot be kept in the same place."""
    url = Annotated[str, Ui(store="url")]
    form = dataclasses.make_dataclass("Options", [("a", url, ""), ("b", url, "")])

    with pytest.raises(SchemaError, match="Options: a and b both say"):
        describe(datasource(options=form))


@pytest.mark.parametrize("name", ["refId", "hide", "datasource", "intervalMs", "constructor", "toString", "__proto__"])
def test_names_that_grafana_or_javascript_own_are_refused(name: str) -> None:
    """They would be overwritten by every query, or read from every object."""
    with pytest.raises(SchemaError, match=f"Model.{name}: .* choose another name"):
        one(str, "", name=name)


def test_a_dict_has_no_form() -> None:
    """Its fields are known to nobody, on purpose."""
    assert describe(datasource(model=dict[str, Any]))["query"] == {"fields": []}


def test_a_class_that_answers_no_query_is_refused() -> None:
    """The sentence names the class and the method that is missing."""
    with pytest.raises(SchemaError, match=r"^Path: .*query"):
        describe(Path)


def test_the_hash_follows_the_dataclasses_alone() -> None:
    """The same models give the same bytes; another plugin id changes nothing, another default does."""
    form: Callable[[str], type] = lambda default: dataclasses.make_dataclass("Model", [("f", str, default)])  # noqa: E731 - short
    first, same = (describe(datasource(model=form("a")), plugin_id=plugin_id) for plugin_id in ("x", "y"))
    other = describe(datasource(model=form("b")))

    assert first["hash"] == same["hash"] != other["hash"]
    assert json.dumps(describe(datasource(model=form("a")), plugin_id="x")) == json.dumps(first)


def test_load_and_main_work_in_process(capsys: pytest.CaptureFixture[str]) -> None:
    """A class is found by `module:Class`; a wrong name is a sentence and exit status 1."""
    assert load("pathlib:Path") is Path
    assert main(["pathlib:Nowhere"]) == 1
    assert "pathlib:Nowhere cannot be loaded" in capsys.readouterr().err
