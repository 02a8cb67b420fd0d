"""React sources of features that only some models use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from react_models import Model, Window, sources

from gfplug.scaffold.react.sources import FOLDER, write_sources
from gfruntime.author.forms import form
from gfruntime.author.ui import Ui


@dataclass(frozen=True)
class Fancy:
    """Fields for some apps, and a value that the editor remembers."""

    where: Annotated[str, Ui(apps=["explore"])] = ""
    mode: Annotated[Literal["a", "b"], Ui(remember=True)] = "a"
    by: Annotated[str, Ui(apps=["explore", "dashboard"], show_if={"mode": ["a", "b"]})] = ""
    rows: Annotated[list[Window], Ui(apps=["explore"])] = field(default_factory=list)


FANCY: dict[str, Any] = {
    "hash": "abc123",
    "config": {
        "fields": [{"name": "proxy", "kind": "boolean", "label": "Proxy", "needs": "secureSocksDSProxyEnabled"}]
    },
    "query": {"fields": form(Fancy)},
    "examples": [{"name": "It's", "description": "Why.", "model": {"where": "", "mode": "b", "by": "", "rows": []}}],
    "capabilities": {"tagKeys": True, "tagValues": True},
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("QueryEditor.tsx", "{(!app || app === 'explore') && (\n        <InlineField label=\"Where\" "),
        (
            "QueryEditor.tsx",
            "{(model.mode === 'a' || model.mode === 'b') && (!app || app === 'explore' || app === 'dashboard') && (",
        ),
        ("QueryEditor.tsx", "useEdits(query, onChange, onRunQuery, (each) => datasource.remember(each));"),
        ("QueryEditor.tsx", "      <AdHocFilters query={query} onChange={onChange} onRunQuery={onRunQuery} />"),
        ("ConfigEditor.tsx", "{config.secureSocksDSProxyEnabled && ("),
        ("ConfigEditor.tsx", "import { config } from '@grafana/runtime';"),
        ("QueryHelp.tsx", "    name: \"It's\",\n    description: 'Why.',\n    model: {\n      where: '',"),
        ("module.ts", "\n  .setQueryEditor(QueryEditor)\n  .setQueryEditorHelp(QueryHelp);\n"),
        ("datasource.ts", "private readonly memory = new Memory(this, 'abc123', ['mode']);"),
        ("datasource.ts", "return { ...filtered(query, scoped, filters), ...interpolate(modelOf(query), scoped) };"),
        ("types.ts", "export interface Query extends FilteredQuery, Partial<Model> {}"),
    ],
)
def test_features_of_the_generated_editors_are_in_the_sources(name: str, text: str) -> None:
    """They are apps, remembered values, Grafana's switches, examples and ad hoc filters."""
    assert text in write_sources(FANCY)[f"{FOLDER}{name}"].decode()


def test_unused_features_add_no_files() -> None:
    """A model without these features has none of their files."""
    extra = {
        f"controls/{name}" for name in ("AdHocFilters.tsx", "Examples.tsx", "filters.ts", "memory.ts", "migration.tsx")
    }
    fancy = {path.removeprefix(FOLDER) for path in write_sources(FANCY)}

    assert sources(Model).keys() & extra == set()
    assert extra - fancy == {"controls/migration.tsx"}
