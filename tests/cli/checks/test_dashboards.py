"""`gfplug check --dashboards` checks saved queries in every kind of file against the limits of the model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from bounded_datasource import Datasource, Model
from small_project import small_project

from gfplug.bundle.frontend import linker
from gfplug.checks import dashboards, query_bounds, saved_queries
from gfplug.cli import main
from gfplug.errors import ProjectError
from gfplug.project.environment import venv
from gfruntime.author.schema import describe
from gfruntime.calls.convert import model_decoder
from gfruntime.errors import DecodeError

if TYPE_CHECKING:
    from pathlib import Path

    from gfplug.project.plugin_project import Project

ID = "acme-sales-datasource"
SOURCE = {"type": ID, "uid": "u1"}
TARGET = {"refId": "B", "series": 30_000_000}
TEMPLATED = {"refId": "A", "series": "$n", "mode": "${mode:raw}", "name": "[[x]]", "tags": ["$t"]}
OTHER = {"type": "prometheus", "uid": "p1"}
SCHEMA = describe(Datasource)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make a project that provisions a data source."""
    small = small_project(tmp_path / "project")
    folder = small.root / "provisioning" / "datasources"
    folder.mkdir(parents=True)
    (folder / "x.yaml").write_text(f"datasources:\n  - {{name: Sales, uid: sales-1, type: {ID}}}\n", encoding="utf-8")
    return small


def errors(project: Project, content: object, name: str = "board.json") -> list[str]:
    """Check a file, and return `where: message` of each error."""
    path = project.root.parent / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    report = dashboards.check_queries(project, SCHEMA, [path])
    return [f"{each.where}: {each.message}" for each in report.findings if each.level == "error"]


def panel(**more: Any) -> dict[str, Any]:
    """Make a panel whose only query is outside the limits."""
    return {"id": 3, "title": "Sales", "datasource": SOURCE, "targets": [TARGET]} | more


def resource(query: dict[str, Any]) -> dict[str, Any]:
    """Make a dashboard resource with one panel of one query."""
    queries = [{"kind": "PanelQuery", "spec": {"refId": "B", "query": query}}]
    data = {"kind": "QueryGroup", "spec": {"queries": queries}}
    element = {"kind": "Panel", "spec": {"id": 3, "title": "Sales", "data": data}}
    return {"kind": "Dashboard", "spec": {"title": "Board", "elements": {"panel-3": element}}}


SENTENCE = "field 'series': 30000000 is above the maximum 1000"
IN_PANEL = f"board.json: Board > Sales (panel 3) > query B: {SENTENCE}"


@pytest.mark.parametrize(
    "content",
    [
        {"title": "Board", "panels": [panel()]},
        {"dashboard": {"title": "Board", "panels": [panel()]}, "meta": {}},
        {"title": "Board", "panels": [{"type": "row", "title": "Row", "panels": [panel()]}]},
        {"title": "Board", "panels": [panel(datasource=OTHER, targets=[TARGET | {"datasource": SOURCE}])]},
        {"title": "Board", "panels": [panel(datasource="Sales")]},
        {"title": "Board", "panels": [panel(datasource={"uid": "sales-1"})]},
        {"title": "Board", "panels": [{"libraryPanel": {"uid": "l", "model": panel()}}]},
        {"title": "Board", "panels": [], "__elements": {"l": {"kind": 1, "model": panel()}}},
        {"title": "Board", "panels": [panel(datasource="${DS_X}")], "__inputs": [{"name": "DS_X", "pluginId": ID}]},
        {"title": "Board", "panels": [panel(datasource={"uid": "$ds"})],
         "templating": {"list": [{"name": "ds", "type": "datasource", "query": ID}]}},
        {"kind": "Dashboard", "spec": {"title": "Board", "panels": [panel()]}},
        resource({"kind": "DataQuery", "group": ID, "spec": {"series": 30_000_000}}),
        resource({"kind": ID, "spec": {"series": 30_000_000}}),
    ],
)  # fmt: skip
def test_a_panel_of_every_dashboard_version_is_checked(project: Project, content: dict[str, Any]) -> None:
    """The panel is plain, in a row, from a library, by name, by an input of the export, or in a resource."""
    assert errors(project, content) == [IN_PANEL]


