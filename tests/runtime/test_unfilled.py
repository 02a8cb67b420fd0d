"""Unfilled variables, and numbers in text fields."""

from __future__ import annotations

import datetime as dt  # noqa: TC003  # read by the code under test
import enum
import json
import time
from dataclasses import dataclass, field, make_dataclass
from typing import Annotated, Any, Literal

import pytest
from calls import Plain, Services, queries

from gfruntime import Frame, Query, Secret, Ui
from gfruntime.calls import convert, decoding
from gfruntime.errors import DecodeError


class Level(enum.Enum):
    """Choices that are numbers."""

    LOW = 1
    HIGH = 2


class Unit(enum.Enum):
    """Choices that are texts, one of which reads as a boolean."""

    ON = "true"
    SIX = "6"


@dataclass(frozen=True)
class Inner:
    """A row."""

    name: str = ""
    size: int = 0


@dataclass(frozen=True)
class Model:
    """One field of each kind."""

    limit: int = 1
    share: float = 0.5
    deep: bool = False
    kind: Literal["sum", "mean"] = "sum"
    level: Level = Level.LOW
    step: Literal[5, 10] = 5
    since: dt.datetime | None = None
    numbers: list[int] = field(default_factory=list)
    by_name: dict[str, int] = field(default_factory=dict)
    rows: list[Inner] = field(default_factory=list)
    maybe: int | None = None
    code: Annotated[str, Ui(pattern="[a-z]+")] = "a"
    text: str = ""
    texts: list[str] = field(default_factory=list)
    texts_by_name: dict[str, str] = field(default_factory=dict)
    unit: Unit = Unit.ON
    version: Literal["1.5", "2"] = "2"
    either: str | int = ""
    some: str | list[str] = ""
    perhaps: str | None = None


def refusal(model: dict[str, Any]) -> str:
    """Decode a model, and return its error."""
    with pytest.raises(DecodeError) as failure:
        convert.model_decoder(Model)(json.dumps(model).encode())
    return str(failure.value)


UNFILLED = ["${n}", "$n", "[[n]]", "${n:csv}", "${__from:date}", "$__interval_ms", "a-${n}"]
ERRORS = {
    "limit": "limit: expected int, got str '{}'",
    "share": "share: expected float, got str '{}'",
    "deep": "deep: expected bool, got str '{}'",
    "kind": "field 'kind': '{}' is not one of 'sum', 'mean'",
    "level": "field 'level': '{}' is not one of 1, 2",
    "step": "field 'step': '{}' is not one of 5, 10",
    "numbers": "numbers: expected array, got str '{}'",
    "maybe": "maybe: expected int | null, got str '{}'",
    "code": "field 'code': '{}' does not match the pattern '[a-z]+'",
}


@pytest.mark.shows('errors: `"${n}"` or `""` in a field that is a number')
@pytest.mark.parametrize("text", UNFILLED)
@pytest.mark.parametrize("name", ERRORS)
def test_a_variable_that_is_not_filled_is_named(name: str, text: str) -> None:
    """The error has the field, its type, the value, and the reason why it is not filled."""
    sentence = refusal({name: text})
    variable = text.removeprefix("a-")

    assert sentence == (
        f"the query: {ERRORS[name].format(text)}: the variable {variable} is not filled; alert rules fill no variables"
    )


