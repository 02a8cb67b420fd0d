"""The events that the pages of a running preview receive when a file is saved."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from small_preview import DATASOURCE, ID, SECRET, Small, small_preview

from gfplug.bundle.browser_files import SourceFiles
from gfplug.bundle.preview_reload import Reloader, read_schema
from gfplug.errors import ProjectError, ToolError
from gfplug.host.convert import ResourceAnswer
from gfplug.host.logs import LogLine
from gfplug.host.preview.project_provisioning import Provisioning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gfplug.project.plugin_project import Project

SCHEMA: dict[str, Any] = {"hash": "1", "query": {"fields": []}, "config": {"fields": []}, "keys": {}}


def says(small: Small, schema: dict[str, Any], *, status: int = 200) -> None:
    """Make the plugin report its dataclasses."""
    small.plugin.resource = ResourceAnswer(status=status, headers={}, body=json.dumps(schema).encode())


@pytest.fixture
def small(project: Project) -> Small:
    """Make a preview of a small project."""
    preview = small_preview(project.root)
    says(preview, SCHEMA)
    return preview


@pytest.fixture
def reloader(small: Small, project: Project) -> Iterator[Reloader]:
    """Watch the files of that project."""
    provisioning = Provisioning(folders=[project.root / "provisioning"], plugin_id=ID)
    watcher = Reloader(
        SourceFiles(project),
        source=small.source,
        provisioning=provisioning,
        provisioned=provisioning.value(),
        feed=small.feed,
    )
    listener = small.feed.open()
    watcher.start(small.keeper)  # type: ignore[arg-type]
    assert any(b'"state": "ready"' in part for part in listener.parts())
    small.feed.close(listener)
    yield watcher
    watcher.stop()


@pytest.fixture
def next_event(small: Small, reloader: Reloader) -> Callable[..., dict[str, Any]]:
    """Wait for the next event of a kind with these values; events about the start of a reload are skipped."""
    assert reloader is not None
    parts = small.feed.open().parts()

    def wait(event: str = "reload", **values: Any) -> dict[str, Any]:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            kind, _, data = next(parts).decode().strip().partition("\ndata: ")
            if kind == f"event: {event}":
                value: dict[str, Any] = json.loads(data)
                if values.items() <= value.items():
                    return value
        raise AssertionError(f"no {event} with {values}")

    return wait


def test_new_code_with_the_same_dataclasses_keeps_the_editors(
    reloader: Reloader, next_event: Callable[..., dict[str, Any]]
) -> None:
    """The page only sends its queries again."""
    reloader.watch(LogLine(level="info", message="reloaded (pid 7)"))
    ready = next_event(state="ready")

    assert (ready["code"], ready["module"], ready["settings"]) == (True, None, False)


def test_new_dataclasses_make_a_new_module(
    small: Small, reloader: Reloader, next_event: Callable[..., dict[str, Any]]
) -> None:
    """The module has another address."""
    says(small, {**SCHEMA, "hash": "2"})
    reloader.watch(LogLine(level="info", message="reloaded (pid 7)"))

    assert next_event(state="ready")["module"].startswith(f"public/plugins/{ID}/module.js?_cache=")


def test_unsupported_dataclasses_are_reported_and_the_code_is_used(
    small: Small, reloader: Reloader, next_event: Callable[..., dict[str, Any]]
) -> None:
    """The editors stay unchanged."""
    says(small, {"message": "Model.table has no default", "isSchemaError": True}, status=404)
    reloader.watch(LogLine(level="info", message="reloaded (pid 7)"))

    assert next_event(state="failed")["message"] == "Model.table has no default"
    assert next_event(state="ready")["module"] is None


def test_code_that_does_not_start_is_an_error_without_secrets(
    reloader: Reloader, next_event: Callable[..., dict[str, Any]]
) -> None:
    """The message has no secret in it."""
    sentence = f"the saved code cannot be used: NameError: {SECRET}; the last working code still answers"
    reloader.watch(LogLine(level="error", message=sentence))

    assert next_event(state="failed")["message"] == sentence.replace(SECRET, "***")


def test_other_log_lines_send_no_event(small: Small, reloader: Reloader) -> None:
    """An author's code may log any text."""
    listener = small.feed.open()
    reloader.watch(LogLine(level="info", message="reloaded the tables"))
    time.sleep(0.3)
    small.feed.publish("end", {})
    parts = listener.parts()

    assert [next(parts).split(b"\n")[0] for _ in range(2)] == [b"event: hello", b"event: end"]


def test_a_saved_provisioning_file_changes_the_data_source(
    small: Small, project: Project, next_event: Callable[..., dict[str, Any]]
) -> None:
    """Values that were typed on the page stay, unless the file changes them."""
    small.source.update({"jsonData": {"timeout": 10, "typed": True}})
    path = project.root / "provisioning/datasources/one.yaml"
    path.write_text(DATASOURCE.replace("127.0.0.1:9", "127.0.0.1:10"), encoding="utf-8")

    assert next_event("settings")["url"] == "http://127.0.0.1:10"
    ready = next_event(state="ready")
    assert (ready["settings"], ready["rules"], ready["dashboards"], ready["code"]) == (True, False, False, False)
    assert small.source.settings().options == {"timeout": 10, "typed": True}


