"""Read YAML as Grafana reads its provisioning files, as JSON values.

| YAML                             | value                                                                    |
| -------------------------------- | ------------------------------------------------------------------------ |
| `yes`, `no`, `on`, `off`, `y`    | text: only `true` and `false` are booleans                                 |
| `2024-01-01`, `12:30:45`         | text, unchanged                                                           |
| `0123`, `0o17`, `0x1f`, `1_000`  | a whole number; it keeps its text for keys whose value must be a text      |
| `1e5`, `.5`                      | a number                                                                  |
| `1: a`, `on: a`, `~: a`          | the key's text, unchanged                                                 |
| `.inf`, `.nan`                   | refused: JSON has no such number                                          |
| a key twice, several documents   | refused                                                                   |

Source: gopkg.in/yaml.v3 v3.0.1, resolve.go and decode.go. There a date becomes a time, which JSON shows as
`2024-01-01T00:00:00Z`; here a date stays the text in the file.
"""

from __future__ import annotations

import base64
import math
import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

_TAG = "tag:yaml.org,2002:"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INFINITE = frozenset(
    sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")
) | {".nan", ".NaN", ".NAN"}  # fmt: skip
_INTEGER = re.compile(
    r"[-+]?(0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)",
    re.ASCII,
)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_FIRST = frozenset("+-0123456789")
_MOST_DIGITS = 400
_MOST_MERGED = 100_000
_INT64, _UINT64 = -(1 << 63), (1 << 64) - 1
_EXACT = 1e21  # smaller whole numbers are written without an exponent by Go


class IntWithText(int):
    """A whole number, and its text in the file."""

    source_text: str = ""


class FloatWithText(float):
    """A number, and its text in the file."""

    source_text: str = ""


