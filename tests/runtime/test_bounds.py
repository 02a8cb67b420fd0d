"""Bounds of `Ui` and of types hold when Python decodes; impossible bounds are refused when the class is inspected."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, make_dataclass
from typing import Annotated, Any, Literal, Optional

import msgspec
import pytest
from boundmodels import Level, Model, Window, decode, one, refusal

from gfruntime.author.bounds import bounds_of
from gfruntime.author.controls import SchemaError
from gfruntime.author.ui import Secret, Ui
from gfruntime.calls import convert
from gfruntime.errors import DecodeError

HUGE = 10**400


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"series": 30_000_000}, "field 'series': 30000000 is above the maximum 1000"),
        ({"series": "30000000"}, "field 'series': 30000000 is above the maximum 1000"),
        ({"series": 30_000_000.0}, "field 'series': 30000000 is above the maximum 1000"),
        ({"series": 0}, "field 'series': 0 is below the minimum 1"),
        ({"series": -(2**63)}, "field 'series': -9223372036854775808 is below the minimum 1"),
        ({"series": 2**64}, "field 'series': 18446744073709551616 is above the maximum 1000"),
        ({"series": HUGE}, f"field 'series': {str(HUGE)[:80]}… is above the maximum 1000"),
        ({"series": True}, "series: expected int, got bool true"),
        ({"series": 1.5}, "series: expected int, got float 1.5"),
        ({"hertz": 1e12}, "field 'hertz': 1000000000000.0 is above the maximum 50"),
        ({"hertz": -1}, "field 'hertz': -1.0 is below the minimum 0.1"),
        ({"hertz": "nan"}, "field 'hertz': nan is not a finite number"),
        ({"low": "inf"}, "field 'low': inf is not a finite number"),
        ({"low": "NaN"}, "field 'low': nan is not a finite number"),
        (b'{"low": NaN}', "field 'low': nan is not a finite number"),
        (b'{"low": 1e999}', "field 'low': inf is not a finite number"),
        (b'{"free": -Infinity}', "field 'free': -inf is not a finite number"),
        ({"low": HUGE}, "low: number out of range"),
        ({"high": 11}, "field 'high': 11 is above the maximum 10"),
        ({"maybe": 0}, "field 'maybe': 0 is below the minimum 1"),
        ({"perhaps": 2}, "field 'perhaps': 2.0 is above the maximum 1"),
        ({"share": 1.01}, "field 'share': 1.01 is above the maximum 1"),
        ({"limits": [1, 10]}, "field 'limits[1]': 10 is above the maximum 9"),
        ({"limits": ["10"]}, "field 'limits[0]': 10 is above the maximum 9"),
        ({"ratios": [0.5, 2]}, "field 'ratios[1]': 2.0 is above the maximum 1"),
        ({"pair": [1, 10]}, "field 'pair[1]': 10 is above the maximum 9"),
        ({"window": {"size": 10}}, "field 'window.size': 10 is above the maximum 9"),
        ({"window": {"label": ""}}, "field 'window.label': it is empty, and a value is required"),
        ({"window": {"unit": "h"}}, "field 'window.unit': 'h' is not one of 's', 'm'"),
        ({"rows": [{}, {"size": 0}]}, "field 'rows[1].size': 0 is below the minimum 1"),
        ({"rows": [{"unit": "h"}]}, "field 'rows[0].unit': 'h' is not one of 's', 'm'"),
        ({"table": ""}, "field 'table': it is empty, and a value is required"),
        ({"tags": []}, "field 'tags': it is empty, and a value is required"),
        ({"tags": ["a", "B"]}, "field 'tags[1]': 'B' does not match the pattern '[a-z]+'"),
        ({"name": "a1 "}, "field 'name': 'a1 ' does not match the pattern '[a-z]\\\\d+'"),
        ({"name": "xa1"}, "field 'name': 'xa1' does not match the pattern '[a-z]\\\\d+'"),
        ({"name": "a1\n"}, "field 'name': 'a1\\n' does not match the pattern '[a-z]\\\\d+'"),
        ({"name": "a\u0661"}, "field 'name': 'a\u0661' does not match the pattern '[a-z]\\\\d+'"),
        ({"name": "\ud800"}, "field 'name': '\\ud800' does not match the pattern '[a-z]\\\\d+'"),
        ({"kind": "max"}, "field 'kind': 'max' is not one of 'sum', 'mean'"),
        ({"kind": "Sum"}, "field 'kind': 'Sum' is not one of 'sum', 'mean'"),
        ({"kind": 1}, "field 'kind': 1 is not one of 'sum', 'mean'"),
        ({"mixed": 3}, "field 'mixed': 3 is not one of 1, 2, 'all'"),
        ({"mixed": True}, "field 'mixed': True is not one of 1, 2, 'all'"),
        ({"mixed": "none"}, "field 'mixed': 'none' is not one of 1, 2, 'all'"),
        ({"level": 3}, "field 'level': 3 is not one of 1, 2"),
        ({"kinds": ["a", "c"]}, "field 'kinds[1]': 'c' is not one of 'a', 'b'"),
    ],
)  # fmt: skip
def test_a_value_out_of_bounds_is_refused(value: dict[str, Any] | bytes, sentence: str) -> None:
    """One sentence with status 400 names the field, the value and the bound."""
    assert refusal(value) == sentence


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, Model()),
        ({"series": "5", "hertz": "0.1", "maybe": "1"}, Model(series=5, hertz=0.1, maybe=1)),
        ({"series": None, "hertz": None, "table": None}, Model()),
        ({"series": 1000, "low": 1, "high": -HUGE}, Model(series=1000, high=-HUGE)),
        ({"limits": [], "rows": [], "name": ""}, Model()),
        ({"limits": ["1", 9], "name": "a12"}, Model(limits=[1, 9], name="a12")),
        ({"table": " "}, Model(table=" ")),
        ({"mixed": "1", "level": "2"}, Model(mixed=1, level=Level.HIGH)),
    ],
)
def test_a_value_within_bounds_is_decoded(value: dict[str, Any], expected: Model) -> None:
    """Bounds are inclusive; texts for numbers, null and whitespace are accepted."""
    assert decode(value) == expected


@dataclass
class Eager:
    """A model whose author uses the values at once."""

    series: Annotated[int, Ui(maximum=100)] = 1
    window: Window = field(default_factory=Window)
    samples: Any = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Allocate as much as the value says."""
        assert self.series <= 100, "the author saw a value out of bounds"
        self.samples = [0] * self.series


