"""`module.ts`, which is the plugin, and `QueryHelp.tsx`: the examples in the help of the query editor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gfplug.scaffold.react import typescript
from gfplug.scaffold.react.typescript import key, literal, string

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gfplug.scaffold.react.type_names import FormTypes

_HELP = """\
export function QueryHelp(props: QueryEditorHelpProps<Query>) {
  return <Examples {...props} examples={examples} />;
}
"""


def write_query_help(examples: Sequence[Mapping[str, Any]], form: FormTypes) -> str:
    """Write the help's file; a click makes an example the query. `form` is the query's form."""
    model = form.model or "object"
    lines = [line for example in examples for line in _example(example)]
    code = "\n".join([f"const examples: Array<Example<{model}>> = [", *lines, "];", "", _HELP])
    names = {
        "type QueryEditorHelpProps": "@grafana/data",
        "React": "react",
        "type Example": "./controls/Examples",
        "Examples": "./controls/Examples",
        **({f"type {model}": "./types"} if form.model else {}),
        "type Query": "./types",
    }
    head = "// The help of the query editor: each example becomes the query when it is clicked."
    return f"{head}\n{typescript.imports(code, names, always='React')}\n\n{code}"


def _example(example: Mapping[str, Any]) -> list[str]:
    description = example.get("description")
    return [
        "  {",
        f"    name: {string(example['name'])},",
        *([f"    description: {string(description)},"] if description else []),
        "    model: {",
        *(f"      {key(name)}: {literal(value)}," for name, value in example["model"].items()),
        "    },",
        "  },",
    ]


def write_module(text: str, *, has_help: bool, migrates_queries: bool, migrates_options: bool) -> str:
    """Write the file from the template's file: with the help, and with editors that let Python migrate saved values."""
    migrated = [
        *(["migratedOptions"] if migrates_options else []),
        *(["migratedQuery"] if migrates_queries else []),
    ]
    if migrates_options:
        text = text.replace("setConfigEditor(ConfigEditor)", "setConfigEditor(migratedOptions(ConfigEditor))")
    if migrates_queries:
        text = text.replace("setQueryEditor(QueryEditor)", "setQueryEditor(migratedQuery(QueryEditor))")
    datasource, types = "import { DataSource }", "import { type Options"
    if migrated:
        line = f"import {{ {', '.join(migrated)} }} from './controls/migration';\n"
        text = text.replace(datasource, line + datasource)
    if has_help:
        text = text.replace(types, f"import {{ QueryHelp }} from './QueryHelp';\n{types}")
        text = f"{text.rstrip().removesuffix(';')}\n  .setQueryEditorHelp(QueryHelp);\n"
    return text
