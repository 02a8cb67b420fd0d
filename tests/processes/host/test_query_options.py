"""Requests of `gfplug call query` and `gfplug call chunked`: ref ids, variables, headers, users, feature toggles."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from host_fake import HEALTH, QUERY, a_frame
from small_project import small_project

from gfplug.cli import main

if TYPE_CHECKING:
    from host_fake import Fake

CHUNKED = "/pluginv2.Data/QueryChunkedData"
MODELS = ("--model", "{}")


def ask(fake: Fake, *words: str) -> Any:
    """Query a plugin that answers each query, and return the request."""
    names = ("A", "B", "C", "Z", "AA", "AB", "cpu usage", *"DEFGHIJKLMNOPQRSTUVWXY")
    answers = {name: {"status": 200} for name in names}
    assert main(["call", "query", fake.dist(answers=fake.says(QUERY, {"responses": answers})), *words]) == 0
    return fake.request(QUERY)


def pairs_of(request: Any) -> list[tuple[str, str]]:
    """Return the ref ids of a request, each with the ref id in its model."""
    return [(query.refId, json.loads(query.json)["refId"]) for query in request.queries]


@pytest.mark.parametrize(
    ("words", "ref_ids"),
    [
        (("--model", '{"refId": "Z"}'), ["Z"]),
        (("--model", '{"refId": "cpu usage"}'), ["cpu usage"]),
        (("--set", "refId=Z"), ["Z"]),
        (("--model", '{"refId": null}'), ["A"]),
        (("--model", '{"refId": "Z"}', *MODELS), ["Z", "A"]),
        ((*MODELS, "--model", '{"refId": "A"}', *MODELS), ["B", "A", "C"]),
        (MODELS * 28, [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "AA", "AB"]),
    ],
)
def test_a_ref_id_is_the_given_one_or_the_next_that_is_free(
    fake: Fake, words: tuple[str, ...], ref_ids: list[str]
) -> None:
    """Both the query and its model have it."""
    assert pairs_of(ask(fake, *words)) == [(name, name) for name in ref_ids]


def test_a_ref_id_of_a_file_is_kept(fake: Fake, tmp_path: Path) -> None:
    """A saved query has one."""
    (tmp_path / "model.json").write_text('{"refId": "Z", "table": "sales"}')

    assert pairs_of(ask(fake, "--model", f"@{tmp_path / 'model.json'}")) == [("Z", "Z")]


@pytest.mark.shows("errors: two queries with the same ref id")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--model", '{"refId": "A"}', "--model", '{"refId": "A"}'), "--model: two queries have the refId 'A'"),
        ((*MODELS, *MODELS, "--set", "refId=A"), "--model: two queries have the refId 'A'"),
        (("--model", '{"refId": ""}'), "--model: refId is empty"),
        (("--model", '{"refId": 5}'), "--model: refId is 5, not a text"),
        (("--model", '{"refId": ["A"]}'), '--model: refId is ["A"], not a text'),
        (("--set", "refId=5"), "--model: refId is 5, not a text"),
        (("--var", "a=$__all"), "--var a=$__all stands for all values of the variable, but none is given"),
        (("--var", "a b=1"), "--var a b: a b is not a valid name"),
        (("--user", "role=Owner"), "--user role=Owner: expected one of Admin, Editor, Viewer, None"),
        (("--user", "age=3"), "--user expects KEY=VALUE, where KEY is login or name or email or role; got 'age=3'"),
        (("--header", "X-One"), "--header 'X-One' is not 'Name: value'"),
    ],
)
def test_a_query_that_grafana_could_not_send_is_refused_before_the_plugin_starts(
    fake: Fake, dist: str, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    """Both commands give one error."""
    for command in ("query", "chunked"):
        assert main(["call", command, dist, *words]) == 2
        assert sentence in capsys.readouterr().err
    assert not (fake.folder / "record").exists()


def test_two_equal_ref_ids_of_a_recording_are_refused(
    dist: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of the two answers would stand for both."""
    path = tmp_path / "x.json"
    assert main(["call", "query", dist, "--record", str(path)]) == 0
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "queries": content["queries"] * 2}))

    assert main(["call", "query", dist, "--replay", str(path)]) == 2
    assert "two queries have the refId 'A'" in capsys.readouterr().err


