"""What `gfplug call` starts and sends; other tests start plugins."""

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto

from gfplug.errors import ProjectError, ToolError, UsageError
from gfplug.host import arguments, call, variables
from gfplug.host.convert import QueryAnswer
from gfplug.host.logs import Logs
from gfplug.host.messages import fill
from gfplug.host.settings import Settings
from gfplug.host.target import go_platform
from gfplug.project.environment import venv
from gfplug.project.plugin_project import Project

ID = "acme-sales-datasource"
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
SUFFIX = ".exe" if sys.platform == "win32" else ""


@pytest.fixture
def root(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the root of a project that has an environment and a bundle."""
    manifest = {"id": ID, "name": "Sales", "executable": "gpx_sales", "info": {"version": "1.2.3"}}
    project.dist.mkdir()
    (project.dist / "plugin.json").write_text(json.dumps(manifest), encoding="utf-8")
    (project.dist / f"gpx_sales_{go_platform()}{SUFFIX}").write_bytes(b"")
    monkeypatch.setattr(venv, "ensure", lambda *_, **__: tmp_path / "python")
    return project.root


def test_a_project_is_run_from_source_in_its_own_environment(root: Path) -> None:
    """It works from any folder of the project, with the project's proto, and without the working folder on the path."""
    place = call.resolve_target(root / "src")

    assert place.target.command == (str(root.parent / "python"), "-P", "-m", "plugin")
    assert place.target.env == {"PYTHONPATH": str(root / "src")}
    assert place.target.proto == b"proto"
    assert (place.target.plugin_id, place.target.plugin_version) == (ID, "1.2.3")
    assert place.project is not None
    assert place.project.root == root


def test_a_dist_folder_is_started_by_the_name_grafana_computes(root: Path) -> None:
    """The proto is the default one, regardless of a project around the folder."""
    place = call.resolve_target(root / "dist")

    assert place.target.command == (str(root / "dist" / f"gpx_sales_{go_platform()}{SUFFIX}"),)
    assert b"package pluginv2;" in place.target.proto
    assert (place.target.plugin_id, place.target.plugin_version) == (ID, "1.2.3")
    assert place.project is not None


def test_an_executable_has_the_id_of_the_plugin_json_beside_it(root: Path) -> None:
    """Without that file, the executable's name is used."""
    executable = root / "dist" / f"gpx_sales_{go_platform()}{SUFFIX}"
    alone = root.parent / "gpx_alone"
    alone.write_bytes(b"")

    assert call.resolve_target(executable).target.plugin_id == ID
    assert call.resolve_target(alone).target.plugin_id == "gpx_alone"
    assert call.resolve_target(alone).project is None


@pytest.mark.shows("errors: no executable for the host's platform")
def test_a_dist_folder_for_another_machine_is_refused(root: Path) -> None:
    """The error has the name that Grafana would start, and the existing ones."""
    (root / "dist" / f"gpx_sales_{go_platform()}{SUFFIX}").rename(root / "dist" / "gpx_sales_plan9_mips")
    with pytest.raises(ProjectError, match=f"has no gpx_sales_{go_platform()}") as excinfo:
        call.resolve_target(root / "dist")

    assert "gpx_sales_plan9_mips" in excinfo.value.hint


def test_a_target_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """This includes a folder that is not a project."""
    with pytest.raises(ProjectError, match="does not exist"):
        call.resolve_target(tmp_path / "missing")
    with pytest.raises(ProjectError, match="not in a gfplug project"):
        call.resolve_target(tmp_path)


def test_the_projects_provisioning_is_the_default(root: Path) -> None:
    """It is used from source and from dist; values of the command line override it."""
    folder = root / "provisioning" / "datasources"
    folder.mkdir(parents=True)
    (folder / "x.yaml").write_text(
        f"datasources: [{{type: {ID}, uid: u, url: http://a, jsonData: {{a: 1, b: 2}}, secureJsonData: {{t: x}}}}]",
        encoding="utf-8",
    )
    default = call.settings(call.resolve_target(root / "dist"), call.Overrides())
    settings = call.settings(
        call.resolve_target(root), call.Overrides(url="http://b", options=["b=3"], secrets=["k=v"])
    )

    assert (default.uid, default.url, default.options, default.secrets) == (
        "u",
        "http://a",
        {"a": 1, "b": 2},
        {"t": "x"},
    )
    assert (settings.uid, settings.url, settings.options) == ("u", "http://b", {"a": 1, "b": 3})
    assert settings.secrets == {"t": "x", "k": "v"}


def test_a_given_file_replaces_the_provisioning(root: Path) -> None:
    """Without a file and provisioning, the plugin gets an empty data source."""
    path = root / "mine.yaml"
    path.write_text("url: http://mine", encoding="utf-8")

    assert call.settings(call.resolve_target(root), call.Overrides(file=path)).url == "http://mine"
    assert call.settings(call.resolve_target(root), call.Overrides()).url == Settings().url == ""


def test_a_secret_is_given_as_a_text_a_file_or_a_variable(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a file or a variable, a shell's history has no secret."""
    (root / "token").write_text("from file\n", encoding="utf-8")
    monkeypatch.setenv("TOKEN", "from environment")
    overrides = call.Overrides(secrets=["a=plain=text", f"b=@{root / 'token'}", "c=$TOKEN", "d=${TOKEN}"])

    assert call.settings(call.resolve_target(root), overrides).secrets == {
        "a": "plain=text",
        "b": "from file",
        "c": "from environment",
        "d": "from environment",
    }
    assert "plain" not in repr(overrides)


@pytest.mark.parametrize("text", ["hush", "=hush", "k=$UNSET_VARIABLE", "k=@/nonexistent"])
def test_a_secret_that_cannot_be_read_is_not_shown(root: Path, text: str) -> None:
    """The error names the key or the source, and no text that may be the secret."""
    with pytest.raises(UsageError) as excinfo:
        call.settings(call.resolve_target(root), call.Overrides(secrets=[text]))

    assert "--secret" in excinfo.value.message
    assert "hush" not in excinfo.value.message


def test_assignments_are_json_if_they_are_valid_json() -> None:
    """Numbers, booleans and lists keep their type; dots make nested objects."""
    texts = ["n=3", "ok=true", "list=[1]", "table=sales", 'quoted="3"', "a.b=1", "a.c=x", "empty="]

    assert arguments.assignments(texts, option="--set") == {
        "n": 3,
        "ok": True,
        "list": [1],
        "table": "sales",
        "quoted": "3",
        "a": {"b": 1, "c": "x"},
        "empty": "",
    }


def test_a_model_is_json_or_a_file_with_json(tmp_path: Path) -> None:
    """Anything except an object is refused."""
    (tmp_path / "model.json").write_text('{"table": "sales"}', encoding="utf-8")

    assert arguments.model('{"a": 1}') == {"a": 1}
    assert arguments.model(f"@{tmp_path / 'model.json'}") == {"table": "sales"}


def test_a_header_can_be_repeated() -> None:
    """HTTP allows it."""
    assert arguments.headers(["Accept: a", "Accept:b", "X: 1:2"]) == {"Accept": ["a", "b"], "X": ["1:2"]}


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (partial(arguments.assignments, ["x"], option="--set"), "--set"),
        (partial(arguments.assignments, ["=x"], option="--set"), "--set"),
        (partial(arguments.assignments, ["a=1", "a.b=2"], option="--set"), "--set"),
        *((partial(arguments.model, text), "--model") for text in ("[1]", "{", "@/nonexistent")),
        (partial(arguments.headers, ["nothing"]), "--header"),
        (partial(call.make_query, call.QueryRange(start="now", end="now-1h"), model={}, now=NOW), "ends before it"),
        (partial(call.make_query, call.QueryRange(start="now", end="now"), model={}, now=NOW), "ends before it"),
    ],
)
def test_an_invalid_option_value_is_refused(ask: Callable[[], object], sentence: str) -> None:
    """The error names the option."""
    with pytest.raises(UsageError, match=sentence):
        ask()


