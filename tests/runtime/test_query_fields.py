"""Fields for some of Grafana's apps only, and fields whose last value is the next default."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
from forms import Window, datasource, one

from gfruntime import Ui
from gfruntime.author.controls import SchemaError
from gfruntime.author.query_fields import APPS
from gfruntime.author.schema import describe


def test_a_field_has_its_apps_and_whether_it_is_remembered() -> None:
    """A field without these options has neither key."""
    field_ = one(Annotated[str, Ui(apps=("explore", "dashboard"), remember=True)], "")

    assert (field_["apps"], field_["remember"]) == (["explore", "dashboard"], True)
    assert not {"apps", "remember"} & one(str, "").keys()


def test_a_sections_apps_apply_to_each_of_its_fields() -> None:
    """The fields of a section are shown together."""
    model = dataclasses.make_dataclass(
        "Model", [("window", Annotated[Window, Ui(apps=["explore"], remember=True)], Window())], frozen=True
    )
    fields = describe(datasource(model=model))["query"]["fields"]

    assert [(each["name"], each["apps"], each["remember"]) for each in fields] == [
        ("window.size", ["explore"], True),
        ("window.unit", ["explore"], True),
    ]


@dataclass(frozen=True)
class RememberingRow:
    """A row with a field that should be remembered."""

    column: Annotated[str, Ui(remember=True)] = ""


@pytest.mark.parametrize(
    ("hint", "default", "config", "sentence"),
    [
        (
            Annotated[str, Ui(apps=["explorer"])],  # type: ignore[list-item]
            "",
            False,
            "Model.f: apps expects a list of cloud-alerting, correlations",
        ),
        (Annotated[str, Ui(apps="explore")], "", False, "Model.f: apps expects a list of"),  # type: ignore[arg-type]
        (
            Annotated[str, Ui(apps=["explore"], required=True)],
            "",
            False,
            "Model.f: some apps hide it, so it can't be",
        ),
        (Annotated[str, Ui(apps=["explore"])], "", True, "Options.f: apps and remember work only on fields of a query"),
        (Annotated[str, Ui(remember=True)], "", True, "Options.f: apps and remember work only on fields of a query"),
        (list[RememberingRow], list, True, "Options.f: apps and remember work only on fields of a query"),
        (list[RememberingRow], list, False, "Model.f: remember does not work on rows"),
        (Annotated[list[Window], Ui(remember=True)], list, False, "Model.f: remember does not work on rows"),
    ],
)
def test_a_field_that_cannot_work_is_refused(hint: Any, default: Any, config: bool, sentence: str) -> None:  # noqa: FBT001 - a value
    """The error names the class and the field."""
    with pytest.raises(SchemaError, match=f"^{re.escape(sentence)}"):
        one(hint, default, config=config)


def test_rows_may_have_fields_for_some_apps() -> None:
    """A row is shown like a form."""
    row = dataclasses.make_dataclass("Row", [("a", Annotated[str, Ui(apps=["explore"])], "")], frozen=True)
    model = dataclasses.make_dataclass("Model", [("rows", list[row], field(default_factory=list))], frozen=True)  # type: ignore[valid-type]

    assert describe(datasource(model=model))["query"]["fields"][0]["fields"][0]["apps"] == ["explore"]


def test_the_apps_are_grafanas() -> None:
    """The names that Grafana 11.6 has, and those that came since."""
    oldest = {
        *("cloud-alerting", "unified-alerting", "dashboard", "explore", "correlations", "unknown"),
        *("panel-editor", "panel-viewer"),
    }

    assert set(APPS) == oldest | {"notebook"}
