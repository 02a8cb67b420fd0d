"""Answers become the tree of a plugin project.

Owns the answers, their checks, and what a project keeps of its rendering.
"""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
import zipfile
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from gfplug import files, resources
from gfplug.errors import ProjectError, UsageError
from gfplug.project import names, provenance
from gfplug.project.environment.interpreters import SUPPORTED_PYTHONS
from gfplug.project.plugin_project import OWNED_FOLDERS
from gfplug.scaffold.choices import ADOPTED, EXAMPLES, FREE_ANSWERS, FRONTENDS, LICENSES, MODES, UPSTREAM
from gfplug.scaffold.rendering import render_layer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ANSWERS_NAME = ".gfplug/answers.json"
BASE_NAME = ".gfplug/base.zip"
_FORMAT = 1
_LONGEST_LINE = 200
_NOT_PLAIN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # Unicode's categories
_MARKUP = re.compile(
    r"[\\`*\[\]<]|(?<!\w)_|_(?!\w)|~(?=~)|&(?=#?\w+;)|(?<= )#(?=#*$)|^[-+>#=]"
)  # what Markdown would not show
_NO_CHARACTERS = "\ufffe\uffff"  # YAML refuses them
_JOINER = "\u200d"  # holds some emoji together
_NOT_IN_BASE = (*(f"{folder}/" for folder in OWNED_FOLDERS), ".gfplug/", "gfplug.lock")


def line(key: str, text: str) -> str:
    """Return a text that may stand for a free answer.

    Raises: UsageError if it is empty, long, or not one line of plain text.
    """
    if not text.strip() or len(text) > _LONGEST_LINE:
        raise UsageError(f"{key} must be one line of 1 to {_LONGEST_LINE} characters, not {text[:40]!r}")
    if any((unicodedata.category(sign) in _NOT_PLAIN and sign != _JOINER) or sign in _NO_CHARACTERS for sign in text):
        raise UsageError(f"{key} must be one line of plain text, without control characters: {text!r}")
    return text


def example(text: str) -> str:
    """Return the name of an example.

    Raises: UsageError if there is none of this name.
    """
    return _one_of("example", text, EXAMPLES)


def license_name(text: str) -> str:
    """Return the name of a licence, however its letters are written.

    Raises: UsageError if there is none of this name.
    """
    names = {name.lower(): name for name in LICENSES}
    return _one_of("license", names.get(text.lower(), text), LICENSES)