def test_panels_in_rows_of_old_dashboards_are_checked(project: Project) -> None:
    """Panels were in rows before they had positions."""
    content = {"title": "Board", "rows": [{"title": "Row", "panels": [panel()]}]}

    assert errors(project, content) == [f"board.json: Board > Row > Sales (panel 3) > query B: {SENTENCE}"]


def test_annotations_and_variables_are_checked_by_their_forms(project: Project) -> None:
    """A variable has its own form here, an annotation uses the form of queries."""
    annotation = {"name": "Events", "datasource": SOURCE, "target": {"series": 0}}
    variable = {"name": "region", "type": "query", "datasource": SOURCE, "query": {"limit": 11, "series": 0}}
    content = {"title": "Board", "annotations": {"list": [annotation]}, "templating": {"list": [variable]}}

    assert sorted(errors(project, content)) == [
        "board.json: Board > annotation Events: field 'series': 0 is below the minimum 1",
        "board.json: Board > variable region: field 'limit': 11 is above the maximum 10",
    ]


STEP = {"refId": "A", "datasourceUid": "sales-1", "model": {"refId": "A", "series": 0}}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ({"groups": [{"name": "g", "rules": [{"title": "Low", "data": [STEP]}]}]}, "rules.json"),
        ({"groups": [{"name": "g", "rules": [{"title": "Low", "data": [STEP]}]}]}, "rules.yaml"),
        (
            {"title": "Low", "data": [STEP | {"datasourceUid": "x", "model": {"datasource": SOURCE, "series": 0}}]},
            "r.yml",
        ),
        ([{"title": "Low", "data": [STEP]}], "rules.json"),
        ({"folder": [{"name": "g", "rules": [{"grafana_alert": {"title": "Low", "data": [STEP]}}]}]}, "rules.json"),
    ],
)
def test_alert_rules_are_checked(project: Project, content: object, name: str) -> None:
    """They are provisioned, exported, or from the API; expressions are skipped."""
    assert errors(project, content, name) == [f"{name}: Low > query A: field 'series': 0 is below the minimum 1"]


@pytest.mark.parametrize(
    "content",
    [
        {"panels": [panel(datasource=OTHER)]},
        {"panels": [panel(datasource=None)]},
        {"panels": [panel(datasource="Another")]},
        {"panels": [panel(targets=[TEMPLATED])]},
        {"panels": [panel(targets=[{"refId": "A", "part": 9, "series": "5", "targets": [{"series": 0}]}])]},
        {"panels": [{"targets": "x"}, {"targets": [1, None]}, None, 3], "templating": [], "annotations": {"list": 3}},
        {"groups": [{"rules": [{"data": [STEP | {"datasourceUid": "__expr__"}]}]}]},
        [],
        None,
        "x",
    ],
)  # fmt: skip
def test_queries_that_are_not_for_the_plugin_are_not_checked(project: Project, content: object) -> None:
    """These are queries of another data source, template variables, hidden fields, and other files."""
    assert errors(project, json.dumps(content)) == []


VALUES: dict[str, list[Any]] = {
    "series": [1, 1000, 0, 1001, "5", "5000", 5.0, 1.5, True, "x", "", None, [], 10**30, 1e30],
    "hertz": [50, 51, "50", "1e3", -(10**30), "", True, " 5", "nan"],
    "mode": ["sum", "max", "", 1, None, True],
    "level": [1, 2, 3, "1", "3", True, "x", 1.0, "1.0", "true"],
    "name": ["", "abc", "ABC", "a\n", 1, "é", True, False],
    "table": ["", " ", None, 5, True, 1.5, 1e30, [1]],
    "tags": [[], ["a"], ["A"], "a", [1], [None]],
    "ports": [[1, 9], [10], ["10"], ["1"], [1.5], 3],
    "kinds": [["a"], ["c"], [1]],
    "row": [{}, {"size": 10}, {"unit": "h"}, {"size": "x"}, {"size": None}],
    "rows": [[], [{}], [{"size": 10}], [{}, {"unit": "h"}], [3], {}],
    "part": [6, "x"],
    "maybe": [None, 5, 6, "6"],
    "wide": [True, 0, 1, "true", "yes", 2, 1.0],
    "version": [5, 6],
}
MODELS = [
    {},
    *({name: value} for name, values in VALUES.items() for value in values),
    *({"mode": "mean", "part": part} for part in (5, 6)),
    *({"mode": mode, "some": ""} for mode in ("mean", "sum")),
]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_the_check_and_the_runtime_refuse_the_same_queries(model: dict[str, Any]) -> None:
    """The schema gives the same result as the running plugin."""
    try:
        model_decoder(Model)(json.dumps(model).encode())
    except DecodeError as error:
        refusal = str(error).removeprefix("the query: ")
    else:
        refusal = ""
    violations = list(query_bounds.violations(SCHEMA["query"]["fields"], model))

    assert bool(violations) is bool(refusal), (violations, refusal)
    if refusal.startswith("field "):
        assert refusal.partition(":")[0] in violations[0]


