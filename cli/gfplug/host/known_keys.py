"""Which options, secrets and fields of queries a plugin reads, and what is typed or provisioned that it does not.

The plugin says what it reads; one that does not say it, such as an older one, is refused nothing. No sentence shows a
value, or what may be one.
"""

from __future__ import annotations

import difflib
import json
import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gfplug import resources
from gfplug.errors import GfplugError, ProjectError, ToolError, UsageError
from gfplug.host import arguments
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from gfplug.host.client import RunningPlugin
    from gfplug.project.plugin_project import Project

_NAME = re.compile(r"\w[\w.\[\]$-]{0,60}")
_PROXIED = re.compile(r"\.(?:Secure)?JsonData\.(\w+)")
_COMMENT = re.compile(r"(?<!\S)//[^\n]*")
_WORD = re.compile(r"[A-Za-z_]\w*")
_NEAR, _NEARER = 0.6, 0.7
_log = logging.getLogger("gfplug")
_SOURCE_KEYS = (
    *("name", "uid", "type", "orgId", "access", "url", "user", "database", "basicAuth", "basicAuthUser", "password"),
    *("basicAuthPassword", "withCredentials", "isDefault", "jsonData", "secureJsonData", "editable", "version"),
    *("correlations", "apiVersion", "readOnly"),
)
"""Source: grafana/grafana v13.0.0, pkg/services/provisioning/datasources/types.go; only what is near is refused."""

_SCHEMA = "gfplug/schema"

Keys = dict[str, Any] | None
"""A name → the keys of what is below it; None stands for any keys."""