def test_post_init_runs_on_values_in_bounds() -> None:
    """`__post_init__` runs after the bounds are checked, in rows too."""
    outer = make_dataclass("Model", [("rows", list[Eager], field(default_factory=list))])

    assert refusal({"series": 30_000_000}, Eager) == "field 'series': 30000000 is above the maximum 100"
    assert refusal({"rows": [{"series": 101}]}, outer) == "field 'rows[0].series': 101 is above the maximum 100"
    assert decode({"rows": [{"series": 2}]}, outer).rows[0].samples == [0, 0]
    assert type(decode({"series": 3}, Eager)) is Eager


@dataclass(frozen=True)
class Options:
    """A config page's options."""

    url: Annotated[str, Ui(store="url", required=True)] = ""
    token: Annotated[Secret, Ui(required=True, pattern="[a-z]+")] = Secret("")  # noqa: RUF009 - immutable
    timeout: Annotated[float, Ui(minimum=1)] = 10.0


@pytest.mark.parametrize(
    ("json_data", "url", "token", "sentence"),
    [
        (b"{}", "", "sesame", "field 'url': it is empty, and a value is required"),
        (b"{}", "http://x", "", "field 'token': it is empty, and a value is required"),
        (b"{}", "http://x", "SESAME", "field 'token': it does not match the pattern '[a-z]+'"),
        (b'{"timeout":0}', "http://x", "sesame", "field 'timeout': 0.0 is below the minimum 1"),
    ],
)
def test_options_and_secrets_keep_their_bounds(json_data: bytes, url: str, token: str, sentence: str) -> None:
    """Bounds hold in jsonData, in the data source's own fields and in secrets; a secret is never shown."""
    with pytest.raises(DecodeError) as failure:
        convert.options(Options, json_data=json_data, url=url, secrets={"token": token} if token else {})

    assert str(failure.value) == f"the data source's settings: {sentence}"
    assert failure.value.status == 400


def test_models_of_pydantic_keep_their_bounds() -> None:
    """`Ui` means the same in a model of pydantic."""
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("model", limit=(Annotated[int, Ui(maximum=9)], 3))

    assert decode({"limit": "4"}, model).limit == 4
    assert refusal({"limit": 10}, model) == "field 'limit': 10 is above the maximum 9"


class Structure(msgspec.Struct):
    """A structure of msgspec, which a dataclass may contain."""

    limit: Annotated[int, Ui(maximum=9)] = 3


def test_models_of_msgspec_keep_their_bounds() -> None:
    """Models that no form shows have bounds, too: another frontend may send them."""
    outer = make_dataclass("Model", [("part", Structure, field(default_factory=Structure))])

    assert decode({"limit": "4"}, Structure).limit == 4
    assert refusal({"limit": 10}, Structure) == "field 'limit': 10 is above the maximum 9"
    assert refusal({"part": {"limit": 10}}, outer) == "field 'part.limit': 10 is above the maximum 9"