@pytest.mark.shows('errors: `"${n}"` or `""` in a field that is a number')
@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ({"since": "${__from}"}, "since: invalid RFC3339 encoded datetime, got '${__from}': the variable ${__from} is"),
        ({"numbers": [1, "$n"]}, "numbers[1]: expected int, got str '$n': the variable $n is not filled"),
        ({"by_name": {"a": 1, "b": "$n"}}, "by_name.b: expected int, got str '$n': the variable $n is not filled"),
        ({"rows": [{"size": "$n"}]}, "rows[0].size: expected int, got str '$n': the variable $n is not filled"),
        ({"limit": ""}, "limit: expected int, got str '': it is empty, like a variable that is not filled"),
        ({"share": " "}, "share: expected float, got str ' ': it is empty, like a variable that is not filled"),
        ({"deep": ""}, "deep: expected bool, got str '': it is empty, like a variable that is not filled"),
        ({"kind": ""}, "field 'kind': '' is not one of 'sum', 'mean': it is empty, like a variable that is not"),
        *(
            ({"limit": text}, f"limit: expected int, got str '{text}': a variable that is not filled leaves this text")
            for text in ("undefined", "null", "None", "NaN")
        ),
        ({"limit": "$__all"}, "limit: expected int, got str '$__all': it stands for all values of a variable"),
        ({"limit": "{1,2}"}, "limit: expected int, got str '{1,2}': it has several values of a variable"),
        ({"limit": "(1|2)"}, "limit: expected int, got str '(1|2)': it has several values of a variable"),
    ],
)
def test_an_unresolved_variable_is_an_error(model: dict[str, Any], sentence: str) -> None:
    """Unresolved variables are found at every depth of the model."""
    assert refusal(model).startswith(f"the query: {sentence}")


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ({"limit": "many"}, "limit: expected int, got str 'many'"),
        ({"limit": "all"}, "limit: expected int, got str 'all'"),
        ({"limit": "1,5"}, "limit: expected int, got str '1,5'"),
        ({"limit": "US$ 5"}, "limit: expected int, got str 'US$ 5'"),
        ({"limit": "x" * 500}, f"limit: expected int, got str '{'x' * 79}…"),
        ({"limit": [1, 2]}, "limit: expected int, got array [1, 2]"),
        ({"limit": True}, "limit: expected int, got bool true"),
        ({"text": None, "texts": [None]}, "texts[0]: expected str, got null"),
        ({"text": ["a"]}, 'text: expected str, got array ["a"]'),
        ({"text": {"a": 1}}, 'text: expected str, got object {"a": 1}'),
        ({"text": 1e21}, "text: expected str, got float 1e+21"),
        ({"kind": True}, "field 'kind': True is not one of 'sum', 'mean'"),
        ({"step": 7}, "field 'step': 7 is not one of 5, 10"),
    ],
)
def test_a_wrong_value_is_shown_without_advice(model: dict[str, Any], sentence: str) -> None:
    """The error names no variable."""
    assert refusal(model) == f"the query: {sentence}"


def test_a_text_may_hold_a_variable() -> None:
    """The author may intend such a text."""
    assert convert.model_decoder(Model)(b'{"text": "${n}"}').text == "${n}"


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"text": True}, {"text": "true"}),
        ({"text": False}, {"text": "false"}),
        ({"text": 5}, {"text": "5"}),
        ({"text": 0}, {"text": "0"}),
        ({"text": 1.5}, {"text": "1.5"}),
        ({"text": -2}, {"text": "-2"}),
        ({"text": 12345678901234567890}, {"text": "12345678901234567890"}),
        ({"text": None}, {}),
        ({"perhaps": 5}, {"perhaps": "5"}),
        ({"perhaps": None}, {}),
        ({"texts": [1, True, "a"]}, {"texts": ["1", "true", "a"]}),
        ({"texts_by_name": {"a": 1}}, {"texts_by_name": {"a": "1"}}),
        ({"rows": [{"name": 5, "size": "6"}]}, {"rows": [Inner("5", 6)]}),
        ({"unit": True}, {"unit": Unit.ON}),
        ({"unit": 6}, {"unit": Unit.SIX}),
        ({"version": 1.5}, {"version": "1.5"}),
        ({"version": 2}, {"version": "2"}),
        ({"step": "10"}, {"step": 10}),
        ({"level": "2"}, {"level": Level.HIGH}),
        ({"either": 5}, {"either": 5}),
        ({"some": 5}, {"some": "5"}),
        ({"some": [5]}, {"some": ["5"]}),
        ({"limit": "5", "text": 5, "deep": "true"}, {"limit": 5, "text": "5", "deep": True}),
    ],
)
def test_numbers_and_booleans_become_texts_in_text_fields(model: dict[str, Any], expected: dict[str, Any]) -> None:
    """This applies to queries, and to options, whose variables a provisioning file fills."""
    assert convert.model_decoder(Model)(json.dumps(model).encode()) == Model(**expected)
    assert convert.options(Model, json_data=json.dumps(model).encode(), url="", secrets={}) == Model(**expected)


