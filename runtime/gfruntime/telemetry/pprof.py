"""Profiles in pprof's format, as `go tool pprof` and Pyroscope read them.

Source: github.com/google/pprof, proto/profile.proto.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from gfruntime import wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Spot: TypeAlias = tuple[str, str, int]
"""A function's name, its file, and a line in it."""

_GZIP = 31  # zlib's number for gzip's header


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Measurements by stack.

    Shape: `kinds` are pairs of a measurement and its unit; a sample has one value for each. Its key is a thread's name,
    which may be empty, and its spots, the innermost first.
    Units: `started` is nanoseconds since 1970; `duration` and `period`, the time between two samples, are nanoseconds.
    """

    kinds: Sequence[tuple[str, str]]
    default: str
    samples: Mapping[tuple[str, tuple[Spot, ...]], Sequence[int]]
    started: int
    duration: int = 0
    period: int = 0

    def encode(self) -> bytes:
        """Return a profile.proto message, compressed with gzip."""
        texts: dict[str, int] = {"": 0}
        functions: dict[tuple[str, str], int] = {}
        locations: dict[Spot, int] = {}

        def text(value: str) -> int:
            return texts.setdefault(value, len(texts))

        def function(spot: Spot) -> int:
            return functions.setdefault(spot[:2], len(functions) + 1)

        def sample(thread: str, spots: Sequence[Spot], values: Sequence[int]) -> bytes:
            numbers = [locations.setdefault(spot, len(locations) + 1) for spot in spots]
            label = wire.integer(1, text("thread")) + wire.integer(2, text(thread))
            label_field = wire.length_delimited(3, label) if thread else b""
            return wire.packed(1, numbers) + wire.packed(2, values) + label_field

        kinds = [wire.integer(1, text(kind)) + wire.integer(2, text(unit)) for kind, unit in self.kinds]
        samples = [sample(thread, spots, values) for (thread, spots), values in self.samples.items()]
        lines = [
            wire.integer(1, number)
            + wire.length_delimited(4, wire.integer(1, function(spot)) + wire.integer(2, spot[2]))
            for spot, number in locations.items()
        ]
        names = [
            wire.integer(1, number)
            + wire.integer(2, text(name))
            + wire.integer(3, text(name))
            + wire.integer(4, text(file))
            for (name, file), number in functions.items()
        ]
        period = wire.length_delimited(11, kinds[0]) + wire.integer(12, self.period) if self.period else b""
        times = wire.integer(9, self.started) + wire.integer(10, self.duration) + period
        tail = [times, wire.integer(14, text(self.default))]
        tail += [wire.length_delimited(6, value.encode("utf-8", "replace")) for value in texts]
        groups = ((1, kinds), (2, samples), (4, lines), (5, names))
        fields = [wire.length_delimited(number, part) for number, group in groups for part in group]
        return zlib.compress(b"".join([*fields, *tail]), wbits=_GZIP)
