"""React editors written from dataclasses do what the made editors do: the same tests, and the same browser."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grafana
import pytest
import react_project
from commands import succeed
from everything import Bound, Datasource, Odd, SqlDatasource, Wide

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from everything import Evaluate

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

SHARED = (
    *("a_query_runs_when_the_edit_is_finished", "an_emptied_text_stays_empty", "each_control_stores_its_type"),
    *("a_wrong_value_is_named_beside_its_field", "the_editor_complains_of_what_python_refuses"),
    *("a_template_variable_is_no_mistake", "a_section_is_kept_inside_an_object", "rows_are_added_edited_and_removed"),
    *("choices_are_asked_of_the_plugin", "choices_of_a_row_may_depend_on_the_query"),
    *("an_alert_rule_is_told_that_it_has_no_variables", "options_go_where_they_are_kept"),
    *("a_stored_secret_shows_only_that_it_is_there", "defaults_are_shown_and_not_stored"),
    *("rows_of_options_are_edited_in_place", "http_settings_are_stored_where_grafana_reads_them"),
    *("what_is_switched_off_is_not_shown", "headers_are_numbered_without_a_gap"),
    *("grafana_13_is_told_what_may_not_be_saved", "it_is_one_definition_that_returns_the_plugin"),
    *("a_new_query_holds_the_defaults_of_the_dataclass", "annotations_and_variables_use_the_query_editor"),
    *("variables_are_filled_in_everywhere", "variables_are_filled_in_inside_rows_and_sections"),
    *("variables_in_sql_are_quoted_as_grafana_quotes_them", "variables_outside_sql_are_not_quoted"),
)
"""The tests of the made editors that the written ones pass, too."""

MADE = {
    name: test
    for module in ("test_config_page", "test_module", "test_query_editor")
    for name, test in vars(import_module(module)).items()
}
query: Callable[[str], str] = MADE["query"]
globals().update({f"test_{name}": MADE[f"test_{name}"] for name in SHARED})


@pytest.fixture(scope="session")
def modules(node: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[type, Path]:
    """Build the module.js of each data source once."""
    paths: dict[type, Path] = {}
    for source in (Datasource, Wide, SqlDatasource, Bound, Odd):
        folder = tmp_path_factory.mktemp(source.__name__)
        paths[source] = folder / "module.js"
        text = react_project.build(source, folder, node=node, modules=grafana.installed("13"))
        paths[source].write_text(text, encoding="utf-8")
    return paths


@pytest.fixture
def evaluate(node: str, modules: Mapping[type, Path]) -> Evaluate:
    """Load a written module.js with fakes for Grafana's packages, and evaluate an expression beside it."""

    def run(
        expression: str, *, hooks: str = "", source: type = Datasource, language: str = "", socks: bool = False
    ) -> Any:
        assert (hooks, language, socks) == ("", "", False)
        return json.loads(succeed(node, Path(__file__).parent / "run.js", modules[source], "", input=expression))

    return run


def test_a_query_is_kept_back_while_what_it_shows_is_empty(evaluate: Evaluate) -> None:
    """What is hidden is not required, and null is the default, as it is for Python."""
    asked = ["{ table: '' }", "{ table: null }", "{}", "{ table: 'a', hide: true }"]
    wide = [
        "{ table: 't', mode: 'raw', every: '' }",
        "{ table: 't', mode: 'sum', every: '' }",
        "{ table: 't', mode: 'sum' }",
    ]

    assert evaluate(f"[{', '.join(asked)}].map((query) => datasource.filterQuery(query))") == [False, True, True, False]
    assert evaluate(f"[{', '.join(wide)}].map((query) => datasource.filterQuery(query))", source=Wide) == [
        True,
        False,
        True,
    ]


def test_what_may_be_none_is_stored_as_null(evaluate: Evaluate) -> None:
    """An emptied text or number, and a choice that is cleared; it is shown as empty, whatever the default is."""
    log = evaluate(
        query("{ refId: 'A', record: { new: 7 } }")
        + "control('gf-query-A-record.new').onChange({ currentTarget: { value: '' } });"
        " control('gf-query-A-record.default').onChange({ currentTarget: { value: '' } });"
        " control('gf-query-A-record.kind').onChange(null); return log.filter((each) => each !== 'run'); })([])",
        source=Odd,
    )
    shown = evaluate(
        query("{ refId: 'A', record: { new: null } }")
        + "return [control('gf-query-A-record.new').value, control('gf-query-A-record.default').value]; })([])",
        source=Odd,
    )

    assert [each["record"] for each in log] == [{"new": None}, {"new": 7, "default": None}, {"new": 7, "kind": None}]
    assert shown == ["", "d"]


@pytest.mark.parametrize("version", grafana.VERSIONS)
def test_the_editors_work_in_a_browser(version: str, modules: Mapping[type, Path], tmp_path: Path) -> None:
    """What the made editors are tried with in Chromium; these have no hooks."""
    plugins = {"acme-sales-datasource": modules[Datasource], "acme-wide-datasource": modules[Wide]}
    grafana.passes(
        "editors.test.mjs",
        tests=25,
        version=version,
        BUNDLE=str(grafana.bundle(version, tmp_path / "bundle")),
        PLUGINS=json.dumps({name: str(path) for name, path in plugins.items()}),
        SCREENSHOTS=str(tmp_path),
    )
