"""`gfplug call` from its command line to its exit code, against a fake plugin in a dist folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from host_fake import HEALTH, QUERY, RESOURCE

from gfplug.cli import main

if TYPE_CHECKING:
    from host_fake import Fake


def test_a_query_is_shown_as_a_table_and_a_plot(fake: Fake, dist: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Stdout is not a terminal, so there are no escapes; progress goes to stderr."""
    code = main(["call", "query", dist, "--rows", "2", "--set", "table=sales", "--from", "now-10m"])
    out, err = capsys.readouterr()

    assert code == 0
    assert out.splitlines()[:5] == [
        "A cpu: 20 rows, 2 fields",
        "time                  value {host=a}",
        "--------------------  --------------",
        "1970-01-01T00:00:00Z               0",
        "1970-01-01T00:01:00Z               1",
    ]
    assert "… 18 more rows" in out
    assert "─ value {host=a}" in out
    assert "\x1b" not in out
    assert "acme-fake-datasource answered after" in err
    assert json.loads(fake.request(QUERY).queries[0].json)["table"] == "sales"


def test_a_query_in_json_has_the_shape_of_grafanas_api(dist: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Stdout has one document, and nothing else."""
    code = main(["call", "query", dist, "--json"])
    answer = json.loads(capsys.readouterr().out)

    assert code == 0
    assert list(answer["results"]["A"]) == ["status", "frames"]
    assert answer["results"]["A"]["frames"][0]["data"]["values"][1][:2] == [0.0, 1.0]


def test_a_failed_query_exits_with_6_and_still_prints_json(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    """Stdout has the answer, stderr the error."""
    failure = {"status": 502, "error": "upstream is down", "errorSource": "downstream"}
    dist = fake.dist(answers=fake.says(QUERY, {"responses": {"A": failure}}))
    code = main(["call", "query", dist, "--json"])
    out, err = capsys.readouterr()

    assert code == 6
    assert json.loads(out)["results"]["A"] == {**failure, "frames": []}
    assert "query A failed with status 502 (downstream): upstream is down" in err


@pytest.mark.parametrize(("status", "word", "code"), [(1, "OK", 0), (2, "ERROR", 6), (0, "UNKNOWN", 6)])
def test_health_exits_with_0_only_when_ok(
    fake: Fake, capsys: pytest.CaptureFixture[str], status: int, word: str, code: int
) -> None:
    """Grafana's health endpoint answers 200 or 400 in the same cases."""
    says = fake.says(HEALTH, {"status": status, "message": "words", "jsonDetails": b'{"rows": 3}'})
    dist = fake.dist(answers=says)

    assert main(["call", "health", dist]) == code
    assert capsys.readouterr().out == f"{word}: words\nrows: 3\n"
    assert main(["call", "health", dist, "--json"]) == code
    assert json.loads(capsys.readouterr().out) == {"status": word, "message": "words", "details": {"rows": 3}}


def test_a_resource_prints_its_body(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON is printed with indentation; --json adds the status and the headers."""
    part = {"code": 200, "headers": {"Content-Type": {"values": ["application/json"]}}, "body": b'{"a":1}'}
    dist = fake.dist(answers=fake.says(RESOURCE, part))

    assert main(["call", "resource", "tables?limit=3", dist, "--method", "POST", "--body", "x"]) == 0
    assert json.loads(capsys.readouterr().out) == {"a": 1}
    assert main(["call", "resource", "tables", dist, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "status": 200,
        "headers": {"Content-Type": ["application/json"]},
        "body": {"a": 1},
    }
    assert (fake.request(RESOURCE).method, fake.request(RESOURCE).body) == ("POST", b"x")


def test_a_resource_that_answers_an_error_exits_with_6(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    """Its body is printed all the same."""
    dist = fake.dist(answers=fake.says(RESOURCE, {"code": 404, "body": b"not here"}))

    assert main(["call", "resource", "x", dist]) == 6
    assert capsys.readouterr().out == "not here\n"


def test_warnings_of_the_plugin_are_shown_and_verbose_adds_other_log_lines(
    fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are on stderr, without the fields that each line of a request repeats."""
    log = "\n".join(
        json.dumps({"@level": level, "@message": f"a {level}", "pluginId": "x", "rows": 1})
        for level in ("info", "warn")
    )
    dist = fake.dist(answers=fake.says(HEALTH, {"status": 1}), stderr=f"{log}\n")
    main(["call", "health", dist])
    usual = capsys.readouterr().err
    main(["call", "health", dist, "-v"])
    all_of_it = capsys.readouterr().err

    assert "warning: plugin: a warn rows=1\n" in usual
    assert "a info" not in usual
    assert "plugin: a info rows=1\n" in all_of_it