def test_bounds_hold_for_the_text() -> None:
    """A number is checked as the text that it becomes."""
    assert refusal({"code": 5}) == "the query: field 'code': '5' does not match the pattern '[a-z]+'"


def test_options_of_a_dict_type_are_converted_to_it() -> None:
    """A dict of any values keeps its numbers; a dict of texts gets texts."""
    assert convert.options(dict[str, Any], json_data=b'{"a": true}', url="", secrets={}) == {"a": True}
    assert convert.options(dict[str, str], json_data=b'{"a": true, "b": 5}', url="", secrets={}) == {
        "a": "true",
        "b": "5",
    }


@dataclass(frozen=True)
class Options:
    """Options."""

    port: int = 1
    token: Secret = Secret("")


def test_options_say_that_only_provisioning_fills_variables() -> None:
    """Dashboards fill no variables of options."""
    with pytest.raises(DecodeError) as failure:
        convert.options(Options, json_data=b'{"port": "$PORT"}', url="", secrets={})

    assert str(failure.value) == (
        "the data source's settings: port: expected int, got str '$PORT': the variable $PORT is not filled; "
        "in settings, only provisioning files fill variables"
    )


def test_a_secret_is_not_shown() -> None:
    """A value of another type in a secret's place is not shown, either."""

    @dataclass(frozen=True)
    class Query:
        token: Secret = Secret("")

    with pytest.raises(DecodeError) as failure:
        convert.model_decoder(Query)(b'{"token": ["sesame"]}')
    assert "sesame" not in str(failure.value)


def test_models_of_pydantic_take_texts_and_name_variables() -> None:
    """The errors of such models name the variable in place of pydantic's value."""
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("model", limit=(int, 3), text=(str, ""), kind=(Literal["1", "2"], "1"))
    decode = convert.model_decoder(model)

    assert decode(b'{"text": true, "kind": 2}').model_dump() == {"limit": 3, "text": "true", "kind": "2"}
    with pytest.raises(DecodeError, match=r"limit: .*integer.*, got '\$\{n\}': the variable \$\{n\} is not filled"):
        decode(b'{"limit": "${n}"}')
    with pytest.raises(DecodeError, match=r"limit: .*, got '': it is empty, like a variable that is not filled"):
        decode(b'{"limit": ""}')


def test_an_unfilled_variable_fails_only_its_query() -> None:
    """One query fails with status 400; the other query gets its number as a text."""

    class Source(Plain):
        def query(self, query: Query[Model]) -> Frame:  # type: ignore[override]  # another model
            return Frame.of(text=[query.model.text])

    answers = Services(Source).query(queries({"limit": "${n}"}, {"text": 5}))

    assert (answers["A"].status, answers["B"].status) == (400, 200)
    assert answers["A"].error.endswith("the variable ${n} is not filled; alert rules fill no variables")


def test_annotations_without_a_hash_are_read() -> None:
    """Other libraries annotate fields, too."""
    model = make_dataclass("Model", [("name", Annotated[str, {"a": 1}], "x")])

    assert decoding.decode(model, {"name": 5}, "the query").name == "5"


LONG_TEXTS = {
    "commas in a brace": "{" + "," * 200_000,
    "bars in a bracket": "(" + "|" * 200_000,
    "open variables": "${" * 100_000,
    "open old variables": "[[" * 100_000,
    "digits": "1" * 200_000 + "x",
    "spaces": " " * 200_000 + "x",
    "letters": "a" * 200_000 + "A",
}


@pytest.mark.parametrize("text", LONG_TEXTS.values(), ids=LONG_TEXTS)
@pytest.mark.parametrize("name", [*ERRORS, "since"])
def test_a_long_wrong_text_is_refused_in_little_time(name: str, text: str) -> None:
    """The search for a variable is linear: 16,000 commas in a brace took 1 s, and four times that for twice as many."""
    began = time.process_time()
    refusal({name: text})

    assert time.process_time() - began < 1
