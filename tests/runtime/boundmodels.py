"""Models whose fields have bounds, and helpers that decode values with them."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass, field, make_dataclass
from typing import Annotated, Any, Literal, NewType, Optional

import pytest

from gfruntime.author.ui import Ui
from gfruntime.calls import convert
from gfruntime.errors import DecodeError

Share = NewType("Share", float)


class Level(enum.IntEnum):
    """Choices that are numbers."""

    LOW = 1
    HIGH = 2


@dataclass(frozen=True)
class Window:
    """A dataclass inside another, or in a list."""

    size: Annotated[int, Ui(minimum=1, maximum=9)] = 5
    unit: Literal["s", "m"] = "m"
    label: Annotated[str, Ui(required=True)] = "w"


@dataclass(frozen=True)
class Model:
    """One field of each kind that has a bound."""

    series: Annotated[int, Ui(minimum=1, maximum=1000)] = 1
    hertz: Annotated[float, Ui(minimum=0.1, maximum=50)] = 5.0
    low: Annotated[float, Ui(minimum=1)] = 1.0
    high: Annotated[int, Ui(maximum=10)] = 1
    free: float = 1.0
    maybe: Annotated[int, Ui(minimum=1)] | None = None
    perhaps: Optional[Annotated[float, Ui(maximum=1)]] = None  # noqa: UP045 - the older spelling
    share: Annotated[Share, Ui(minimum=0, maximum=1)] = Share(0.5)
    limits: Annotated[list[int], Ui(minimum=1, maximum=9)] = field(default_factory=list)
    ratios: list[Annotated[float, Ui(maximum=1)]] = field(default_factory=list)
    pair: Annotated[tuple[int, ...], Ui(maximum=9)] = ()
    window: Window = field(default_factory=Window)
    rows: list[Window] = field(default_factory=list)
    table: Annotated[str, Ui(required=True)] = "sales"
    tags: Annotated[list[str], Ui(required=True, pattern="[a-z]+")] = field(default_factory=lambda: ["a"])
    name: Annotated[str, Ui(pattern=r"[a-z]\d+")] = ""
    kind: Literal["sum", "mean"] = "sum"
    mixed: Literal[1, 2, "all"] = "all"
    level: Level = Level.LOW
    kinds: list[Literal["a", "b"]] = field(default_factory=list)


def decode(value: dict[str, Any], model: Any = Model) -> Any:
    """Decode a query."""
    return convert.model_decoder(model)(json.dumps(value).encode())


def refusal(value: dict[str, Any] | bytes, model: Any = Model) -> str:
    """Return the error that refuses a query, and check that it is one sentence."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(DecodeError) as failure:
        convert.model_decoder(model)(text)
    assert failure.value.status == 400
    assert "\n" not in str(failure.value)
    return str(failure.value).removeprefix("the query: ")


def one(hint: Any, default: Any) -> Any:
    """Make a model with one field."""
    value = field(default_factory=default) if callable(default) else field(default=default)
    return make_dataclass("Model", [("f", hint, value)], frozen=True)
