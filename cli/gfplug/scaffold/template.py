"""Render a plugin project's files from answers.

This module has the answers, their checks, and the files that later upgrades need.
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
_NOT_PLAIN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # Unicode categories that a line of plain text can't have
_MARKUP = re.compile(
    r"[\\`*\[\]<]|(?<!\w)_|_(?!\w)|~(?=~)|&(?=#?\w+;)|(?<= )#(?=#*$)|^[-+>#=]"
)  # Markdown does not show them
_NO_CHARACTERS = "\ufffe\uffff"  # YAML refuses them
_JOINER = "\u200d"  # joins parts of an emoji
_NOT_IN_BASE = (*(f"{folder}/" for folder in OWNED_FOLDERS), ".gfplug/", "gfplug.lock")


def line(key: str, text: str) -> str:
    """Return the text of a free answer, after a check.

    Raises: UsageError if the text is empty, too long, or not one line of plain text.
    """
    if not text.strip() or len(text) > _LONGEST_LINE:
        raise UsageError(f"{key} must be one line of 1 to {_LONGEST_LINE} characters, got {text[:40]!r}")
    if any(
        (unicodedata.category(character) in _NOT_PLAIN and character != _JOINER) or character in _NO_CHARACTERS
        for character in text
    ):
        raise UsageError(f"{key} must be one line of plain text, without control characters, got {text!r}")
    return text


def example(text: str) -> str:
    """Return the name of an example.

    Raises: UsageError if there is no example of this name.
    """
    return _one_of("example", text, EXAMPLES)


def license_name(text: str) -> str:
    """Return the SPDX name of a licence; upper and lower case are equal.

    Raises: UsageError if there is no licence of this name.
    """
    names = {name.lower(): name for name in LICENSES}
    return _one_of("license", names.get(text.lower(), text), LICENSES)


def _one_of(what: str, text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise UsageError(f"there is no {what} {text!r}", hint=f"choose one of {', '.join(choices)}")
    return text


def react_error() -> UsageError:
    """Create the error for React editors with an API's description."""
    return UsageError(
        "a project from an API's description cannot have React editors: its editors change with the description",
        hint="omit frontend=react; frontend/hooks.js can change what the editors do",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers to the template's questions; always valid, so that any `Answers` can be rendered.

    `gfplug` is the requirement that installs gfplug; empty means the origin of this gfplug.
    Raises: UsageError that names the invalid answer.
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
        """Check each answer, and the combination of answers."""
        names.plugin_id(self.org, self.name)
        if self.example != UPSTREAM:
            example(self.example)
        elif self.frontend == "react":
            raise react_error()
        _one_of("license", self.license, LICENSES)
        _one_of("mode", self.mode, MODES)
        _one_of("frontend", self.frontend, (*FRONTENDS, *([ADOPTED] if self.frontend == ADOPTED else [])))
        if self.mode == "hybrid" and self.example != "http":
            raise UsageError(
                f"the example {self.example} has no API for queries from the browser, which --mode hybrid needs",
                hint="--mode hybrid --example http",
            )
        if self.mode == "hybrid" and self.frontend != "schema":
            raise UsageError(
                "a React frontend has its own query method in its DataSource class, so it needs no mode hybrid",
                hint="omit --mode; in a project with mode hybrid: --data mode=backend",
            )
        for key in FREE_ANSWERS:
            line(key, getattr(self, key))
        provenance.detect(line("gfplug", self.gfplug) if self.gfplug else "")

    @property
    def plugin_id(self) -> str:
        """The plugin's id in Grafana."""
        return names.plugin_id(self.org, self.name)

    @property
    def executable(self) -> str:
        """The executable's name, to which the build adds the platform."""
        return f"gpx_{self.name}"

    def to_json(self) -> dict[str, str]:
        """Return the answers in their stored form."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Any) -> Answers:  # noqa: ANN401 - JSON
        """Read stored answers.

        Raises: ProjectError that names a key that is unknown, missing or not text; UsageError as the class does.
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
    """Write the project to an empty or missing folder; the same answers give the same bytes.

    `api` has the values for the template if the project comes from an API's description. The sources of React editors
    are not included: `react` writes them from the dataclasses.

    Raises: ToolError if the template can't be rendered; ProjectError if a wheel for `vendor/` can't be built.
    """
    layers = {
        "project": True,
        f"examples/{answers.example}": answers.example != EXAMPLES[0],
        "modes/hybrid": answers.mode == "hybrid",
        "frontends/react": answers.frontend == "react",
        "frontends/adopted": answers.frontend == ADOPTED,
    }
    data = {**_data(answers), "api": api or {}}
    for layer in (name for name, is_chosen in layers.items() if is_chosen):
        render_layer(resources.folder("template"), destination, {**data, "layer": layer})
    provisioning = destination / "provisioning"
    files.let_grafana_read(*([provisioning, *provisioning.rglob("*")] if provisioning.is_dir() else ()))
    files.write_tree(destination, provenance.detect(answers.gfplug).files())


def store_for_upgrades(root: Path, answers: Answers) -> None:
    """Store the answers and the rendered files for later upgrades, which detect the user's edits by comparison."""
    stored = {"answers": answers.to_json(), "format": _FORMAT}
    files.write_atomic(root / ANSWERS_NAME, (json.dumps(stored, indent=2, sort_keys=True) + "\n").encode())
    with zipfile.ZipFile(root / BASE_NAME, "w") as archive:  # stored: deflate's bytes differ between zlib versions
        for path in files.walk(root):
            name = path.relative_to(root).as_posix()
            if not name.startswith(_NOT_IN_BASE):
                entry = zipfile.ZipInfo(name)  # ZipInfo's default time is in 1980
                mode = 0o100755 if path.stat().st_mode & 0o100 else 0o100644
                entry.create_system, entry.external_attr = 3, mode << 16
                archive.writestr(entry, path.read_bytes())


def _data(answers: Answers) -> dict[str, Any]:
    """Return the template's variables; `quoted` has JSON strings, which are also valid in TOML and YAML."""
    ids = {
        "plugin_id": answers.plugin_id,
        "executable": answers.executable,
        "uid": answers.name,
        "dashboard_uid": f"{answers.name}-example",
        "rule_uid": f"{answers.name}-rule",
        "log_filter": f"plugin.{answers.plugin_id}:debug",
        "grafana_title": answers.title.replace("$", "$$"),  # Grafana replaces $NAME in provisioning files
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
