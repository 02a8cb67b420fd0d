"""The options, secrets and query fields that a plugin reads, and the provisioned or typed keys that it does not read.

The plugin reports its keys; for a plugin without a report, such as an older one, every key is allowed. No error
shows a value, or a text that may be a value.
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
"""Source: grafana/grafana v13.0.0, pkg/services/provisioning/datasources/types.go; only similar keys are refused."""

_SCHEMA = "gfplug/schema"

Keys = dict[str, Any] | None
"""Maps a key to the keys of its value; None allows any keys."""


def _load_key_rules() -> Any:  # noqa: ANN401 - a module
    """Load the runtime's rules, so that gfplug and the plugin agree."""
    return resources.runtime_module("author/unread.py")


@dataclass(frozen=True, slots=True)
class UnknownKey:
    """A key that nothing reads: a sentence with the existing keys, and a similar key; `is_near` if there is one."""

    sentence: str
    hint: str = ""
    is_near: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKeys:
    """The keys that a plugin reads; None stands for any keys.

    `url` are options that Grafana stores as the data source's URL; `names_read_elsewhere` are those that Grafana's
    proxy or the project's browser code may read.
    """

    options: Keys = None
    url: Sequence[str] = ()
    secrets: Sequence[str] | None = None
    query: Keys = None
    own: Mapping[str, Keys] = field(default_factory=dict)
    names_read_elsewhere: frozenset[str] = frozenset()

    @classmethod
    def from_json(cls, reply: object, project: Project | None) -> KnownKeys:
        """Read a plugin's report about itself; without a report, any keys are allowed."""
        value = reply.get("keys") if isinstance(reply, dict) else None
        if not isinstance(value, dict) or not _is_sound(value):
            return cls()
        return cls(
            options=value["options"],
            url=value["url"],
            secrets=value["secrets"],
            query=value["query"],
            own=value["own"],
            names_read_elsewhere=_find_other_names(project) if project else frozenset(),
        )

    def of_options(self, values: Mapping[str, Any]) -> Iterator[UnknownKey]:
        """Yield keys of jsonData, or of `--option`, that are not options."""
        for path, names in self._filter_unknown(_load_key_rules().find_unknown_option_keys(values, self.options)):
            if path in self.url:
                yield UnknownKey(f"`{path}` is the data source's URL, not an option", "set it with --url, or `url:`")
            elif path in (self.secrets or ()):
                yield UnknownKey(f"`{path}` is a secret, not an option", "set it with --secret, or secureJsonData")
            else:
                yield _unknown("option", path, names)

    def of_secrets(self, names: Iterable[str]) -> Iterator[UnknownKey]:
        """Yield names that are not secrets."""
        if self.secrets is None:
            return
        for name in names:
            if name in self.secrets or name in self.names_read_elsewhere or _load_key_rules().is_grafana_secret(name):
                continue
            if name in (self.options or ()):
                yield UnknownKey(f"`{name}` is an option, not a secret", "set it with --option, or jsonData")
            else:
                yield _unknown("secret", name, self.secrets)

    def of_query(self, model: Mapping[str, Any], *, kind: object = "") -> Iterator[UnknownKey]:
        """Yield keys that are not fields of a query; `kind` is its type."""
        fields = self.own[kind] if isinstance(kind, str) and kind in self.own else self.query
        for path, names in self._filter_unknown(_load_key_rules().find_unknown_query_keys(model, fields)):
            yield _unknown("field", path, names)

    def _filter_unknown(self, unknown: Iterable[tuple[str, list[str]]]) -> Iterator[tuple[str, list[str]]]:
        """Leave out keys that the proxy or the browser code may read."""
        return (each for each in unknown if each[0].rpartition(".")[2] not in self.names_read_elsewhere)


def ask(running: RunningPlugin, *, timeout: float) -> dict[str, Any]:
    """Ask a plugin about its dataclasses; return an empty reply if it does not answer, or has an older runtime."""
    try:
        reply = documents.parse_json(running.call_resource(_SCHEMA, timeout=timeout).body)
    except (ToolError, ValueError):
        return {}
    return reply if isinstance(reply, dict) else {}


