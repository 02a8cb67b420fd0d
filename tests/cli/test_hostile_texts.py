"""Hostile texts are printed escaped: no command prints a character that controls a terminal."""

from __future__ import annotations

import io
import json
import logging
import re
import unicodedata
import zipfile
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest
from small_bundle import MANIFEST, small_bundle
from small_project import small_project

from gfplug import cli
from gfplug.bundle import packing
from gfplug.commands.call.call_options import CallOptions
from gfplug.errors import ToolError
from gfplug.host import frame_json, logs
from gfplug.host.convert import Health, QueryAnswer, ResourceAnswer
from gfplug.host.logs import Logs
from gfplug.host.settings import Settings
from gfplug.project.environment import venv

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BAD = "a\x1b[2J\x1b]0;b\x07\x9b\u202e\u2066\u200f\u2028\rc\x7f"
"""Escape sequences, a window title, C1 codes, right-to-left marks, line ends and a deletion."""

OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
RULES = {
    "groups": [
        {
            "rules": [
                {
                    "title": BAD,
                    "condition": "C",
                    "data": [
                        {"refId": "A", "datasourceUid": "x", "model": {}},
                        {
                            "refId": "C",
                            "datasourceUid": "__expr__",
                            "model": {
                                "type": "threshold",
                                "expression": "A",
                                "conditions": [{"evaluator": {"type": "gt", "params": [0]}}],
                            },
                        },
                    ],
                }
            ]
        }
    ]
}


class Terminal(io.StringIO):
    """A stream that counts as a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def a_frame() -> dict[str, Any]:
    """Make a frame with hostile texts."""
    fields = [
        {"name": f"{BAD}t", "type": "time", "typeInfo": {"frame": "time.Time"}},
        {"name": BAD, "type": "number", "labels": {BAD: BAD}, "typeInfo": {"frame": "float64"}},
        {"name": BAD, "type": "string", "config": {"displayNameFromDS": BAD}, "typeInfo": {"frame": "string"}},
        {"name": BAD, "type": "enum", "config": {"type": {"enum": {"text": [BAD]}}}},
        {"name": BAD, "type": "other"},
    ]
    values = [[0, 60_000], [1, 2], [BAD, BAD], [0, 1], [{BAD: BAD}, None]]
    schema = {"name": BAD, "refId": BAD, "meta": {"type": BAD}, "fields": fields}
    return frame_json.from_json(json.dumps({"schema": schema, "data": {"values": values}}).encode(), place="A")


class Plugin:
    """Answers every call with hostile texts."""

    logs = Logs()

    def query_data(self, *_: object, **__: object) -> dict[str, QueryAnswer]:
        """Answer one query and fail the others."""
        return {
            "A": QueryAnswer(ref_id="A", status=200, frames=[a_frame()]),
            BAD: QueryAnswer(ref_id=BAD, status=500, error=BAD, error_source=BAD),
        }

    def check_health(self, *_: object, **__: object) -> Health:
        """Return an error."""
        return Health(status="ERROR", message=BAD, details={BAD: BAD, "x": {BAD: [BAD]}})

    def call_resource(self, path: str, *_: object, **__: object) -> ResourceAnswer:
        """Return JSON or text."""
        body = json.dumps({BAD: BAD}, ensure_ascii=path == "ascii") if path != "text" else BAD
        return ResourceAnswer(status=500, headers={BAD: [BAD]}, body=body.encode())

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        """Send two packets."""
        yield json.dumps(a_frame(), ensure_ascii=False).encode()
        raise ToolError(BAD, hint=BAD, details=f"Traceback (most recent call last):\n{BAD}")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project, bundles and archives with hostile names, and a plugin that runs in this process."""
    project = small_project(tmp_path / f"project{BAD}")
    (project.root / f"src/{BAD}.py").write_text("x")
    (project.root / "provisioning/alerting").mkdir(parents=True)
    (project.root / "provisioning/alerting/a.yaml").write_text(json.dumps(RULES))
    (project.root / "provisioning/alerting/b.yaml").write_text("groups: []")
    root = small_project(tmp_path / f"broken{BAD}")
    (root.root / "provisioning/alerting").mkdir(parents=True)
    (root.root / f"provisioning/alerting/{BAD}.yaml").write_text(f"x: !<{BAD}> y")
    for machine, name in (("amd64", "first"), ("arm64", "second")):
        bundle = small_bundle(tmp_path / f"{name}{BAD}", machine=machine)
        (bundle / f"{BAD}.txt").write_text(name)
        info = MANIFEST["info"] | {"description": BAD, "updated": BAD, "logos": {"small": BAD, "large": BAD}}
        manifest = MANIFEST | {"info": info, "dependencies": {"grafanaDependency": BAD}, "routes": [{"path": BAD}]}
        (bundle / "plugin.json").write_text(json.dumps(manifest))
        packing.pack(bundle, tmp_path / f"{name}{BAD}.zip")
    with zipfile.ZipFile(tmp_path / f"third{BAD}.zip", "w") as archive:
        archive.writestr(f"acme-sales-datasource/{BAD}", "x")
    results = {"A": {"status": 200, "frames": []}, BAD: {"x": BAD}}
    (tmp_path / f"{BAD}.json").write_text(json.dumps({"gfplug": 1, "queries": [], "results": results}))

    @contextmanager
    def open_plugin(options: CallOptions) -> Iterator[tuple[Plugin, Settings]]:
        del options
        for line in (json.dumps({"@level": "error", "@message": BAD, BAD: BAD}), f"[WARN] {BAD}", f"Traceback {BAD}"):
            logging.getLogger("gfplug").warning("plugin: %s", logs.parse(line))
        yield Plugin(), Settings()

    monkeypatch.setattr(CallOptions, "running", open_plugin)
    monkeypatch.setattr(venv, "ensure", lambda *_, **__: tmp_path / "python")
    monkeypatch.chdir(tmp_path)
    return tmp_path


