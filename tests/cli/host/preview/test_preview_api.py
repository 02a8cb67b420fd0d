"""The preview's API for its page: start data, alert rules and writing settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from small_preview import DATASOURCE, ID, SECRET, FakeKeeper, Small

from gfplug.errors import ProjectError, ToolError
from gfplug.host.convert import QueryAnswer
from gfplug.host.logs import LogLine
from gfplug.host.preview.page_files import locate_page
from gfplug.host.preview.project_provisioning import Provisioning
from gfplug.host.preview.web_messages import WebRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Ask = Callable[..., tuple[int, Any]]


def test_the_start_data_has_everything_that_the_page_needs(ask: Ask, small: Small) -> None:
    """It has the plugin, the data source, dashboards, rules, versions and the log so far."""
    small.feed.add_line(LogLine(level="info", message=f"hello {SECRET}", fields={"a": [SECRET]}))
    status, boot = ask("preview/boot")

    assert status == 200
    assert (boot["grafana"], boot["versions"]) == ("13.2.2", ["13.2.2", "11.6.16"])
    assert boot["runs"] == "source"
    assert boot["plugin"]["module"] == f"public/plugins/{ID}/module.js?_cache=1"
    assert boot["plugin"]["meta"]["info"]["logos"]["small"] == f"public/plugins/{ID}/img/logo.svg"
    assert boot["instanceSettings"]["url"] == "/api/datasources/proxy/uid/sales"
    assert "secureJsonData" not in boot["instanceSettings"]
    assert boot["settings"]["secureJsonFields"] == {"token": True}
    assert boot["provisioning"] == {"file": "provisioning/datasources/one.yaml", "writable": True, "why": ""}
    assert boot["dashboards"] == [
        {"file": "provisioning/dashboards/one.json", "dashboard": {"title": "Overview", "panels": []}}
    ]
    assert [(rule["title"], rule["from"], rule["condition"]["bounds"]) for rule in boot["rules"]] == [
        ("Sales are high", 600.0, [5.0])
    ]
    assert [(line["level"], line["message"], line["fields"]) for line in boot["log"]] == [
        ("info", "hello ***", {"a": ["***"]})
    ]


def test_a_module_that_cannot_be_built_is_an_error(ask: Ask, small: Small) -> None:
    """The page shows the error, and the rest works."""
    small.plugin_files.problem = ProjectError("Model.table has no default", hint="give it one")
    _, boot = ask("preview/boot")

    assert boot["plugin"]["problem"] == {"message": "Model.table has no default", "hint": "give it one", "details": ""}


def test_a_broken_rule_or_dashboard_does_not_stop_the_page(ask: Ask, small: Small) -> None:
    """The error is in the answer about rules or dashboards."""
    (small.root / "provisioning/alerting/rules.yaml").write_text("groups: 1", encoding="utf-8")
    (small.root / "provisioning/dashboards/two.json").write_text("{", encoding="utf-8")

    status, boot = ask("preview/boot")
    assert (status, boot["rules"], len(boot["dashboards"])) == (200, [], 1)
    _, alerts = ask("preview/alerts", {})
    assert "rules.yaml" in alerts["problem"]["message"]


def test_alert_rules_show_their_current_state(ask: Ask, small: Small) -> None:
    """The last value, 7, is above 5; the query is sent as an alert rule's."""
    status, alerts = ask("preview/alerts", {})

    assert (status, alerts["problem"]) == (200, None)
    (rule,) = alerts["rules"]
    assert rule["rule"] == "Sales are high"
    assert rule["instances"] == [{"labels": {"region": "north"}, "state": "ALERTING", "value": 7.0}]
    assert small.plugin.calls[0]["is_alert"] is True


def test_a_rule_whose_query_fails_has_the_error_without_secrets(ask: Ask, small: Small) -> None:
    """It is the error that Grafana shows."""
    small.plugin.answers["A"] = QueryAnswer(ref_id="A", status=500, error=f"no {SECRET}")
    small.plugin.logs = type("Logs", (), {"hint": lambda _: "an option of the command line"})()
    line = LogLine(level="error", message="failed", fields={"at": "datasource.py, line 7"})
    small.plugin.wait = lambda: small.feed.add_line(line)
    _, alerts = ask("preview/alerts", {})

    assert alerts["rules"][0]["error"].endswith("no ***")
    assert alerts["rules"][0]["hint"] == "raised in datasource.py, line 7"


