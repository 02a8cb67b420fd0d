"""React editors written from dataclasses behave like the linked editors: same tests, same browser."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import grafana
import pytest
import react_project
from aged_source import Aged
from bound_source import Bound
from field_source import Datasource
from formless_source import Formless
from odd_source import Odd
from own_control_source import Showy
from row_source import Wide
from sql_source import SqlDatasource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from evaluation import Evaluator
    from linked_module import Evaluate

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

SHARED = (
    *("a_query_runs_when_the_edit_is_finished", "an_emptied_text_stays_empty", "each_control_stores_its_type"),
    *("a_wrong_value_is_named_beside_its_field", "the_editor_complains_of_what_python_refuses"),
    *(
        "a_template_variable_is_not_a_mistake",
        "a_section_is_kept_inside_an_object",
        "rows_are_added_edited_and_removed",
    ),
    *("choices_are_requested_from_the_plugin", "choices_of_a_row_may_depend_on_the_query"),
    *("the_editor_of_an_alert_rule_says_that_variables_do_not_work", "each_option_is_stored_where_grafana_keeps_it"),
    *("a_stored_secret_shows_only_that_it_is_there", "defaults_are_shown_and_not_stored"),
    *("rows_of_options_are_edited_in_place", "http_settings_are_stored_where_grafana_reads_them"),
    *("fields_of_a_switch_that_is_off_are_not_shown", "headers_are_numbered_without_a_gap"),
    *("grafana_13_gets_the_errors_of_invalid_options", "module_js_is_one_definition_that_returns_the_plugin"),
    *("a_new_query_holds_the_defaults_of_the_dataclass", "annotations_and_variables_use_the_query_editor"),
    *("variables_are_filled_in_everywhere", "variables_are_filled_in_inside_rows_and_sections"),
    *("variables_in_sql_are_quoted_as_grafana_quotes_them", "variables_outside_sql_are_not_quoted"),
    *("the_secure_socks_proxy_is_shown_where_grafana_has_one", "filter_keys_are_requested_from_the_plugin"),
    *("only_a_source_that_lists_keys_has_the_ad_hoc_filter_methods", "filter_keys_can_be_requested_without_arguments"),
    *("a_failed_request_for_values_is_returned_as_an_error", "a_query_takes_the_dashboards_filters_along"),
    *("the_saved_query_of_a_panel_does_not_change", "a_source_that_lists_no_keys_gets_no_filters"),
    *("the_editor_shows_filters_that_a_query_holds_and_removes_them", "an_example_becomes_the_query"),
    *("a_field_is_shown_in_its_apps", "a_new_query_begins_with_what_was_chosen_last"),
    *(
        "values_chosen_in_a_variables_form_are_not_used_for_queries",
        "only_values_of_this_user_and_data_source_are_taken",
    ),
    *("variables_and_empty_values_are_not_remembered", "values_in_grafanas_user_storage_are_used_in_another_browser"),
    *(
        "values_are_remembered_until_the_page_is_left_if_storage_is_forbidden",
        "a_new_query_has_the_current_version_and_all_defaults",
    ),
    *("an_old_query_can_lack_a_field_that_is_required_today", "no_default_is_added_to_what_python_migrates"),
    *(
        "editors_of_classes_without_migrate_send_no_migrate_request",
        "a_variables_query_gets_no_default_before_it_is_migrated",
    ),
    "an_editor_sends_a_migrate_request_when_it_opens",
)
"""The tests of the linked editors that React editors pass, too."""

MODULES = (
    *("test_config_page", "test_filters", "test_help_and_memory", "test_old_queries", "test_module"),
    "test_query_editor",
)
SHARED_TESTS = {name: test for module in MODULES for name, test in vars(import_module(module)).items()}
query: Callable[[str], str] = SHARED_TESTS["query"]
globals().update({f"test_{name}": SHARED_TESTS[f"test_{name}"] for name in SHARED})


@pytest.fixture(scope="session")
def modules(node: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[type, Path]:
    """Build the module.js of each data source once."""
    paths: dict[type, Path] = {}
    for source in (Aged, Bound, Datasource, Formless, Odd, Showy, SqlDatasource, Wide):
        folder = tmp_path_factory.mktemp(source.__name__)
        paths[source] = folder / "module.js"
        text = react_project.build(source, folder, node=node, modules=grafana.installed("13"))
        paths[source].write_text(text, encoding="utf-8")
    return paths


@pytest.fixture
def evaluate(evaluator: Evaluator, modules: Mapping[type, Path]) -> Evaluate:
    """Load a written module.js with fakes for Grafana's packages, and evaluate an expression beside it."""

    def run(
        expression: str, *, hooks: str = "", source: type = Datasource, language: str = "", socks: bool = False
    ) -> Any:
        assert (hooks, language) == ("", "")
        return evaluator.evaluate(modules[source].read_text(encoding="utf-8"), expression, socks=socks)

    return run


def test_a_query_is_not_sent_while_a_visible_required_field_is_empty(evaluate: Evaluate) -> None:
    """Hidden fields are not required, and null means the default, as in Python."""
    queries = ["{ table: '' }", "{ table: null }", "{}", "{ table: 'a', hide: true }"]
    wide = [
        "{ table: 't', mode: 'raw', every: '' }",
        "{ table: 't', mode: 'sum', every: '' }",
        "{ table: 't', mode: 'sum' }",
    ]

    assert evaluate(f"[{', '.join(queries)}].map((query) => datasource.filterQuery(query))") == [
        False,
        True,
        True,
        False,
    ]
    assert evaluate(f"[{', '.join(wide)}].map((query) => datasource.filterQuery(query))", source=Wide) == [
        True,
        False,
        True,
    ]


def test_an_emptied_optional_field_is_stored_as_null(evaluate: Evaluate) -> None:
    """An emptied text or number and a cleared choice become null, and are shown as empty with any default."""
    log = evaluate(
        query("{ refId: 'A', record: { new: 7 } }")
        + "control('gf-query-A-record.new').onChange({ currentTarget: { value: '' } });"
        " control('gf-query-A-record.default').onChange({ currentTarget: { value: '' } });"
        " control('gf-query-A-record.kind').onChange(null); return log.filter((each) => each !== 'run'); })([])",
        source=Odd,
    )
    values = evaluate(
        query("{ refId: 'A', record: { new: null } }")
        + "return [control('gf-query-A-record.new').value, control('gf-query-A-record.default').value]; })([])",
        source=Odd,
    )

    assert [each["record"] for each in log] == [{"new": None}, {"new": 7, "default": None}, {"new": 7, "kind": None}]
    assert values == ["", "d"]


def test_no_field_can_be_edited_until_python_has_answered(evaluate: Evaluate) -> None:
    """The values shown until then may have another meaning today."""
    disabled = evaluate(
        "elements(plugin.components.QueryEditor({ datasource, query: { refId: 'A', table: 'a', seconds: 60 } }))"
        ".find(({ type }) => type === 'fieldset').props.disabled",
        source=Aged,
    )

    assert disabled is True


@pytest.mark.parametrize("version", grafana.VERSIONS)
def test_the_editors_work_in_a_browser(version: str, modules: Mapping[type, Path], tmp_path: Path) -> None:
    """These editors run the same tests in Chromium as the linked editors, without hooks."""
    sources = {"sales": Datasource, "wide": Wide, "showy": Showy, "aged": Aged}
    plugins = {name: modules[source] for name, source in sources.items()}
    names = ("editors", "features", "migration")
    grafana.passes(*names, tests=36, version=version, plugins=plugins, SCREENSHOTS=str(tmp_path))
