"""Inputs that are almost valid: bytes and JSON documents of a valid input, changed in a few places."""

import copy
import json
from typing import Any

from hypothesis import strategies as st

ODD: st.SearchStrategy[Any] = st.sampled_from([
    *(None, True, -1, 0, 2**31, 2**63 - 1, 2**64, -(2**63), 1e308, float("nan"), float("inf")),
    *("", " ", "\0", "\n", "\x1b[2J", "\u202e", "\ud800", "é" * 300, "x" * 5000, "1e999", "%00"),
    *("../../x", "/etc/passwd", "C:x", "${__from", "$__timeFilter("),
    *([], {}, [[]], {"": None}, [1] * 1000, ["a", {"b": 1}]),
])  # fmt: skip
"""Values that programs forget: extremes, other types, paths to other places, control characters of terminals."""


@st.composite
def changed_bytes(draw: st.DrawFn, valid: bytes) -> bytes:
    """Change, insert, remove, repeat or cut bytes of a valid input."""
    content = bytearray(valid)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        kind = draw(st.sampled_from(["flip", "insert", "remove", "repeat", "cut", "number"]))
        length = draw(st.integers(1, 64))
        if kind == "flip" and content:
            content[at] ^= draw(st.integers(1, 255))
        elif kind == "insert":
            content[at:at] = draw(st.binary(min_size=1, max_size=length))
        elif kind == "remove":
            del content[at : at + length]
        elif kind == "repeat":
            content[at:at] = content[at : at + length] * draw(st.integers(1, 20))
        elif kind == "cut":
            del content[at:]
        else:
            width = draw(st.sampled_from([1, 2, 4, 8]))
            content[at : at + width] = draw(st.sampled_from([b"\xff", b"\0", b"\x7f"])) * width
    return bytes(content)


@st.composite
def changed_json(draw: st.DrawFn, valid: Any) -> Any:
    """Replace, remove or add values anywhere in a valid document."""
    document = json.loads(json.dumps(valid))
    for _ in range(draw(st.integers(1, 3))):
        place, key = draw(st.sampled_from(_places(document)))
        kind = draw(st.sampled_from(["replace", "remove", "nest", "rename"]))
        if kind == "remove":
            del place[key]
        elif kind == "nest":
            place[key] = [{"x": place[key]}]
        elif kind == "rename" and isinstance(place, dict):
            place[draw(st.sampled_from(["", "id", "__proto__", "\x1b", "x" * 300]))] = place.pop(key)
        else:
            place[key] = copy.deepcopy(draw(ODD))  # the list of values stays unchanged
        if not _places(document):
            break
    return document


def _places(document: Any) -> list[tuple[Any, Any]]:
    """List each container with each of its keys."""
    keys = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    return [place for key, value in keys for place in ((document, key), *_places(value))]