def test_a_query_has_a_round_interval_unless_one_is_given() -> None:
    """The range is the last hour; the query type comes from the model."""
    default = call.make_query(call.QueryRange(), model={"queryType": "metrics"}, now=NOW)
    explicit = call.make_query(call.QueryRange(interval="7s", max_data_points=5), model={}, now=NOW)

    assert (default.start, default.end) == (NOW - timedelta(hours=1), NOW)
    assert (default.interval, default.max_data_points, default.query_type) == (timedelta(seconds=30), 100, "metrics")
    assert (explicit.interval, explicit.max_data_points) == (timedelta(seconds=7), 5)


def test_failed_and_unanswered_queries_are_named_by_ref_id() -> None:
    """The error has status, source and message of each; successful queries are left out."""
    answers = {
        "A": QueryAnswer(ref_id="A", status=200),
        "B": QueryAnswer(ref_id="B", status=502, error="down", error_source="downstream"),
        "C": QueryAnswer(ref_id="C", status=500),
    }
    with pytest.raises(ToolError) as excinfo:
        call.require_answers(["A", "B", "C", "D"], answers)

    assert excinfo.value.message == (
        "query B failed with status 502 (downstream): down; query C failed with status 500 (plugin): no message; "
        "query D has no answer: Grafana shows no data"
    )
    call.require_answers(["A"], {"A": answers["A"]})