def test_a_condition_is_evaluated_for_the_given_ref_id(fake: Fake) -> None:
    """An alert rule names its query."""
    answers = {"Z": {"status": 200, "frames": [a_frame()]}}
    dist = fake.dist(answers=fake.says(QUERY, {"responses": answers}))

    assert main(["call", "query", dist, "--when", "last > 18", "--model", '{"refId": "Z"}']) == 0
    assert pairs_of(fake.request(QUERY)) == [("Z", "Z")]


@pytest.mark.parametrize("value", ["null", "5", "[]"])
def test_a_query_type_that_is_not_a_text_is_ignored(fake: Fake, value: str) -> None:
    """Grafana ignores it, too."""
    assert [query.queryType for query in ask(fake, "--model", f'{{"queryType": {value}}}').queries] == [""]


def test_multi_value_variables_and_variables_of_grafana_are_filled_in(fake: Fake) -> None:
    """They are in their formats; a list gets an item for each value."""
    model = {
        "sql": "h IN (${svc:sqlstring}) AND t > $__from AND t < ${__to:date:seconds}",
        "glob": "[[svc]]",
        "hosts": ["$svc"],
        "step": "$__interval $__interval_ms",
        "month": "${__from:date:YYYY-MM}",
        "who": "${__user.login}",
    }
    span = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T01:00:00Z", "--interval", "30s"]
    request = ask(fake, "--model", json.dumps(model), "--var", "svc=a", "--var", "svc=b", *span, "--user", "login=jane")

    assert {key: json.loads(request.queries[0].json)[key] for key in model} == {
        "sql": "h IN ('a','b') AND t > 1767225600000 AND t < 1767229200",
        "glob": "{a,b}",
        "hosts": ["a", "b"],
        "step": "30s 30000",
        "month": "2026-01",
        "who": "jane",
    }


def test_an_alert_rules_query_has_no_variables_of_a_panel(fake: Fake) -> None:
    """Grafana's alert engine does not fill in variables."""
    dist = fake.dist(answers=fake.says(QUERY, {"responses": {"A": {"status": 200, "frames": [a_frame()]}}}))
    assert main(["call", "query", dist, "--when", "last > 18", "--model", '{"t": "$__from"}']) == 0

    assert json.loads(fake.request(QUERY).queries[0].json)["t"] == "$__from"


def test_headers_user_and_feature_toggles_are_sent(fake: Fake) -> None:
    """Headers are as Grafana forwards them, the user is in the context, the toggles are in the configuration."""
    words = ["--header", "x-tenant-ID: 7", "--header", "authorization: Bearer t", "--header", "Cookie: a=b"]
    words += ["--user", "login=jane", "--user", "role=Viewer", "--feature-toggle", "one", "--feature-toggle", "two"]
    request = ask(fake, *words)
    context = request.pluginContext

    assert dict(request.headers) == {"http_X-Tenant-Id": "7", "Authorization": "Bearer t", "Cookie": "a=b"}
    assert (context.user.login, context.user.name, context.user.email) == ("jane", "jane", "jane@localhost")
    assert context.user.role == "Viewer"
    assert context.grafanaConfig["GF_INSTANCE_FEATURE_TOGGLES_ENABLE"] == "one,two"


def test_a_settings_file_is_sent_as_grafana_reads_it(fake: Fake, tmp_path: Path) -> None:
    """Dates and words of older YAML stay text, numbers are numbers, and a secret is the written text."""
    text = "jsonData: {since: 2024-01-01, region: no, on: 12:30:45, limit: 1e3}\nsecureJsonData: {pin: 0123}\n"
    (tmp_path / "s.yaml").write_text(text)
    context = ask(fake, "--settings", str(tmp_path / "s.yaml")).pluginContext.dataSourceInstanceSettings

    assert context.jsonData == b'{"since": "2024-01-01", "region": "no", "on": "12:30:45", "limit": 1000}'
    assert dict(context.decryptedSecureJsonData) == {"pin": "0123"}


