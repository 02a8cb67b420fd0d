"""Turn the rounds of a benchmark into its result and its lines of the table."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Rounds = Mapping[str, Sequence[Mapping[str, float]]]
    """Side → the figures of each of its rounds."""

HEADINGS = ("benchmark", "figure", "ours", "Go", "ours/Go", "beside it")
MIN_WHOLE_NUMBER = 1000  # from this value on, a figure is shown without decimals


def merge(rounds: Rounds) -> dict[str, Any]:
    """Merge rounds into one object: medians, ratios of medians, and the rounds themselves.

    The figures of `ours` keep their names, those of another side begin with its name; `<figure>_ratio` is ours/Go. A
    side that lacks a figure, or has 0, has no ratio.
    """
    medians = {side: _medians(figures) for side, figures in rounds.items()}
    merged: dict[str, Any] = dict(medians["ours"])
    for side, figures in medians.items():
        if side == "ours":
            continue
        for name, value in figures.items():
            merged[f"{side}_{name}"] = value
            infix = "" if side == "go" else f"_{side}"
            if value and name in medians["ours"]:
                merged[f"{name}{infix}_ratio"] = round(medians["ours"][name] / value, 3)
    merged["rounds"] = {side: list(map(dict, figures)) for side, figures in rounds.items()}
    return merged


def table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return every benchmark's figures as text, one line for each."""
    lines = [HEADINGS, *(line for name, merged in results.items() for line in _lines(name, merged))]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(_padded, line, widths, range(len(line)))).rstrip() for line in lines)


def page(results: Mapping[str, Mapping[str, Any]], *, day: str, machine: Mapping[str, str]) -> str:
    """Write the results of one run as a page of Markdown: a table for each benchmark, a column for each side."""
    lines = [
        "# Results",
        "",
        f"One run of `python -m benchmarks`, {day}. What is measured: [README.md](README.md).",
        "",
    ]
    lines += [f"- {name}: {value}" for name, value in machine.items()]
    for name, merged in results.items():
        rounds: Rounds = merged["rounds"]
        medians = {side: _medians(figures) for side, figures in rounds.items()}
        figures = list(dict.fromkeys(figure for values in medians.values() for figure in values))
        lines += ["", f"## {name}", "", f"| | {' | '.join(medians)} |", f"| --- |{' ---: |' * len(medians)}"]
        lines += [
            f"| {figure} | {' | '.join(_short(values.get(figure)) for values in medians.values())} |"
            for figure in figures
        ]
    return "\n".join([*lines, ""])


def _padded(text: str, width: int, column: int) -> str:
    return text.rjust(width) if column in {2, 3, 4} else text.ljust(width)


def _lines(name: str, merged: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rounds: Rounds = merged["rounds"]
    beside = [side for side in rounds if side not in {"ours", "go"}]
    return [
        (
            name,
            figure,
            _short(merged[figure]),
            _short(merged.get(f"go_{figure}")),
            _short(merged.get(f"{figure}_ratio")),
            ", ".join(_beside(side, figure, merged) for side in beside if f"{side}_{figure}" in merged),
        )
        for figure in rounds["ours"][0]
    ]


def _beside(side: str, figure: str, merged: Mapping[str, Any]) -> str:
    """Write another side's figure, and the ratio of ours to it."""
    ratio = merged.get(f"{figure}_{side}_ratio")
    return f"{side} {_short(merged[f'{side}_{figure}'])}" + (f" ({_short(ratio)})" if ratio is not None else "")


def _medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: round(median(figures[name] for figures in rounds), 3) for name in rounds[0]}


def _short(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= MIN_WHOLE_NUMBER else f"{value:.3g}"
