"""The examples of a class: their description in the schema, and invalid ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from forms import Aggregation, Window, datasource

from gfruntime import Example, Ui
from gfruntime.author import plugin_schema
from gfruntime.author.author_class import Author
from gfruntime.author.controls import SchemaError
from gfruntime.author.schema import describe


@dataclass(frozen=True)
class Row:
    """A row of a query."""

    column: str = ""
    operator: Literal["=", "!="] = "="


@dataclass(frozen=True)
class Model:
    """A query with a field of each kind."""

    table: Annotated[str, Ui(required=True, options_from="tables")] = "sales"
    columns: Annotated[list[str], Ui(options_from="tables/x/columns")] = field(default_factory=list)
    how: Aggregation = Aggregation.AVERAGE
    limit: Annotated[int, Ui(minimum=1, maximum=9)] = 5
    name: Annotated[str, Ui(pattern="[a-z]*")] = ""
    group: Literal["host", "region"] | None = None
    window: Window = Window()  # noqa: RUF009 - frozen
    rows: list[Row] = field(default_factory=list)
    version: Annotated[int, Ui(widget="hidden")] = 1


def describe_examples(*examples: Any) -> list[dict[str, Any]]:
    """Describe a class with these examples."""
    kind = datasource(model=Model)
    kind.examples = examples  # type: ignore[attr-defined]
    entries = describe(kind)["examples"]
    assert isinstance(entries, list)
    return entries


def test_an_example_has_a_value_for_each_field() -> None:
    """An example is a whole query as JSON."""
    model = Model("orders", ["a"], Aggregation.P95, group="host", window=Window(size=7), rows=[Row("a", "!=")])

    assert describe_examples(Example("Orders", model, "By hour."), Example("All", Model())) == [
        {
            "name": "Orders",
            "description": "By hour.",
            "model": {
                "table": "orders",
                "columns": ["a"],
                "how": "p95",
                "limit": 5,
                "name": "",
                "group": "host",
                "window": {"size": 7, "unit": "m"},
                "rows": [{"column": "a", "operator": "!="}],
                "version": 1,
            },
        },
        {"name": "All", "model": describe_examples(Example("All", Model()))[0]["model"]},
    ]


def test_examples_are_in_the_schema_that_grafana_reads() -> None:
    """Examples are in `schema/v0alpha1.json`, after the defaults."""
    kind = datasource(model=Model)
    kind.examples = (Example("Orders", Model("orders"), "By hour."),)  # type: ignore[attr-defined]
    forms = describe(kind)
    _, example = plugin_schema.describe(Author.of(kind), forms)["queryExamples"]["examples"]

    assert example == {
        "name": "Orders",
        "description": "By hour.",
        "queryType": "",
        "saveModel": forms["examples"][0]["model"],
    }


def test_examples_change_the_hash_of_the_editors() -> None:
    """With examples the hash differs; without them the description has no such key."""
    kind = datasource(model=Model)
    before = describe(kind)
    kind.examples = [Example("All", Model())]  # type: ignore[attr-defined]

    assert "examples" not in before
    assert describe(kind)["hash"] != before["hash"]


@pytest.mark.parametrize(
    ("examples", "sentence"),
    [
        ([Example("", Model())], "Datasource.examples: a name must be a non-empty text, got ''"),
        ([Example("a", Model()), Example("a", Model())], "Datasource.examples: two examples have the name 'a'"),
        ([Example("a", Window())], "Datasource.examples: 'a' has a Window as its model, not a Model"),
        ([Example("a", {"table": "x"})], "Datasource.examples: 'a' has a dict as its model, not a Model"),
        ([Example("a", Model(limit=0))], "Datasource.examples: 'a' has the limit 0, not a whole number at least 1"),
        ([Example("a", Model(limit="5"))], "Datasource.examples: 'a' has the limit '5', not a whole number"),  # type: ignore[arg-type]
        ([Example("a", Model(table=""))], "Datasource.examples: 'a': field 'table': it is empty"),
        ([Example("a", Model(name="A"))], "Datasource.examples: 'a': field 'name': 'A' does not match the pattern"),
        ([Example("a", Model(group="x"))], "Datasource.examples: 'a' has the group 'x', not one of 'host', 'region'"),  # type: ignore[arg-type]
        ([Example("a", Model(columns=[1]))], "Datasource.examples: 'a' has the columns [1], not a list of its items"),  # type: ignore[list-item]
        ([Example("a", Model(window=Window(size=0)))], "Datasource.examples: 'a' has the window.size 0, not a whole"),
        (
            [Example("a", Model(rows=[Row(operator="<")]))],  # type: ignore[arg-type]
            "Datasource.examples: 'a': a row of rows has the operator '<'",
        ),
        ([Example("a", Model(rows=[3]))], "Datasource.examples: 'a' has the rows [3], not a list of rows"),  # type: ignore[list-item]
        ({"a": Model()}, "Datasource.examples is {'a': Model("),
        ([Model()], "Datasource.examples is [Model("),
    ],
)
def test_an_example_that_the_editor_cannot_show_is_refused(examples: Any, sentence: str) -> None:
    """One sentence names the example and its problem."""
    kind = datasource(model=Model)
    kind.examples = examples  # type: ignore[attr-defined]

    with pytest.raises(SchemaError, match=f"^{re.escape(sentence)}"):
        describe(kind)


def test_a_class_whose_queries_are_dictionaries_has_no_examples() -> None:
    """Dictionaries have no form that could show examples."""
    kind = datasource()
    kind.examples = [Example("a", {})]  # type: ignore[attr-defined]

    with pytest.raises(SchemaError, match=r"^Datasource.examples: 'a' has a dict as its model"):
        describe(kind)