def test_a_plugin_that_is_down_is_reported_once_for_all_rules(ask: Ask, small: Small) -> None:
    """The message is shown once."""
    small.keeper.problem = ToolError("the plugin's process ended with exit code 1")

    _, alerts = ask("preview/alerts", {})

    assert (alerts["rules"], alerts["problem"]["message"]) == ([], "the plugin's process ended with exit code 1")


def test_settings_are_written_only_on_request(ask: Ask, small: Small) -> None:
    """A save on the page changes no file; writing does, and names the variable of a secret."""
    path = small.root / "provisioning/datasources/one.yaml"
    before = path.read_text(encoding="utf-8")
    change = {"jsonData": {"timeout": 3}, "secureJsonData": {"token": "n3w-s3cret"}}
    ask("api/datasources/uid/sales", change, method="PUT")
    assert path.read_text(encoding="utf-8") == before

    status, result = ask("preview/settings/write", {})

    assert (status, result["file"]) == (200, "provisioning/datasources/one.yaml")
    assert result["secrets"] == [{"key": "token", "variable": "ACME_SALES_TOKEN"}]
    after = path.read_text(encoding="utf-8")
    assert "timeout: 3  # seconds" in after
    assert "$ACME_SALES_TOKEN" in after
    assert "n3w-s3cret" not in after + str(result)
    assert "uid" not in result["diff"]
    assert "isDefault" not in after
    again = ask("preview/settings/write", {})
    assert (again[0], again[1]["diff"], again[1]["secrets"]) == (200, "", result["secrets"])
    ask("api/datasources/uid/sales", {"secureJsonData": {"token": ""}}, method="PUT")
    ask("preview/settings/write", {})
    assert ask("preview/settings/write", {})[0] == 409


def test_without_a_provisioned_data_source_a_file_is_written(ask: Ask, small: Small) -> None:
    """It has the saved settings, and variables for secrets; the page shows the file's name before."""
    folder = small.root / "provisioning/datasources"
    (folder / "one.yaml").unlink()
    folder.rmdir()
    ask("api/datasources/uid/sales", {"url": "http://x/$1", "jsonData": {"deep": {"a": [1, "é"]}}}, method="PUT")
    file = "provisioning/datasources/datasource.yaml"
    assert ask("preview/boot")[1]["provisioning"] == {"file": file, "writable": True, "why": ""}

    status, result = ask("preview/settings/write", {})

    assert (status, result["file"]) == (200, file)
    assert result["secrets"] == [{"key": "token", "variable": "ACME_SALES_TOKEN"}]
    assert result["diff"].startswith("+apiVersion: 1\n")
    provisioning = Provisioning(folders=[small.root / "provisioning"], plugin_id=ID)
    expected = {"url": "http://x/$1", "jsonData": {"deep": {"a": [1, "é"]}}, "secureJsonData": {"token": ""}}
    assert expected.items() <= provisioning.value().items()
    assert (provisioning.value()["uid"], provisioning.value()["isDefault"]) == ("sales", True)
    assert SECRET not in (small.root / file).read_text(encoding="utf-8") + str(result)


def test_a_file_of_another_data_source_is_not_overwritten(ask: Ask, small: Small) -> None:
    """The new file gets another name; if both names are taken, nothing is written."""
    folder = small.root / "provisioning/datasources"
    (folder / "one.yaml").rename(folder / "datasource.yaml")
    other = DATASOURCE.replace(ID, "other-datasource")
    (folder / "datasource.yaml").write_text(other, encoding="utf-8")
    assert ask("preview/settings/write", {})[1]["file"] == f"provisioning/datasources/{ID}.yaml"
    assert (folder / "datasource.yaml").read_text(encoding="utf-8") == other

    (folder / f"{ID}.yaml").write_text(other, encoding="utf-8")
    assert ask("preview/boot")[1]["provisioning"]["writable"] is False
    assert ask("preview/settings/write", {})[0] == 409


