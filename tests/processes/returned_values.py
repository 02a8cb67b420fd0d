"""A data source that returns the answer that its query names."""

import enum
import ipaddress
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped,unused-ignore]  # pandas brings no types

from gfruntime import Frame, Query, Settings

DAY = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = ["2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"]
ROWS = [
    {"ts": TEXTS[0], "host": "a", "m": {"cpu": "1.5"}},
    {"ts": TEXTS[0], "host": "b", "m": {"cpu": "0.5"}},
    {"ts": TEXTS[1], "host": "a", "m": {"cpu": "2.5"}},
]


class Colour(enum.Enum):
    """A colour."""

    RED = "red"


ANSWERS: dict[str, Callable[[], Any]] = {
    "decimals": lambda: Frame.of(x=[Decimal("NaN"), Decimal("Infinity"), Decimal("1.1"), 2.5, Decimal("1e100")]),
    "masked": lambda: Frame.of(x=np.ma.masked_equal(np.array([21.5, 9.96921e36]), 9.96921e36)),
    "missing": lambda: Frame.from_records(
        [{"t": pd.NaT, "n": math.nan, "s": math.nan}, {"t": pd.Timestamp(DAY), "n": 1.5, "s": "x"}]
    ),
    "large": lambda: Frame.of(x=[0.5, 2**60 + 1], y=[2**70, 1]),
    "enum": lambda: Frame.of(x=[Colour.RED], ip=[ipaddress.ip_address("10.0.0.1")]),
    "describe": lambda: Frame.from_pandas(pd.DataFrame({"v": [1.0, 3.0]}).describe()),
    "dates": lambda: Frame.of(time=[date(2026, 1, 1), DAY + timedelta(hours=5)]),
    "longdouble": lambda: Frame.of(x=np.array([1.5], np.longdouble)),
    "mixed": lambda: Frame.of(x=[1, "n/a"]),
    "empty": lambda: Frame.of(time=[], value=[]),
    "empty region": lambda: Frame.of(time=[], region=[], value=[]),
    "text times": lambda: Frame.of(time=TEXTS, value=[1.5, 0.5]),
    "number times": lambda: Frame.of(time=[1_767_225_600, 1_767_225_660], value=[1.5, 0.5]),
    "rows": lambda: Frame.from_records(ROWS),
    "series": lambda: Frame.from_records(ROWS, time="ts", value="m.cpu", labels=["host"]),
    "twice": lambda: Frame.of(time=[DAY, DAY, DAY], host=["a", "a", "b"], value=[1.5, 2.5, 3.5]),
    "pivot": lambda: Frame.from_pandas(
        pd.DataFrame([[1.5, 2.5]], index=pd.Index([DAY], name="t"), columns=pd.Index(["a", math.nan], name="h"))
    ),
}


@dataclass(frozen=True)
class Options:
    """No options."""


@dataclass(frozen=True)
class Model:
    """The name of the answer."""

    name: str = "empty"


class Datasource:
    """Returns answers."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Ignore the settings."""

    def query(self, query: Query[Model]) -> Any:
        """Return the answer with the query's name."""
        return ANSWERS[query.model.name]()