def require_form(reply: Mapping[str, Any]) -> None:
    """Refuse dataclasses that `gfplug build` would refuse, as the plugin reports them.

    Raises: ProjectError with the message of the build.
    """
    if reply.get("isSchemaError") is True:
        raise ProjectError(str(reply.get("message")), hint="fix src/plugin/datasource.py")


def require_typed(keys: KnownKeys, *, options: Sequence[str], secrets: Sequence[str]) -> None:
    """Refuse `--option` and `--secret` for keys that the plugin does not read.

    Raises: UsageError naming the existing keys.
    """
    require(keys.of_options(arguments.assignments(options, option="--option")), place="--option")
    typed = [("" if not value.strip("=") else key) for key, _, value in (text.partition("=") for text in secrets)]
    require(keys.of_secrets(typed), place="--secret")  # without a value, the whole text may be a secret in base64


def of_source(keys: KnownKeys, source: Mapping[str, Any]) -> Iterator[UnknownKey]:
    """Yield keys of a provisioned data source that the plugin does not read."""
    for key in source:
        if key not in _SOURCE_KEYS and (hint := _guess(str(key), _SOURCE_KEYS, cutoff=_NEARER)):
            yield UnknownKey(f"Grafana does not read `{key}` of a data source", hint)
    options, secrets = source.get("jsonData"), source.get("secureJsonData")
    yield from keys.of_options(options if isinstance(options, dict) else {})
    yield from keys.of_secrets(secrets if isinstance(secrets, dict) else {})


def require(unknown: Iterable[UnknownKey], *, place: str, error: type[GfplugError] = UsageError) -> None:
    """Refuse keys that nothing reads.

    Raises: `error`, naming each key and the existing keys.
    """
    if several := list(unknown):
        sentences = "; ".join(dict.fromkeys(each.sentence for each in several))
        hints = "; ".join(dict.fromkeys(filter(None, (each.hint for each in several))))
        raise error(f"{place}: {sentences}", hint=hints)


def require_provisioned(unknown: Iterable[UnknownKey], *, place: str) -> None:
    """Refuse provisioned keys that nothing reads, if they are similar to an existing key; warn about the others.

    The others remain when an author replaces the fields of a new project, and must not stop the first call.
    Raises: ProjectError naming each key and the existing keys.
    """
    several = list(unknown)
    require((each for each in several if each.is_near), place=place, error=ProjectError)
    for each in several:
        _log.warning("%s: %s", place, each.sentence)


def _find_other_names(project: Project) -> frozenset[str]:
    """Return the names that Grafana's proxy reads, by the routes of plugin.json, and all words of hooks.js."""
    names = set(_PROXIED.findall(json.dumps(project.manifest.content)))
    path = project.root / "frontend" / "hooks.js"
    if path.is_file():
        names |= set(_WORD.findall(_COMMENT.sub("", documents.read_text(path))))
    return frozenset(names)


def _unknown(noun: str, path: str, names: Collection[str]) -> UnknownKey:
    article = "an" if noun[0] in "aeiou" else "a"
    subject = f"no {noun} `{path}`" if _NAME.fullmatch(path) else f"the given name is not {article} {noun}"
    verb = "is" if len(names) == 1 else "are"
    sentence = f"{subject}; there {verb} {', '.join(names) or 'none'}"
    return UnknownKey(sentence, _guess(path, names), is_near=bool(_guess(path, names, cutoff=_NEARER)))


def _guess(path: str, names: Collection[str], *, cutoff: float = _NEAR) -> str:
    """Return a question with a similar name; empty if there is no similar name."""
    by_spelling = {_spelling(name): name for name in names}
    near = difflib.get_close_matches(_spelling(path), by_spelling, n=1, cutoff=cutoff)
    return f"did you mean {by_spelling[near[0]]}?" if near else ""


def _spelling(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _is_sound(value: Mapping[str, Any]) -> bool:
    """Tell whether a reply has the shape of `KnownKeys`: another plugin may return anything."""
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