THRESHOLD = """
groups:
  - rules:
      - title: Busy
        condition: C
        data:
          - { refId: A, datasourceUid: fake, model: { since: 2024-01-01, region: no, on: x } }
          - { refId: B, datasourceUid: __expr__, model: { type: reduce, reducer: max, expression: A } }
          - refId: C
            datasourceUid: __expr__
            model: { type: threshold, expression: B, conditions: [{ evaluator: { type: gt, params: [18] } }] }
"""


def test_a_rules_model_is_sent_as_grafana_reads_it(fake: Fake) -> None:
    """The model of a provisioned rule is also YAML."""
    dist = Path(fake.dist(answers=fake.says(QUERY, {"responses": {"A": {"status": 200, "frames": [a_frame()]}}})))
    project = small_project(fake.folder / "project").root
    (project / "provisioning/alerting").mkdir(parents=True)
    (project / "provisioning/alerting/rules.yaml").write_text(THRESHOLD)
    dist.rename(project / "dist")

    assert main(["call", "query", str(project / "dist"), "--alert"]) == 0
    model = json.loads(fake.request(QUERY).queries[0].json)
    assert (model["since"], model["region"], model["on"]) == ("2024-01-01", "no", "x")


def test_toggles_are_in_the_plugins_environment(fake: Fake, tmp_path: Path) -> None:
    """Grafana passes them in the same variable."""
    answers = fake.says(HEALTH, {"status": 1, "message": "fine"})
    dist = fake.dist(answers=answers, environment=str(tmp_path / "environment"))
    assert main(["call", "health", dist, "--feature-toggle", "one", "--feature-toggle", "two"]) == 0
    environment = json.loads((tmp_path / "environment").read_text())["env"]

    assert environment["GF_INSTANCE_FEATURE_TOGGLES_ENABLE"] == "one,two"


def test_every_call_sends_the_user(fake: Fake) -> None:
    """These are health, resources and streams."""
    dist = fake.dist(answers=fake.says(HEALTH, {"status": 1, "message": "fine"}))
    assert main(["call", "health", dist, "--user", "role=Editor", "--feature-toggle", "one"]) == 0

    assert fake.request(HEALTH).pluginContext.user.role == "Editor"
    assert fake.request(HEALTH).pluginContext.user.login == "admin"


def chunks(*more: dict[str, Any]) -> list[dict[str, Any]]:
    """Return two parts of one frame, followed by other parts."""
    return [{"refId": "A", "frameId": "x", "frame": a_frame(), "status": 200}] * 2 + list(more)


def test_parts_of_an_answer_are_shown_as_they_come(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    """Each part has its query, its frame and its rows, and is one line of JSON."""
    dist = fake.dist(answers=fake.says(CHUNKED, *chunks()))
    assert main(["call", "chunked", dist, "--rows", "1", "--var", "a=1", "--model", '{"t": "$a"}']) == 0
    out = capsys.readouterr().out
    assert out.count("A x cpu: 20 rows, 2 fields") == 2
    assert json.loads(fake.request(CHUNKED).queries[0].json)["t"] == "1"

    assert main(["call", "chunked", dist, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["refId"], line["frameId"], line["status"], len(line["frames"])) for line in lines] == [
        ("A", "x", 200, 1)
    ] * 2


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (chunks({"refId": "A", "error": "no more", "status": 502}), "query A failed with status 502 (plugin): no more"),
        ([], "query A has no answer"),
    ],
)
def test_an_error_in_a_part_fails_the_call(
    fake: Fake, capsys: pytest.CaptureFixture[str], parts: list[dict[str, Any]], sentence: str
) -> None:
    """A query without any part also fails it."""
    dist = fake.dist(answers=fake.says(CHUNKED, *parts)) if parts else fake.dist(answers={CHUNKED: {"messages": []}})

    assert main(["call", "chunked", dist]) == 6
    assert sentence in capsys.readouterr().err


def test_the_error_for_a_plugin_without_chunks_names_the_missing_method(
    fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message has the name in the author's class."""
    assert main(["call", "chunked", fake.dist(answers={})]) == 6
    err = capsys.readouterr().err

    assert "does not implement Data.QueryChunkedData" in err
    assert "`query_chunked`" in err


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake plugin listens on a unix socket")
