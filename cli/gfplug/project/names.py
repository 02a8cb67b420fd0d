"""Names that users type, and the plugin ids that Grafana accepts."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from gfplug.errors import UsageError

DEFAULT_ORG = "myorg"
"""The first part of the id if neither `--org` nor the name has one."""

ID = re.compile(r"[0-9a-z]+-([0-9a-z]+-)?(app|panel|datasource)")
_MAX_PART_CHARACTERS = 32  # a Grafana uid has at most 40 characters, and provisioning lengthens the name
_TYPE = "datasource"
_LOWER_CASE = re.compile(r"[0-9a-z._ -]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginNames:
    """The two parts of a plugin id, and the title; `org` is empty if the name had only one word."""

    org: str
    name: str
    title: str


def plugin_id(org: str, name: str) -> str:
    """Join the parts of an id.

    Raises: UsageError if Grafana does not accept the id.
    """
    result = f"{org}-{name}-{_TYPE}"
    if not ID.fullmatch(result) or max(len(org), len(name)) > _MAX_PART_CHARACTERS:
        raise UsageError(
            f"{result!r} is not a plugin id: a part must have 1 to {_MAX_PART_CHARACTERS} characters from a-z and 0-9",
            hint="for example: gfplug new acme-sales",
        )
    return result


def parse(text: str) -> PluginNames:
    """Parse a name such as `myds`, `acme-sales`, `Acme Sales` or `acme-sales-datasource`.

    The first of several words is the organisation, the others together are the name; a single word is the name. The
    title is the text itself; plain lower-case words, such as `acme-sales`, are capitalised.

    Raises: UsageError if the text gives no valid id.
    """
    if "/" in text or "\\" in text:
        raise UsageError(
            f"{text!r} is a path, not a name", hint="the folder is the second argument: gfplug new NAME DIR"
        )
    words = _words(text)
    if len(words) > 1 and words[-1].lower() == _TYPE:
        words = words[:-1]
    org, rest = (words[0], words[1:]) if len(words) > 1 else ("", words)
    name = "".join(rest).lower()
    plugin_id(org.lower() or DEFAULT_ORG, name)
    title = " ".join(word.capitalize() for word in words) if _LOWER_CASE.fullmatch(text) else " ".join(text.split())
    return PluginNames(org=org.lower(), name=name, title=title)


def organisation(text: str) -> str:
    """Parse an organisation such as `acme` or `Acme Inc.`.

    Raises: UsageError if no character of the text is allowed in an id.
    """
    org = "".join(_words(text)).lower()
    plugin_id(org, "x")
    return org


def _words(text: str) -> list[str]:
    """Split a text into words of ASCII letters and digits; accents are removed, other alphabets refused."""
    plain = "".join(
        character for character in unicodedata.normalize("NFKD", text) if not unicodedata.combining(character)
    )
    if strange := sorted({character for character in plain if character.isalnum() and not character.isascii()}):
        raise UsageError(
            f"a plugin id may only contain a-z and 0-9; remove: {' '.join(strange)}",
            hint="choose another name, and set the title with --data title=…",
        )
    words = re.findall(r"[0-9A-Za-z]+", plain)
    if not words:
        raise UsageError(
            f"{text!r} can't become a plugin id: it has no letter and no digit", hint="for example: acme-sales"
        )
    return words