def test_a_failed_query_has_a_hint() -> None:
    """It is the place in the log, the option that fills a variable, or the option that shows the log."""

    def hint(text: str, *lines: dict[str, str]) -> str:
        logs = Logs()
        for line in lines:
            logs.add(f"{json.dumps({'@level': 'error', **line})}\n".encode())
        with pytest.raises(ToolError) as excinfo:
            call.require_answers(["A"], {"A": QueryAnswer(ref_id="A", status=500, error=text)}, logs)
        return excinfo.value.hint

    assert hint("x") == "-v shows the plugin's whole log"
    assert hint("x", {"@message": "Query A failed", "at": "a.py, line 1, in f"}).startswith(
        "raised in a.py, line 1, in f"
    )
    assert hint("limit: the variable $n is not filled") == "--var NAME=VALUE fills a variable"


def test_given_options_are_merged_into_the_provisioned_options(root: Path) -> None:
    """At any depth, a mapping and another value replace each other."""
    (root / "provisioning/datasources").mkdir(parents=True)
    (root / "provisioning/datasources/a.yaml").write_text(
        f"datasources: [{{type: {ID}, jsonData: {{a: {{b: 1, c: {{d: 1}}}}, e: 1}}}}]", encoding="utf-8"
    )
    assignments = ["a.c.x=2", "a.y=3", "e.f=4"]

    assert call.settings(call.resolve_target(root), call.Overrides(options=assignments)).options == {
        "a": {"b": 1, "c": {"d": 1, "x": 2}, "y": 3},
        "e": {"f": 4},
    }
    assert arguments.merge({"a": {"b": 1}}, {"a": 2}) == {"a": 2}


@pytest.mark.parametrize("text", ["true", "1e3", "null", "[1]", " a ", "", "x=y", "NaN"])
def test_a_variable_is_the_text_that_was_typed(text: str) -> None:
    """Grafana's frontend inserts texts."""
    values = variables.from_pairs([arguments.pair(f"v={text}", "--var")])

    assert variables.interpolate(["<$v>", "$v"], values) == [f"<{text}>", text]


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "1e999", "[NaN]", "[" * 100_000])
def test_nan_and_infinity_are_texts_in_values_and_refused_in_models(text: str) -> None:
    """A plugin cannot read NaN."""
    assert arguments.assignments([f"x={text}"], option="--set") == {"x": text}
    with pytest.raises(UsageError, match="--model is not"):
        arguments.model(f'{{"x": {text}}}')


@pytest.mark.shows("errors: a FIFO")
@pytest.mark.skipif(sys.platform == "win32", reason="devices of POSIX")
@pytest.mark.parametrize("path", ["/dev/zero", "/nonexistent", "/"])
def test_an_unreadable_file_is_a_usage_error(path: str) -> None:
    """The error names the option; an endless device is read only up to a limit."""
    with pytest.raises(UsageError, match="--body: "):
        arguments.content_of(f"@{path}", option="--body")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_pipe_is_read_as_a_file() -> None:
    """A shell makes a pipe for `@<(command)`."""
    reader, writer = os.pipe()
    os.write(writer, b"from a command")
    os.close(writer)

    assert arguments.content_of(f"@/dev/fd/{reader}", option="--secret") == b"from a command"
    os.close(reader)


def test_a_text_that_is_not_unicode_is_refused_without_quoting_it() -> None:
    """Bytes that are not UTF-8 may belong to a secret."""
    with pytest.raises(UsageError, match="the request cannot be sent") as excinfo:
        fill(DescriptorProto(), {"name": "hush\udcff"})

    assert "hush" not in excinfo.value.message
