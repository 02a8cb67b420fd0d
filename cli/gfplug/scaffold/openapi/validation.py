"""What a description breaks of OpenAPI's own rules, as a library says that has them as JSON Schemas.

Only what the chosen operations consist of is looked at: their paths, and the components that these refer to. The
library never follows a reference, which could lead anywhere.
"""

from __future__ import annotations

import itertools
import json
import logging
from typing import TYPE_CHECKING, Any

from gfplug.scaffold.openapi.model import Violation
from gfplug.scaffold.openapi.nodes import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gfplug.scaffold.openapi.operation_reader import Entry

_log = logging.getLogger("gfplug")

_MOST = 50
_MOST_VALUES = 3_000_000
_LONGEST = 200
_COMPONENTS = frozenset({"components", "definitions", "parameters", "responses"})
_FORMS = frozenset({"oneOf", "anyOf"})


def find_violations(root: Mapping[str, Any], entries: Sequence[Entry]) -> tuple[Violation, ...] | None:
    """Return the first violations of a description's rules; None where the library is missing, which is logged."""
    try:
        from openapi_spec_validator import schemas  # noqa: PLC0415 - slow, and an extra
    except ImportError:
        _log.warning("the description was not validated; `pip install 'gfplug[openapi]'` brings what validates it")
        return None
    document = _pruned(root, entries)
    if document is None:
        _log.warning("the description was not validated: it is too large; choose some of its operations")
        return None
    version = str(root.get("openapi", "2"))[:3]
    validators = {
        "3.0": schemas.openapi_v30_schema_validator,
        "3.1": schemas.openapi_v31_schema_validator,
        "3.2": schemas.openapi_v32_schema_validator,
    }
    names = {("paths", entry.path, entry.method): entry.name for entry in entries}
    validator = validators.get(version, schemas.openapi_v2_schema_validator)
    return tuple(_violation(error, names) for error in itertools.islice(_errors(validator, document), _MOST))


def _errors(validator: Any, document: Mapping[str, Any]) -> Iterator[Any]:  # noqa: ANN401 - the library has no types
    try:
        yield from validator.iter_errors(document)
    except RecursionError:
        _log.warning("the description was not validated to its end: it nests too deeply")


def _violation(error: Any, names: Mapping[tuple[Any, ...], str]) -> Violation:  # noqa: ANN401 - as above
    path = tuple(error.absolute_path)
    place = "".join(f"/{escape(str(step))}" for step in path)
    message = "it has none of the forms that OpenAPI allows here" if error.validator in _FORMS else str(error.message)
    sentence = message if len(message) <= _LONGEST else f"…{message[1 - _LONGEST :]}"
    return Violation(place=place or "/", operation=names.get(path[:3], ""), sentence=sentence)


def _pruned(root: Mapping[str, Any], entries: Sequence[Entry]) -> dict[str, Any] | None:
    """Return a description of some operations only, as plain JSON; None for one that is too large."""
    document = {key: value for key, value in root.items() if key not in {"paths", "webhooks", *_COMPONENTS}}
    document["paths"] = {}
    others = {"get", "post", "put", "patch", "delete", "options", "head", "trace"}
    for entry in entries:
        item = document["paths"].setdefault(
            entry.path, {key: value for key, value in entry.item.value.items() if key not in others}
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
    if "components" in root and "securitySchemes" in root["components"]:
        document.setdefault("components", {})["securitySchemes"] = root["components"]["securitySchemes"]
    plain: dict[str, Any] = json.loads(json.dumps(document))
    return plain


class _References:
    """The components that values refer to, each once, also those that were added while one iterates."""

    def __init__(self, value: object) -> None:
        self._seen: set[tuple[str, ...]] = set()
        self._new: list[tuple[str, ...]] = []
        self.count = 0
        self.add(value)

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        while self._new:
            yield self._new.pop()

    def add(self, value: object) -> None:
        """Note the references within a value."""
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
        if steps[0] in _COMPONENTS and len(steps) >= length and steps[:length] not in self._seen:
            self._seen.add(steps[:length])
            self._new.append(steps[:length])
