"""The values of a description with their places, and the errors about them.

A value may have any type: `mapping`, `items` and `text` return an empty result for a value of another type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gfplug.errors import ProjectError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_VALUES = 1000
_LONGEST_KEY = 200  # characters; longer keys are shortened in a place
LONGEST_TEXT = 2000
"""The maximum length of a text, in characters."""


class FlawError(ProjectError):
    """A part of a description cannot be read: `place` is the part's place, and the message is a complete sentence."""

    def __init__(self, place: str, reason: str) -> None:
        """Store the place and the message."""
        super().__init__(reason)
        self.place = place


class NoQueryError(FlawError):
    """An operation that is valid, but not a query."""


class Node:
    """A value of a description: `file` is empty for the main file, `pointer` a JSON pointer into its file.

    Two nodes with the same place are equal. A node stores only its key and the node above it, so that a long key is
    stored once for all values below it.
    """

    __slots__ = ("_hash", "above", "file", "key", "value")

    def __init__(self, value: Any, file: str = "", key: str = "", above: Node | None = None) -> None:  # noqa: ANN401 - JSON
        """Store a value; without a node above it, `key` is the JSON pointer of its place."""
        self.value = value
        self.file = file
        self.key = key
        self.above = above
        self._hash = hash((file, key, None if above is None else hash(above)))

    def __eq__(self, other: object) -> bool:
        """Compare the places."""
        one: Node | None = self
        two = other if isinstance(other, Node) else None
        while one is not None and two is not None and one is not two:
            if hash(one) != hash(two) or one.key != two.key or one.file != two.file:
                return False
            one, two = one.above, two.above
        return one is two

    def __hash__(self) -> int:
        """Hash the place."""
        return self._hash

    @property
    def pointer(self) -> str:
        """The JSON pointer into its file; very long keys are shortened."""
        keys: list[str] = []
        node = self
        while node.above is not None:
            keys.append(escape(cut(node.key, _LONGEST_KEY) if len(node.key) > _LONGEST_KEY else node.key))
            node = node.above
        return "/".join([cut(node.key, LONGEST_TEXT), *reversed(keys)])

    @property
    def place(self) -> str:
        """The place in messages: the JSON pointer; in another file, its name and `#` come first."""
        return f"{self.file}#{self.pointer}" if self.file else self.pointer or "/"

    def child(self, key: str | int) -> Node:
        """Return the node of a key or an index; its value is None if the key is missing."""
        value = None
        if isinstance(key, int):
            value = self.value[key] if isinstance(self.value, list) and 0 <= key < len(self.value) else None
        elif isinstance(self.value, dict):
            value = self.value.get(key)
        return self.with_child(str(key), value)

    def with_child(self, key: str, value: Any) -> Node:  # noqa: ANN401 - JSON
        """Return a node for a value, with the place of this key."""
        return Node(value, self.file, key, self)

    def with_value(self, value: Any) -> Node:  # noqa: ANN401 - JSON
        """Return a node for another value with this node's place."""
        return Node(value, self.file, self.key, self.above)

    def has(self, key: str) -> bool:
        """Whether the value is a mapping with this key."""
        return isinstance(self.value, dict) and key in self.value

    def mapping(self, key: str) -> Iterator[tuple[str, Node]]:
        """Iterate over the keys and values of the mapping under a key."""
        child = self.child(key)
        if isinstance(child.value, dict):
            for name in child.value:
                yield str(name), child.child(name)

    def items(self, key: str) -> Iterator[Node]:
        """Iterate over the items of the list under a key."""
        child = self.child(key)
        if isinstance(child.value, list):
            for index in range(len(child.value)):
                yield child.child(index)

    def text(self, key: str, *, most: int = LONGEST_TEXT) -> str:
        """Return the text or number under a key, stripped and at most `most` characters; empty for other values."""
        value = self.child(key).value
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return cut(documents.text_of(value) if is_number else value, most)

    def is_true(self, key: str) -> bool:
        """Whether the value of a key is `true`."""
        return self.child(key).value is True


def require_few(node: Node, key: str) -> None:
    """Refuse a mapping or a list with too many values, which many operations may share.

    Raises: FlawError if there are too many values.
    """
    value = node.child(key).value
    if isinstance(value, dict | list) and len(value) > _MOST_VALUES:
        raise FlawError(node.place, f"it has {len(value):,} {key}; gfplug reads at most {_MOST_VALUES:,}")


def escape(key: str) -> str:
    """Escape a key for a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def cut(value: object, most: int = LONGEST_TEXT) -> str:
    """Return a stripped text of at most `most` characters; empty if the value is not a text."""
    if not isinstance(value, str):
        return ""
    text = value.strip()
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def quote(value: object) -> str:
    """Return an untrusted value for a message: a short Python literal, or the name of its type."""
    if value is None:
        return "null"
    return repr(cut(str(value), 60)) if isinstance(value, str | int | float | bool) else f"a {type(value).__name__}"
