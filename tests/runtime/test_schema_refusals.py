"""Classes and fields that the UI schema refuses."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, Union

import pytest
from forms import Deep, Level, Node, Note, Window, datasource, one

from gfruntime.author.controls import SchemaError
from gfruntime.author.schema import describe
from gfruntime.author.ui import HttpOptions, OAuth2Options, Secret, Ui


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
        (list[Note], list, "Model.f: a row can't show Note.text, because its control has more than one line"),
        (HttpOptions, HttpOptions(), "Model.f: HttpOptions works only as a field of the options class"),
        (OAuth2Options, OAuth2Options(), "Model.f: OAuth2Options works only as a field of the options class"),
        (Annotated[int, Ui(options_from="x")], 1, "Model.f: options_from works only on a str or a list[str]"),
        (Annotated[str, Ui(options_from="x?y={y}")], "", "Model.f: options_from names 'y', which is not a field"),
        (Annotated[str, Ui(show_if={"y": [1]})], "", "Model.f: show_if names 'y', which is not a field of Model"),
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
        (Annotated[str, Ui(minimum=1)], "", "Model.f: minimum and maximum work only on numbers"),
        (Annotated[list[str], Ui(minimum=1)], list, "Model.f: minimum and maximum work only on numbers"),
        (Annotated[int, Ui(minimum=9, maximum=1)], 5, "Model.f: its minimum 9 is above its maximum 1"),
        (Annotated[list[int], Ui(minimum=1)], lambda: [0], "Model.f: its default [0] is not a list of its items"),
        (Annotated[int, Ui(pattern="a")], 5, "Model.f: a pattern works only on texts"),
        (Annotated[Literal["a"], Ui(pattern="a")], "a", "Model.f: a pattern works only on texts"),
        (Annotated[str, Ui(pattern="(")], "", "Model.f: its pattern '(' can't be read: "),
        (Annotated[str, Ui(pattern="a+")], "b", "Model.f: its default is invalid: 'b' does not match"),
        (list[Window], lambda: [Window(size=0)], "Model.f: its default has the size 0, not a whole number at least 1"),
        (list[Window], lambda: [Window(unit="h")], "Model.f: its default has the unit 'h', not one of 's', 'm'"),  # type: ignore[arg-type]
        (Annotated[str, Ui(options_from="views")], "", "Model.f: options_from names the resource 'views', which"),
        (Annotated[str, Ui(options_from="changes")], "", "Model.f: options_from names the resource 'changes'"),
        (Annotated[str, Ui(options_from="tables/{f}")], "", "Model.f: options_from names the resource 'tables/{f}'"),
        (Annotated[str, Ui(options_from="http://x/tables")], "", "Model.f: options_from 'http://x/tables' is a"),
        (Annotated[str, Ui(options_from="javascript:x")], "", "Model.f: options_from 'javascript:x' is a complete"),
        (Annotated[str, Ui(options_from="//x/tables")], "", "Model.f: options_from '//x/tables' is a complete"),
        (Annotated[str, Ui(options_from="../tables")], "", "Model.f: options_from '../tables' leaves"),
        (Annotated[str, Ui(options_from="a/%2e%2e/tables")], "", "Model.f: options_from 'a/%2e%2e/tables' leaves"),
        (Annotated[str, Ui(options_from="a/%252e%252E/b")], "", "Model.f: options_from 'a/%252e%252E/b' leaves"),
        (Annotated[str, Ui(options_from="..\\tables")], "", "Model.f: options_from '..\\\\tables' leaves"),
        (Annotated[str, Ui(options_from="a tables")], "", "Model.f: options_from 'a tables' is not the path"),
        (Annotated[str, Ui(options_from="tables#a")], "", "Model.f: options_from 'tables#a' is not the path"),
        (Annotated[str, Ui(options_from="tables/{f")], "", "Model.f: options_from 'tables/{f' is not the path"),
        (Annotated[str, Ui(options_from="/")], "", "Model.f: options_from '/' is not the path"),
        (Annotated[str, Ui(store="url")], "", 'Model.f: store="url" works only on one str of the options'),
    ],
)  # fmt: skip
def test_the_error_for_a_type_without_a_form_names_the_field(hint: Any, default: Any, sentence: str) -> None:
    """The error names the class and the field."""
    with pytest.raises(SchemaError) as failure:
        one(hint, default)

    assert str(failure.value).startswith(sentence)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize(
    ("hint", "default", "values", "sentence"),
    [
        (Literal["a", "b"], "a", ["c"], "show_if compares mode with 'c', which is not one of 'a', 'b'"),
        (Literal["a", "b"], "a", ["a", None], "show_if compares mode with None, which is not one of 'a', 'b'"),
        (Literal[1, 2], 1, ["1"], "show_if compares mode with '1', which is not one of 1, 2"),
        (Literal[1, 2], 1, [True], "show_if compares mode with True, which is not one of 1, 2"),
        (Level, Level.LOW, [3], "show_if compares mode with 3, which is not one of 1, 2"),
        (bool, False, [1], "show_if compares mode with 1, which is not True or False"),
        (bool, False, ["true"], "show_if compares mode with 'true', which is not True or False"),
        (int, 1, ["1"], "show_if compares mode with '1', which is not a whole number"),
        (Annotated[int, Ui(minimum=1)], 1, [0], "show_if compares mode with 0, which is not a whole number at"),
        (str, "", [1], "show_if compares mode with 1, which is not a text"),
        (Annotated[bool, Ui(widget="hidden")], False, ["x"], "show_if compares mode with 'x', which is not True"),
        (Annotated[str, Ui(options_from="tables")], "", [1], "show_if compares mode with 1, which is not a text"),
        (list[str], list, [[]], "show_if can't depend on 'mode', because it is a list or a secret"),
        (list[Window], list, ["a"], "show_if can't depend on 'mode', because it is a list or a secret"),
        (str, "", [], "show_if expects a list of values for 'mode', got []"),
        (str, "", "sum", "show_if expects a list of values for 'mode', got 'sum'"),
    ],
)  # fmt: skip
def test_a_field_with_an_impossible_condition_is_refused(hint: Any, default: Any, values: Any, sentence: str) -> None:
    """The error names the field, and the value that the other field can't have, in a form and in a row."""
    default_field = field(default_factory=default) if callable(default) and default is list else field(default=default)
    condition = Annotated[str, Ui(label=repr(values), show_if={"mode": values})]  # else typing takes [True] for [1]
    form = dataclasses.make_dataclass("Model", [("mode", hint, default_field), ("f", condition, "")], frozen=True)

    with pytest.raises(SchemaError, match=re.escape(f"Model.f: {sentence}")):
        describe(datasource(model=form))
    if "list" not in str(hint):
        rows = dataclasses.make_dataclass("Model", [("rows", list[form], field(default_factory=list))])  # type: ignore[valid-type]
        with pytest.raises(SchemaError, match=re.escape(f"Model.rows.f: {sentence}")):
            describe(datasource(model=rows))


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (dataclasses.make_dataclass("Model", [("table", str)]), "Model.table has no default"),
        (Node, "Node.child refers back to Node"),
        (Path, "Path must be a dataclass"),
    ],
)
def test_a_model_without_a_form_is_refused(model: type, sentence: str) -> None:
    """Alert rules may leave out any field, a form can't be endless, and other classes have no fields to show."""
    with pytest.raises(SchemaError, match=f"^{re.escape(sentence)}"):
        describe(datasource(model=model))