def _one_of(what: str, text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise UsageError(f"there is no {what} {text!r}", hint=f"choose one of {', '.join(choices)}")
    return text


def followed_editors() -> UsageError:
    """Make the error that refuses React editors for an API's description."""
    return UsageError(
        "the editors of a data source that an API's description makes follow that description: "
        "there are no React editors for it",
        hint="leave frontend=react away; frontend/hooks.js changes what the browser does with the editors",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the template asks; checked when made, so that any `Answers` can be rendered.

    `gfplug` is the requirement that installs gfplug; empty: where this gfplug itself came from.
    Raises: UsageError naming the answer that can't be used.
    """

    org: str
    name: str
    title: str
    description: str
    author: str
    example: str = EXAMPLES[0]
    mode: str = MODES[0]
    frontend: str = FRONTENDS[0]
    gfplug: str = ""
    license: str = LICENSES[0]

    def __post_init__(self) -> None:
        """Check each answer, and that they go together."""
        names.plugin_id(self.org, self.name)
        if self.example != UPSTREAM:
            example(self.example)
        elif self.frontend == "react":
            raise followed_editors()
        _one_of("license", self.license, LICENSES)
        _one_of("mode", self.mode, MODES)
        _one_of("frontend", self.frontend, (*FRONTENDS, *([ADOPTED] if self.frontend == ADOPTED else [])))
        if self.mode == "hybrid" and self.example != "http":
            raise UsageError(
                f"the example {self.example} has no API that a browser could ask", hint="--mode hybrid --example http"
            )
        if self.mode == "hybrid" and self.frontend != "schema":
            raise UsageError(
                "a React frontend asks what it likes: its DataSource class has a query method of its own",
                hint="leave --mode away; for a project that has it: --data mode=backend",
            )
        for key in FREE_ANSWERS:
            line(key, getattr(self, key))
        provenance.detect(line("gfplug", self.gfplug) if self.gfplug else "")

    @property
    def plugin_id(self) -> str:
        """The id that Grafana knows the plugin by."""
        return names.plugin_id(self.org, self.name)

    @property
    def executable(self) -> str:
        """The executable's name, before the platform that the build adds."""
        return f"gpx_{self.name}"

    def to_json(self) -> dict[str, str]:
        """Return the answers as they are stored."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Any) -> Answers:  # noqa: ANN401 - JSON
        """Read stored answers.

        Raises: ProjectError naming a key that is unknown, missing or not text; UsageError as the class does.
        """
        if not isinstance(value, dict):
            raise ProjectError(f"{ANSWERS_NAME}: the answers are not a JSON object")
        names = {field.name for field in fields(cls)}
        for key in sorted(names ^ value.keys()):
            what = "is missing" if key in names else "is not an answer of this gfplug's template"
            raise ProjectError(f"{ANSWERS_NAME}: {key!r} {what}", hint="restore it from version control")
        for key, text in value.items():
            if not isinstance(text, str):
                raise ProjectError(f"{ANSWERS_NAME}: {key!r} is not text", hint="restore it from version control")
        return cls(**value)


def render(answers: Answers, destination: Path, *, api: Mapping[str, Any] | None = None) -> None:
    """Write the project that the answers describe into an empty or missing folder; same answers, same bytes.

    `api` is what the files refer to where an API's description makes the project. The sources of React editors are not
    among it: `react` writes them, from the dataclasses.

    Raises: ToolError if the template can't be rendered; ProjectError if a wheel for `vendor/` can't be made.
    """
    layers = {
        "project": True,
        f"examples/{answers.example}": answers.example != EXAMPLES[0],
        "modes/hybrid": answers.mode == "hybrid",
        "frontends/react": answers.frontend == "react",
        "frontends/adopted": answers.frontend == ADOPTED,
    }
    data = {**_data(answers), "api": api or {}}
    for layer in (name for name, is_wanted in layers.items() if is_wanted):
        render_layer(resources.folder("template"), destination, {**data, "layer": layer})
    provisioning = destination / "provisioning"
    files.let_grafana_read(*([provisioning, *provisioning.rglob("*")] if provisioning.is_dir() else ()))
    files.write_tree(destination, provenance.detect(answers.gfplug).files())


def remember(root: Path, answers: Answers) -> None:
    """Keep, for later upgrades, the answers and the user's files as they are now: what is theirs is what differs."""
    stored = {"answers": answers.to_json(), "format": _FORMAT}
    files.write_atomic(root / ANSWERS_NAME, (json.dumps(stored, indent=2, sort_keys=True) + "\n").encode())
    with zipfile.ZipFile(root / BASE_NAME, "w") as archive:  # stored: deflate's bytes differ between zlib versions
        for path in files.walk(root):
            name = path.relative_to(root).as_posix()
            if not name.startswith(_NOT_IN_BASE):
                entry = zipfile.ZipInfo(name)  # of 1980, as it is without a time
                mode = 0o100755 if path.stat().st_mode & 0o100 else 0o100644
                entry.create_system, entry.external_attr = 3, mode << 16
                archive.writestr(entry, path.read_bytes())


def _data(answers: Answers) -> dict[str, Any]:
    """Return what the template's files refer to; `quoted` holds JSON strings, which are TOML and YAML ones too."""
    ids = {
        "plugin_id": answers.plugin_id,
        "executable": answers.executable,
        "uid": answers.name,
        "dashboard_uid": f"{answers.name}-example",
        "rule_uid": f"{answers.name}-rule",
        "log_filter": f"plugin.{answers.plugin_id}:debug",
        "grafana_title": answers.title.replace("$", "$$"),  # Grafana replaces $NAME in what it provisions
        "heading": _MARKUP.sub(r"\\\g<0>", answers.title),
        "supported_pythons": SUPPORTED_PYTHONS,
        "spdx_license": answers.license if answers.license != "proprietary" else "LicenseRef-Proprietary",
        "first_line": _MARKUP.sub(r"\\\g<0>", answers.description),
    }
    source = provenance.detect(answers.gfplug)
    sources = {
        "gfplug_requirement": source.pip_argument,
        "gfplug_newest": shlex.quote(source.newest) if source.newest else "",
        "gfplug_wheel": source.pip_argument if "gfplug" in source.vendored else "",
        "runtime": source.runtime,
        "runtime_wheel": source.runtime_wheel,
    }
    texts = {**answers.to_json(), **ids, **sources}
    return {**texts, "quoted": {key: json.dumps(text, ensure_ascii=False) for key, text in texts.items()}}