def test_a_file_that_cannot_be_written_is_an_error(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is read-only, or the disk is full."""
    ask("api/datasources/uid/sales", {"url": "http://other"}, method="PUT")

    def refuse(path: Path, *_: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("gfplug.files.write_atomic", refuse)
    status, answer = ask("preview/settings/write", {})

    assert status == 409
    assert answer["message"].endswith("one.yaml cannot be written: No space left on device")


def test_an_unexpected_failure_is_answered_and_logged(ask: Ask, small: Small, caplog: pytest.LogCaptureFixture) -> None:
    """The page shows it, and gfplug's output has the traceback."""

    def fail() -> None:
        raise ZeroDivisionError(SECRET)

    small.plugin_files.meta = fail  # type: ignore[method-assign, assignment]
    status, answer = ask("preview/boot")

    assert (status, answer["message"]) == (500, "the preview failed to answer: ZeroDivisionError")
    assert "this is a bug in gfplug" in caplog.text


def test_an_unreadable_plugin_json_is_an_error(ask: Ask, small: Small) -> None:
    """The response has the message."""

    def fail() -> None:
        raise ProjectError("plugin.json is not JSON: line 3")

    small.plugin_files.meta = fail  # type: ignore[method-assign, assignment]
    assert ask("preview/boot") == (409, {"message": "plugin.json is not JSON: line 3", "hint": ""})


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("preview/boot", "POST"),
        ("preview/events", "POST"),
        ("preview/streams", "GET"),
        ("preview/streams/1", "GET"),
        ("preview/alerts", "GET"),
        ("preview/settings/write", "GET"),
        ("api/frontend/settings", "POST"),
        ("api/datasources/uid/sales", "DELETE"),
        ("api/datasources/uid/sales/health", "POST"),
        (f"api/plugins/{ID}/settings", "DELETE"),
    ],
)
def test_a_request_with_another_method_is_refused(ask: Ask, small: Small, path: str, method: str) -> None:
    """Above all GET changes nothing, since a link can send it."""
    assert ask(path, method=method)[0] == 405
    assert small.plugin.calls == []


def test_the_page_is_found_in_its_build_folder(tmp_path: Path) -> None:
    """The newest version is used unless another is given. The error about an unknown version lists the known ones."""
    for version in ("9.0.0", "13.2.2", "12.4.10", "notes", "13.9.9"):
        (tmp_path / version).mkdir()
        if version != "13.9.9":
            (tmp_path / version / "index.html").write_text("x", encoding="utf-8")

    page = locate_page(root=tmp_path)
    assert (page.version, page.versions) == ("13.2.2", ("13.2.2", "12.4.10", "9.0.0"))
    assert locate_page("12.4.10", root=tmp_path).folder == tmp_path / "12.4.10"
    with pytest.raises(Exception, match="no page for this version") as excinfo:
        locate_page("11.6.16", root=tmp_path)
    assert "13.2.2, 12.4.10, 9.0.0" in excinfo.value.hint  # type: ignore[attr-defined]


def test_the_error_for_a_missing_page_says_how_to_install_or_build_it(tmp_path: Path) -> None:
    """These are an install, and a build in a checkout."""
    with pytest.raises(ToolError, match="not installed") as excinfo:
        locate_page(root=tmp_path)

    assert "gfplug[preview]" in excinfo.value.hint
    assert "make preview-assets" in excinfo.value.hint


def test_a_page_opened_while_the_plugin_is_down_gets_the_reason(small: Small) -> None:
    """The event comes after the greeting, without secrets."""
    small.keeper.problem = ToolError(f"the plugin ended: {SECRET}", hint="save the file", details="line 7")
    response = small.application(WebRequest(method="GET", path="preview/events"))
    parts = [next(response.body).decode() for _ in range(2)]  # type: ignore[arg-type]

    assert parts[0].startswith("event: hello\n")
    down = json.loads(parts[1].removeprefix("event: down\ndata: "))
    assert down == {"message": "the plugin ended: ***", "hint": "save the file", "details": "line 7"}


@pytest.mark.parametrize(
    ("states", "events"),
    [
        ([None], ["hello"]),
        (["down", "down"], ["hello", "down"]),
        (["down", None, None], ["hello", "down", "up"]),
        (["down", None, "again", "again"], ["hello", "down", "up", "down"]),
    ],
)
def test_a_page_opened_while_the_plugin_starts_gets_the_last_state(
    small: Small, monkeypatch: pytest.MonkeyPatch, states: list[str | None], events: list[str]
) -> None:
    """The plugin's state may change between its reading and its sending."""
    errors = {text: ToolError(text) for text in states if text}
    problems = iter([errors.get(text or "") for text in states])
    monkeypatch.setattr(FakeKeeper, "problem", property(lambda _: next(problems)))
    response = small.application(WebRequest(method="GET", path="preview/events"))
    first = next(response.body)  # type: ignore[arg-type]
    small.feed.close_all()
    parts = [first, *response.body]

    assert [part.decode().split("\n")[0] for part in parts] == [f"event: {event}" for event in events]
    assert list(problems) == []