class Loader(yaml.SafeLoader):
    """A loader for mappings, lists, texts, finite numbers, booleans and null only."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - yaml has no types
        """Start a document."""
        super().__init__(stream)
        self._items: dict[int, dict[str, Any]] = {}
        self._merges = 0

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:  # noqa: ANN401 - yaml has no types
        """Return the tag of a value without a tag; the text of a plain scalar decides."""
        if kind is not yaml.ScalarNode or not implicit[0]:
            return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]
        return _TAG + _kind_of(value)

    def get_single_node(self) -> Any:  # noqa: ANN401 - as above
        """Return the only document."""
        self.get_event()  # type: ignore[no-untyped-call]
        node = None if self.check_event(yaml.StreamEndEvent) else self.compose_document()
        if not self.check_event(yaml.StreamEndEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                problem="a second document begins, but Grafana reads only the first one", problem_mark=mark
            )
        return node

    def compose_mapping_node(self, anchor: Any) -> Any:  # noqa: ANN401 - as above
        """Read a mapping; its keys must be scalars without duplicates."""
        node = super().compose_mapping_node(anchor)
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _fail(key, "a key is not a text")
            if key.value in lines:
                self.on_repeated_key(_fail(key, f"the key {key.value[:40]!r} of line {lines[key.value]} appears again"))
            lines.setdefault(key.value, key.start_mark.line + 1)
        if len(lines) < len(node.value):
            firsts = {key.value: (key, value) for key, value in reversed(node.value)}
            node.value = [firsts[name] for name in lines]
        return node

    def on_repeated_key(self, error: yaml.MarkedYAMLError) -> None:
        """Refuse the text, because a key appears twice; a subclass may store the error instead."""
        raise error

    def items_of(self, node: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        """Map a mapping's keys to their nodes; its own keys override merged ones, of which the first counts."""
        if id(node) in self._items:
            return self._items[id(node)]
        merged: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag == f"{_TAG}merge":
                for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    merged = {**self._merge(source), **merged}
        own = {key.value: value for key, value in node.value if key.tag != f"{_TAG}merge"}
        self._items[id(node)] = {**merged, **own}
        return self._items[id(node)]

    def _merge(self, source: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        if not isinstance(source, yaml.MappingNode):
            raise _fail(source, "`<<` expects a mapping or a list of mappings")
        items = self.items_of(source)
        self._merges += len(items) + 1
        if self._merges > _MOST_MERGED:
            raise _fail(source, f"more than {_MOST_MERGED:,} keys are merged")
        return items


class LargeLoader(Loader):
    """A loader for the same values, several times as fast if PyYAML was built with libyaml.

    If a key appears twice, the first one counts; `repeated` gets a message.
    """

    def __init__(self, text: str, repeated: list[str] | None = None) -> None:
        """Start a document."""
        super().__init__("" if yaml.__with_libyaml__ else text)
        self._repeated = repeated
        if yaml.__with_libyaml__:
            parser = yaml.CSafeLoader(text)
            for name in ("get_event", "peek_event", "check_event"):
                setattr(self, name, getattr(parser, name))

    def on_repeated_key(self, error: yaml.MarkedYAMLError) -> None:
        """Report a key that appears twice, if `repeated` is set."""
        mark: Any = error.problem_mark
        if self._repeated is None:
            raise error
        self._repeated.append(f"{error.problem} at line {mark.line + 1}")


def load(text: str, *, loader: Callable[[str], Loader] = Loader) -> Any:  # noqa: ANN401 - YAML
    """Read a document.

    Raises: yaml.YAMLError or ValueError if the text is not YAML, or has values that JSON can't express; RecursionError.
    """
    reader = loader(text)
    try:
        return reader.get_single_data()
    finally:
        reader.dispose()


def _kind_of(text: str) -> str:
    if text in _NULLS:
        return "null"
    if text in _BOOLEANS:
        return "bool"
    if text == "<<":
        return "merge"
    if text in _INFINITE:
        return "float"
    plain = text.replace("_", "") if text[:1] in _FIRST else text
    if _INTEGER.fullmatch(plain) and _INT64 <= _read_integer(plain) <= _UINT64:
        return "int"
    return "float" if len(plain) <= _MOST_DIGITS and _FLOAT.fullmatch(plain) and math.isfinite(float(plain)) else "str"


def _read_integer(plain: str) -> int:
    """Read a whole number as Go does: a leading zero means octal."""
    if len(plain) > _MOST_DIGITS:
        return _UINT64 + 1
    sign, digits = (-1, plain[1:]) if plain.startswith("-") else (1, plain.removeprefix("+"))
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdecimal():
        return sign * int(digits, 8)
    return sign * int(digits, 0)


def _fail(node: Any, problem: str) -> yaml.MarkedYAMLError:  # noqa: ANN401 - as above
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _null(_loader: Any, _node: Any) -> None:  # noqa: ANN401 - as above
    return None


def _boolean(_loader: Any, node: Any) -> bool:  # noqa: ANN401 - as above
    if node.value not in _BOOLEANS:
        raise _fail(node, f"{node.value!r} is not true or false")
    return _BOOLEANS[node.value]


def _integer(loader: Any, node: Any) -> Any:  # noqa: ANN401 - as above
    plain = node.value.replace("_", "")
    if not _INTEGER.fullmatch(plain) or not _INT64 <= _read_integer(plain) <= _UINT64:
        raise _fail(node, f"{node.value[:40]!r} is not a 64-bit integer")
    number = IntWithText(_read_integer(plain))
    number.source_text = loader.construct_scalar(node)
    return number


def _float(loader: Any, node: Any) -> Any:  # noqa: ANN401 - as above
    plain = node.value.replace("_", "")
    is_number = _FLOAT.fullmatch(plain) and len(plain) <= _MOST_DIGITS
    value = float(plain) if is_number else math.nan
    if not math.isfinite(value):
        raise _fail(node, f"JSON cannot hold the number {node.value[:40]}")
    number: Any = IntWithText(value) if value.is_integer() and abs(value) < _EXACT else FloatWithText(value)
    number.source_text = loader.construct_scalar(node)
    return number


def _text(loader: Any, node: Any) -> Any:  # noqa: ANN401 - as above
    return loader.construct_scalar(node)


def _list(loader: Any, node: Any) -> Any:  # noqa: ANN401 - as above
    items: list[Any] = []
    yield items
    items.extend(loader.construct_sequence(node))


def _mapping(loader: Any, node: Any) -> Any:  # noqa: ANN401 - as above
    """Create a mapping; its keys are texts, and its own keys take precedence over merged ones."""
    mapping: dict[str, Any] = {}
    yield mapping
    mapping.update((key, loader.construct_object(value)) for key, value in loader.items_of(node).items())


def _unknown(_loader: Any, node: Any) -> None:  # noqa: ANN401 - as above
    raise _fail(node, f"JSON has no value for the tag {node.tag.replace(_TAG, '!!')[:40]}")


def _binary(loader: Any, node: Any) -> str:  # noqa: ANN401 - as above
    try:
        return base64.b64decode("".join(loader.construct_scalar(node).split()), validate=True).decode()
    except ValueError:
        raise _fail(node, "the value of !!binary is not text in base64") from None


_CONSTRUCTORS: dict[str | None, Callable[[Any, Any], Any]] = {
    f"{_TAG}null": _null,
    f"{_TAG}bool": _boolean,
    f"{_TAG}int": _integer,
    f"{_TAG}float": _float,
    f"{_TAG}str": _text,
    **{f"{_TAG}{kind}": _text for kind in ("merge", "timestamp")},
    f"{_TAG}binary": _binary,
    **{f"{_TAG}{kind}": _list for kind in ("seq", "omap", "pairs")},
    **{f"{_TAG}{kind}": _mapping for kind in ("map", "set")},
    None: _unknown,
}
Loader.yaml_constructors = _CONSTRUCTORS