def test_a_broken_provisioning_file_keeps_the_previous_settings(
    small: Small, project: Project, next_event: Callable[..., dict[str, Any]]
) -> None:
    """The message names the file."""
    (project.root / "provisioning/datasources/one.yaml").write_text("datasources: [", encoding="utf-8")

    assert "one.yaml" in next_event(state="failed")["message"]
    assert small.source.settings().secrets == {"token": SECRET}


def test_a_file_that_disappears_during_a_scan_is_read_at_the_next_scan(
    reloader: Reloader, project: Project, next_event: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next scan notices the save again."""
    link, failures = reloader._files.relink, iter([FileNotFoundError("gone"), ZeroDivisionError("bug")])

    def relink(schema: dict[str, Any]) -> bool:
        for failure in failures:
            raise failure
        return link(schema)

    monkeypatch.setattr(reloader._files, "relink", relink)
    (project.root / "frontend" / "locales").mkdir()
    path = project.root / "frontend" / "locales" / "de.json"
    path.write_text("{}", encoding="utf-8")
    assert next_event(state="failed")["message"] == "the save could not be processed: bug"
    path.write_text('{"Table": "Tabelle"}', encoding="utf-8")
    assert next_event(state="ready")["module"]


def test_a_half_saved_plugin_json_is_an_error_and_the_previous_one_stays(
    reloader: Reloader, project: Project, next_event: Callable[..., dict[str, Any]]
) -> None:
    """The page can still be opened, and the next save repairs it."""
    path, files = project.root / "plugin.json", reloader._files
    text, name = path.read_text(encoding="utf-8"), files.meta()["name"]
    path.write_text(text[: len(text) // 2], encoding="utf-8")

    assert "plugin.json" in next_event(state="failed")["message"]
    assert files.meta()["name"] == name
    assert files.problem is not None
    path.write_text(text.replace(f'"{name}"', '"Another"'), encoding="utf-8")
    next_event(state="ready")
    assert files.meta()["name"] == "Another"
    assert [files.problem] == [None]


def test_dashboards_and_rules_are_read_again(project: Project, next_event: Callable[..., dict[str, Any]]) -> None:
    """The event says which of them changed."""
    (project.root / "provisioning/dashboards/two.json").write_text("{}", encoding="utf-8")
    assert next_event(state="ready")["dashboards"] is True
    (project.root / "provisioning/alerting/rules.yaml").unlink()
    assert next_event(state="ready")["rules"] is True


def test_a_save_sends_an_event_at_its_start_and_at_its_end(
    project: Project, next_event: Callable[..., dict[str, Any]]
) -> None:
    """For Python code, the plugin's log shows the end; a frontend file is tried as well."""
    (project.root / "src" / "more.py").write_text("", encoding="utf-8")
    assert next_event(state="started")
    (project.root / "frontend" / "locales").mkdir()
    (project.root / "frontend" / "locales" / "de.json").write_text('{"Table": "Tabelle"}', encoding="utf-8")
    assert next_event(state="ready")["module"]


def test_an_unknown_provisioned_key_is_logged(small: Small, reloader: Reloader, project: Project) -> None:
    """Otherwise a misspelt option would go unnoticed."""
    path = project.root / "provisioning/datasources/one.yaml"
    path.write_text(DATASOURCE.replace("timeout: 10", "tabel: sales"), encoding="utf-8")
    keys = {"options": {"table": None}, "url": [], "secrets": ["token"], "query": {}, "own": {}}
    says(small, {**SCHEMA, "keys": keys})
    reloader._warn_of_unknown()

    (line,) = small.feed.lines()
    assert line["level"] == "warn"
    assert "provisioning/datasources/one.yaml: no option `tabel`" in line["message"]
    assert "table" in line["fields"]["hint"]


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b'{"message": "no"}', b'{"keys": {}}'])
def test_a_plugin_that_does_not_report_its_dataclasses_is_an_error(small: Small, body: bytes) -> None:
    """The runtime may be older, or the plugin broken."""
    small.plugin.resource = ResourceAnswer(status=200, headers={}, body=body)
    with pytest.raises(ProjectError):
        read_schema(small.plugin)  # type: ignore[arg-type]


def test_a_plugin_that_runs_after_a_first_failure_gets_its_module(
    project: Project, small: Small, next_event: Callable[..., dict[str, Any]]
) -> None:
    """The page was open before; a plugin that had a module keeps it."""
    provisioning = Provisioning(folders=[project.root / "provisioning"], plugin_id=ID)
    files = SourceFiles(project)
    late = Reloader(
        files, source=small.source, provisioning=provisioning, provisioned=provisioning.value(), feed=small.feed
    )
    small.keeper.problem = ToolError("the plugin ended before its handshake line")
    late.start(small.keeper)  # type: ignore[arg-type]
    assert next_event(state="ready")["module"] is None
    assert "before its handshake" in str(files.problem)
    small.keeper.problem = None
    late.follow_start()
    assert next_event(state="ready")["module"] == files.module_address() is not None
    late.follow_start()
    late.stop()
    assert late._reloads.empty()
