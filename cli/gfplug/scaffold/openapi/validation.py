"""Validate a description against OpenAPI's rules, with the JSON Schemas of a library.

Only the chosen operations are validated: their paths, and the components that these refer to, in the main file. The
schemas are read as files, because importing their package takes seconds.
"""

from __future__ import annotations

import itertools
import json
import logging
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug.scaffold.openapi.model import Violation
from gfplug.scaffold.openapi.nodes import escape
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gfplug.scaffold.openapi.operation_reader import Entry

_log = logging.getLogger("gfplug")

_MAX_ERRORS = 50
_MOST_VALUES = 3_000_000
_MAX_MESSAGE_CHARACTERS = 200
_COMPONENTS = frozenset({"components", "definitions", "parameters", "responses"})
_METHODS = frozenset({"get", "post", "put", "patch", "delete", "options", "head", "trace"})


def find_violations(root: Mapping[str, Any], entries: Sequence[Entry]) -> tuple[Violation, ...] | None:
    """Return the first violations of OpenAPI's rules; None if the description was not validated, which is logged."""
    version = documents.text_of(root.get("openapi", "2.0"))[:3]
    package = find_spec("openapi_spec_validator")
    schema = (
        Path(package.origin or "").parent / "resources" / "schemas" / f"v{version}" / "schema.json" if package else None
    )
    if package is not None and schema is not None and not schema.is_file():
        _log.warning("the description was not validated: the validator does not support OpenAPI %s yet", version)
        return None
    if schema is None or find_spec("jsonschema_rs") is None:
        _log.warning("the description was not validated; install the validator: pip install 'gfplug[openapi]'")
        return None
    document = _pruned(root, entries)
    if document is None:
        _log.warning("the description was not validated: it is too large; choose operations: --operations NAME,NAME")
        return None
    import jsonschema_rs  # noqa: PLC0415 - an extra

    validator = jsonschema_rs.validator_for(json.loads(schema.read_bytes()))
    names = {("paths", entry.path, entry.method): entry.name for entry in entries}
    try:
        errors = itertools.islice(validator.iter_errors(document), _MAX_ERRORS)
        return tuple(dict.fromkeys(_violation(error, names) for error in errors))
    except (ValueError, OverflowError) as error:  # a single surrogate, or a number that is too large
        _log.warning("the description was not validated: %s", type(error).__name__)
        return None


def _violation(error: Any, names: Mapping[tuple[Any, ...], str]) -> Violation:  # noqa: ANN401 - of several types
    deepest = _deepest(error)
    path = tuple(deepest.instance_path)
    place = "".join(f"/{escape(str(step))}" for step in path)
    message = str(deepest.message)
    sentence = message if len(message) <= _MAX_MESSAGE_CHARACTERS else f"…{message[1 - _MAX_MESSAGE_CHARACTERS :]}"
    return Violation(place=place or "/", operation=names.get(path[:3], ""), sentence=sentence)


def _deepest(error: Any) -> Any:  # noqa: ANN401 - as above
    """Return the error of the variant that matches the most of the value: the author most likely meant this variant."""
    inner = [other for variant in getattr(error.kind, "context", None) or () for other in variant]
    if not inner:
        return error
    furthest = max((_deepest(other) for other in inner), key=lambda other: len(other.instance_path))
    return furthest if len(furthest.instance_path) > len(error.instance_path) else inner[0]


def _pruned(root: Mapping[str, Any], entries: Sequence[Entry]) -> dict[str, Any] | None:
    """Return a description with only these operations, as plain JSON; None if it is too large."""
    document = {key: value for key, value in root.items() if key not in {"paths", "webhooks", *_COMPONENTS}}
    document["paths"] = {}
    for entry in {entry.node: entry for entry in reversed(entries)}.values():  # paths may share operations
        item = document["paths"].setdefault(
            entry.path, {key: value for key, value in entry.item.value.items() if key not in _METHODS}
        )
        item[entry.method] = entry.node.value
    references = _References(document["paths"])
    for steps in references:
        value: Any = root
        target = document
        for step in steps[:-1]:
            value = value.get(step) if isinstance(value, dict) else None
            target = target.setdefault(step, {})
        if isinstance(value, dict) and steps[-1] in value:
            target[steps[-1]] = value[steps[-1]]
            references.add(value[steps[-1]])
        if references.count > _MOST_VALUES:
            return None
    components = root.get("components")
    if isinstance(components, dict) and "securitySchemes" in components:
        document.setdefault("components", {})["securitySchemes"] = components["securitySchemes"]
    plain: dict[str, Any] = json.loads(json.dumps(document))
    return plain


class _References:
    """The components that values refer to, each once, including components that are added during the iteration."""

    def __init__(self, value: object) -> None:
        self._visited: set[tuple[str, ...]] = set()
        self._new: list[tuple[str, ...]] = []
        self.count = 0
        self.add(value)

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        while self._new:
            yield self._new.pop()

    def add(self, value: object) -> None:
        """Add the references within a value."""
        values = [value]
        while values:
            inner = values.pop()
            self.count += 1
            if isinstance(inner, list):
                values.extend(inner)
            elif isinstance(inner, dict):
                values.extend(inner.values())
                self._note(inner.get("$ref"))

    def _note(self, reference: object) -> None:
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return
        steps = tuple(step.replace("~1", "/").replace("~0", "~") for step in reference[2:].split("/"))
        length = 3 if steps[0] == "components" else 2
        if steps[0] in _COMPONENTS and len(steps) >= length and steps[:length] not in self._visited:
            self._visited.add(steps[:length])
            self._new.append(steps[:length])