def test_every_invalid_field_of_a_query_is_reported() -> None:
    """The report does not end at the first one."""
    violations = list(
        query_bounds.violations(SCHEMA["query"]["fields"], {"series": 0, "rows": [{"size": 10, "unit": "h"}]})
    )

    assert violations == [
        "field 'series': 0 is below the minimum 1",
        "field 'rows[0].size': 10 is above the maximum 9",
        "field 'rows[0].unit': 'h' is not one of 's', 'm'",
    ]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.json", "{", "is not valid JSON"),
        ("a.json", "[" * 200_000, "is nested more than 100 levels deep"),
        ("a.json", '{"a":' * 500 + "1" + "}" * 500, "is nested more than 100 levels deep"),
        ("a.yaml", "a: [", "is not valid YAML"),
        ("a.yaml", "a: !!python/object/apply:os.system [ls]", "is not valid YAML"),
        pytest.param("a.yaml", "[" * 20_000, "a.yaml is", marks=pytest.mark.slow),
        ("a.txt", "x", "is not a dashboard: expected .json, .yaml or .yml"),
    ],
)
def test_an_invalid_dashboard_file_is_one_error(project: Project, name: str, content: str, sentence: str) -> None:
    """The error names the file and the problem."""
    with pytest.raises(ProjectError, match=sentence) as excinfo:
        errors(project, content, name)
    assert "\n" not in excinfo.value.message


def test_a_file_that_is_too_large_or_missing_is_one_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file is not read."""
    monkeypatch.setitem(saved_queries._MAX_FILE_BYTES, ".json", 3)

    with pytest.raises(ProjectError, match="has 4 bytes; gfplug reads at most 3"):
        errors(project, "[[]]")
    with pytest.raises(ProjectError, match="does not exist"):
        saved_queries.find(project.root / "none.json", ID, ())
    (project.root / "folder.json").mkdir()
    with pytest.raises(ProjectError, match="is not a regular file"):
        saved_queries.find(project.root / "folder.json", ID, ())


def test_multiplying_yaml_aliases_are_refused(project: Project) -> None:
    """A file of a few lines that stands for millions of objects is not read."""
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 40))]

    with pytest.raises(ProjectError, match="more than 1000000 values"):
        errors(project, "\n".join(lines), "a.yaml")


def test_the_check_command_lists_invalid_queries_and_exits_with_3(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It accepts several files after one option, folders, and the project by its folder or the current one."""
    monkeypatch.setattr(linker, "read_schema", lambda *_: SCHEMA)
    monkeypatch.setattr(venv, "ensure", lambda *_, **__: None)
    folder = project.root.parent / "boards"
    folder.mkdir()
    good, bad = folder / "good.json", folder / "bad.json"
    good.write_text(json.dumps({"title": "Good", "panels": [panel(targets=[{"refId": "A", "series": 5}])]}))
    bad.write_text(json.dumps({"title": "Bad\x1b[2J", "panels": [panel()]}))
    root = str(project.root)

    assert main(["check", root, "--dashboards", str(good)]) == 0
    assert main(["check", "--dashboards", str(good), str(bad), root]) == 3
    assert "query B: field 'series': 30000000 is above the maximum 1000" in capsys.readouterr().out
    monkeypatch.chdir(project.root)
    assert main(["check", "--dashboards", str(folder)]) == 3
    assert main(["check", "--dashboards", str(bad), "--json"]) == 3
    assert main(["check", root, root]) == 2