COMMANDS: dict[str, Callable[[], list[str]]] = {
    "query": lambda: ["call", "query"],
    "query as JSON": lambda: ["call", "query", "--json"],
    "condition": lambda: ["call", "query", "--when", "last > 0"],
    "rules": lambda: ["call", "query", f"project{BAD}", "--alert"],
    "rules as JSON": lambda: ["call", "query", f"project{BAD}", "--alert", "--json"],
    "rules that cannot be read": lambda: ["call", "query", f"broken{BAD}", "--alert"],
    "recording": lambda: ["call", "query", "--replay", f"{BAD}.json"],
    "health": lambda: ["call", "health"],
    "health as JSON": lambda: ["call", "health", "--json"],
    "resource": lambda: ["call", "resource", "json"],
    "resource as JSON": lambda: ["call", "resource", "ascii", "--json"],
    "text": lambda: ["call", "resource", "text"],
    "stream": lambda: ["call", "stream", "x"],
    "stream as JSON": lambda: ["call", "stream", "x", "--json"],
    "bundle": lambda: ["check", f"first{BAD}"],
    "archive": lambda: ["check", f"first{BAD}.zip"],
    "another archive": lambda: ["check", f"third{BAD}.zip"],
    "project": lambda: ["check", f"project{BAD}"],
    "project as JSON": lambda: ["check", f"project{BAD}", "--json"],
    "merge": lambda: ["merge", f"first{BAD}.zip", f"second{BAD}.zip"],
    "merge of another": lambda: ["merge", f"first{BAD}.zip", f"third{BAD}.zip"],
    "explanation": lambda: ["doctor", "--explain", f"{BAD}: fork/exec /{BAD.replace(chr(13), '')}: permission denied"],
    "sign": lambda: ["sign", f"project{BAD}"],
}


@pytest.mark.parametrize(
    ("name", "colour"),  # with colours, a stream's plot moves the cursor
    [(name, colour) for name in COMMANDS for colour in (False, True) if not (colour and name.startswith("stream"))],
)
def test_no_command_prints_control_characters(
    world: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, colour: bool
) -> None:
    """Names of columns, files, rules and members, errors, hints, logs and tracebacks, in colour and without."""
    monkeypatch.setenv("TERM", "xterm" if colour else "dumb")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("GRAFANA_ACCESS_POLICY_TOKEN", raising=False)
    out, err = Terminal(), Terminal()
    with redirect_stdout(out), redirect_stderr(err):
        code = cli.main(COMMANDS[name]())
    output = out.getvalue() + err.getvalue()

    assert code != 1, output
    assert re.search(r"\\x1b|\\u001b|\\u202e", output), output
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output) if colour else output
    assert {character for character in plain if unicodedata.category(character) in OBEYED} <= {"\n", "\t"}
    if "JSON" in name and out.getvalue():
        json.loads(out.getvalue())
    assert world.is_dir()