def _unread() -> Any:  # noqa: ANN401 - a module
    """Load the runtime's own rules, so that the plugin and this agree."""
    return resources.runtime_module("author/unread.py")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A key that nothing reads: a sentence with those that are read, and what was probably meant; `is_near` says so."""

    sentence: str
    hint: str = ""
    is_near: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKeys:
    """What a plugin reads; None stands for any keys.

    `url` are options that Grafana keeps as the data source's URL; `elsewhere` are names that Grafana's proxy or the
    project's code in the browser may read.
    """

    options: Keys = None
    url: Sequence[str] = ()
    secrets: Sequence[str] | None = None
    query: Keys = None
    own: Mapping[str, Keys] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()

    @classmethod
    def from_json(cls, reply: object, project: Project | None) -> KnownKeys:
        """Read what a plugin says about itself; any keys are known where it says nothing of them."""
        value = reply.get("keys") if isinstance(reply, dict) else None
        if not isinstance(value, dict) or not _is_sound(value):
            return cls()
        return cls(
            options=value["options"],
            url=value["url"],
            secrets=value["secrets"],
            query=value["query"],
            own=value["own"],
            elsewhere=_named_elsewhere(project) if project else frozenset(),
        )

    def of_options(self, values: Mapping[str, Any]) -> Iterator[Unknown]:
        """Look for what is no option in jsonData, or in what was typed to go there."""
        for path, names in self._left(_unread().unknown_of_options(values, self.options)):
            if path in self.url:
                yield Unknown(f"`{path}` is the data source's URL, no option", "give it as one: --url, or `url:`")
            elif path in (self.secrets or ()):
                yield Unknown(f"`{path}` is a secret, no option", "give it as one: --secret, or secureJsonData")
            else:
                yield _unknown("option", path, names)

    def of_secrets(self, names: Iterable[str]) -> Iterator[Unknown]:
        """Look for what is no secret."""
        if self.secrets is None:
            return
        for name in names:
            if name in self.secrets or name in self.elsewhere or _unread().is_secret_of_every_source(name):
                continue
            if name in (self.options or ()):
                yield Unknown(f"`{name}` is an option, no secret", "give it as one: --option, or jsonData")
            else:
                yield _unknown("secret", name, self.secrets)

    def of_query(self, model: Mapping[str, Any], *, kind: object = "") -> Iterator[Unknown]:
        """Look for what is no field of a query; `kind` is its type."""
        fields = self.own[kind] if isinstance(kind, str) and kind in self.own else self.query
        for path, names in self._left(_unread().unknown_of_query(model, fields)):
            yield _unknown("field", path, names)

    def _left(self, unknown: Iterable[tuple[str, list[str]]]) -> Iterator[tuple[str, list[str]]]:
        """Leave out what something else than the plugin may read."""
        return (each for each in unknown if each[0].rpartition(".")[2] not in self.elsewhere)


def ask(running: RunningPlugin, *, timeout: float) -> dict[str, Any]:
    """Ask a plugin about its dataclasses; one that does not answer, or is of an older runtime, has said nothing."""
    try:
        reply = documents.parse_json(running.call_resource(_SCHEMA, timeout=timeout).body)
    except (ToolError, ValueError):
        return {}
    return reply if isinstance(reply, dict) else {}


def require_form(reply: Mapping[str, Any]) -> None:
    """Refuse dataclasses that `gfplug build` would refuse, as the plugin says them.

    Raises: ProjectError with the sentence of the build.
    """
    if reply.get("isSchemaError") is True:
        raise ProjectError(str(reply.get("message")), hint="fix src/plugin/datasource.py")


def require_typed(known: KnownKeys, *, options: Sequence[str], secrets: Sequence[str]) -> None:
    """Refuse `--option` and `--secret` for what the plugin does not read.

    Raises: UsageError naming what there is.
    """
    require(known.of_options(arguments.assignments(options, option="--option")), where="--option")
    typed = [("" if not value.strip("=") else key) for key, _, value in (text.partition("=") for text in secrets)]
    require(known.of_secrets(typed), where="--secret")  # without a value, the whole may be a secret in base64


def of_source(known: KnownKeys, source: Mapping[str, Any]) -> Iterator[Unknown]:
    """Look for what a provisioned data source gives the plugin that it does not read."""
    for key in source:
        if key not in _SOURCE_KEYS and (hint := _guess(str(key), _SOURCE_KEYS, cutoff=_NEARER)):
            yield Unknown(f"Grafana reads no `{key}` of a data source", hint)
    options, secrets = source.get("jsonData"), source.get("secureJsonData")
    yield from known.of_options(options if isinstance(options, dict) else {})
    yield from known.of_secrets(secrets if isinstance(secrets, dict) else {})


def require(unknown: Iterable[Unknown], *, where: str, error: type[GfplugError] = UsageError) -> None:
    """Refuse what nothing reads.

    Raises: the error, naming each key and the names there are.
    """
    if several := list(unknown):
        sentences = "; ".join(dict.fromkeys(each.sentence for each in several))
        hints = "; ".join(dict.fromkeys(filter(None, (each.hint for each in several))))
        raise error(f"{where}: {sentences}", hint=hints)


def require_provisioned(unknown: Iterable[Unknown], *, where: str) -> None:
    """Refuse what a project provisions and nothing reads, if it is near to what is read; warn of what is not.

    The latter stays when an author replaces the fields of a new project by others, and must not stop the first call.
    Raises: ProjectError naming each key and the names there are.
    """
    several = list(unknown)
    require((each for each in several if each.is_near), where=where, error=ProjectError)
    for each in several:
        _log.warning("%s: %s", where, each.sentence)


def _named_elsewhere(project: Project) -> frozenset[str]:
    """Name what Grafana's proxy reads, as the routes of plugin.json say, and every word of the code in hooks.js."""
    names = set(_PROXIED.findall(json.dumps(project.manifest.content)))
    path = project.root / "frontend" / "hooks.js"
    if path.is_file():
        names |= set(_WORD.findall(_COMMENT.sub("", documents.read_text(path))))
    return frozenset(names)


def _unknown(noun: str, path: str, names: Collection[str]) -> Unknown:
    shown = f"no {noun} `{path}`" if _NAME.fullmatch(path) else f"what was given is no {noun}"
    verb = "is" if len(names) == 1 else "are"
    sentence = f"{shown}; there {verb} {', '.join(names) or 'none'}"
    return Unknown(sentence, _guess(path, names), is_near=bool(_guess(path, names, cutoff=_NEARER)))


def _guess(path: str, names: Collection[str], *, cutoff: float = _NEAR) -> str:
    """Ask for the name that was meant, if one is near."""
    by_spelling = {_spelling(name): name for name in names}
    near = difflib.get_close_matches(_spelling(path), by_spelling, n=1, cutoff=cutoff)
    return f"did you mean {by_spelling[near[0]]}?" if near else ""


def _spelling(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _is_sound(value: Mapping[str, Any]) -> bool:
    """Tell whether a reply has the shape of `KnownKeys`: another plugin may answer anything."""
    own, secrets = value.get("own"), value.get("secrets", 0)
    return (
        all(_is_tree(value.get(name, 0)) for name in ("options", "query"))
        and isinstance(own, dict)
        and all(map(_is_tree, own.values()))
        and all(isinstance(each, list) for each in (value.get("url"), secrets or []))
        and all(isinstance(name, str) for name in [*value["url"], *(secrets or [])])
    )


def _is_tree(tree: object) -> bool:
    return tree is None or (isinstance(tree, dict) and all(map(_is_tree, tree.values())))