def test_bounds_hold_inside_mappings_sets_and_lists() -> None:
    """The model has mappings, sets and lists, and no form shows it."""
    hint = dict[str, Annotated[int, Ui(maximum=9)]]
    model = make_dataclass(
        "Model",
        [
            ("by_name", hint, field(default_factory=dict)),
            ("windows", dict[str, Window], field(default_factory=dict)),
            ("numbers", set[Annotated[int, Ui(maximum=9)]], field(default_factory=set)),
        ],
    )

    assert refusal({"by_name": {"a": 10}}, model) == "field 'by_name.a': 10 is above the maximum 9"
    assert refusal({"windows": {"a": {"size": 10}}}, model) == "field 'windows.a.size': 10 is above the maximum 9"
    assert "10 is above the maximum 9" in refusal({"numbers": [1, 10]}, model)
    assert refusal({"windows": {"a": {"unit": "h"}}}, model) == "field 'windows.a.unit': 'h' is not one of 's', 'm'"


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|aa)+", "(a|a?)+", "(.*a){20}", "([a-z]+)*"])
def test_no_pattern_takes_exponential_time(pattern: str) -> None:
    """A text on which a backtracking engine would work for years is refused at once."""
    model = one(Annotated[str, Ui(pattern=pattern)], "")
    assert bounds_of(model)
    began = time.monotonic()

    assert "does not match" in refusal({"f": "a" * 5_000 + "!"}, model)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("hint", "default", "sentence"),
    [
        (Annotated[int, Ui(maximum=9)], 10, "Model.f: its default is invalid: 10 is above the maximum 9"),
        (Annotated[list[int], Ui(minimum=1)], lambda: [0], "Model.f: its default is invalid: 0 is below"),
        (Annotated[str, Ui(pattern="[a-z]+")], "A", "Model.f: its default is invalid: 'A' does not match"),
        (Literal["a", "b"], "c", "Model.f: its default is invalid: 'c' is not one of 'a', 'b'"),
        (Literal[1, 2], True, "Model.f: its default is invalid: True is not one of 1, 2"),
        (list[Literal["a"]], lambda: ["b"], "Model.f: its default is invalid: 'b' is not one of 'a'"),
        (float, float("nan"), "Model.f: its default is invalid: nan is not a finite number"),
        (Annotated[int, Ui(minimum=9, maximum=1)], 5, "Model.f: its minimum 9 is above its maximum 1"),
        (Annotated[int, Ui(minimum=float("nan"))], 5, "Model.f: its minimum nan is not a number"),
        (Annotated[int, Ui(maximum="5")], 5, "Model.f: its maximum '5' is not a number"),  # type: ignore[arg-type]
        (Annotated[str, Ui(pattern="(")], "", "Model.f: its pattern '(' can't be read: "),
        (Annotated[str, Ui(pattern="a)|(b")], "", "Model.f: its pattern 'a)|(b' can't be read: "),
        (Annotated[str, Ui(pattern="(?=a)")], "", "Model.f: its pattern '(?=a)' can't be read: "),
        (Annotated[str, Ui(pattern="((a{100}){100}){100}")], "", "Model.f: its pattern"),
        (Annotated[str, Ui(show_if={"f": "sum"})], "", "Model.f: show_if expects a list of values for 'f', got 'sum'"),
        (Annotated[str, Ui(show_if={"f": []})], "", "Model.f: show_if expects a list of values for 'f', got []"),
        (list[make_dataclass("Inner", [("g", Annotated[int, Ui(maximum=1)], 2)])], list, "Inner.g: its default"),  # type: ignore[misc]
    ],
)  # fmt: skip
def test_impossible_bounds_are_refused_when_the_class_is_inspected(hint: Any, default: Any, sentence: str) -> None:
    """One sentence names the class and the field when the decoder is created, before any query."""
    with pytest.raises(SchemaError) as failure:
        convert.model_decoder(one(hint, default))

    assert str(failure.value).startswith(sentence)
    assert "\n" not in str(failure.value)


def test_a_required_field_may_be_empty_by_default() -> None:
    """An author marks a field without a good default like this."""
    assert "a value is required" in refusal({}, one(Annotated[str, Ui(required=True)], ""))


def test_a_class_is_compiled_once_and_one_without_bounds_costs_nothing() -> None:
    """The compiled bounds are cached by class; compilation ends for a class that contains itself."""

    @dataclass
    class Node:
        child: Any = None

    Node.__annotations__["child"] = Optional[Node]  # noqa: UP045

    assert bounds_of(Model) is bounds_of(Model)
    assert bounds_of(one(str, "")) is None
    assert bounds_of(dict[str, Any]) is None
    assert decode({"child": {"child": None}}, Node) == Node(child=Node())