@pytest.mark.parametrize(
    ("hint", "default", "sentence"),
    [
        (Annotated[str, Ui(store="url")] | None, None, "Grafana stores it as a text"),
        (Optional[Secret], None, "Grafana stores it as a text"),  # noqa: UP045 - older
        (Secret, Secret("hunter2"), "a secret must not have a default"),
    ],
)
def test_the_url_and_secrets_must_be_texts(hint: Any, default: Any, sentence: str) -> None:
    """URL and secrets are never None; a secret's default would be readable in module.js, and no error shows it."""
    with pytest.raises(SchemaError, match=rf"Options\.f: {sentence}") as failure:
        one(hint, default, config=True)

    assert "hunter2" not in str(failure.value)


def test_a_data_source_has_one_url() -> None:
    """Two options cannot be kept in the same place."""
    url = Annotated[str, Ui(store="url")]
    form = dataclasses.make_dataclass("Options", [("a", url, ""), ("b", url, "")])

    with pytest.raises(SchemaError, match="Options: a and b have store"):
        describe(datasource(options=form))


@pytest.mark.parametrize("name", ["refId", "hide", "datasource", "intervalMs", "constructor", "toString", "__proto__"])
def test_names_that_grafana_or_javascript_own_are_refused(name: str) -> None:
    """Every query would overwrite such fields, or every JavaScript object would have them."""
    with pytest.raises(SchemaError, match=f"Model.{name}: .* choose another name"):
        one(str, "", name=name)


def test_a_class_that_answers_no_query_is_refused() -> None:
    """The error names the class and the missing method."""
    with pytest.raises(SchemaError, match=r"^Path: .*query"):
        describe(Path)
