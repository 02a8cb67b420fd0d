"""Expand the macros of Grafana's SQL data sources in a text.

As in Grafana, a macro is replaced everywhere, in comments and in texts too, and in mssql comments are removed first.
Unlike in Grafana, arguments may hold brackets, commas in quotes and other macros, and `$__timeFilter (t)` is allowed.
The text that replaces a macro is not expanded again.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, get_args

from gfruntime.errors import QueryError
from gfruntime.sql import clickhouse
from gfruntime.sql.arguments import BACKSLASHES, MOST_NESTED, QUOTES, check_size, read_arguments
from gfruntime.sql.dialects import PHRASES, Dialect, Phrases, operand
from gfruntime.sql.durations import format_interval, parse_interval
from gfruntime.sql.moments import count_since_1970, format_moment
from gfruntime.sql.texts import cut_quoted, decode_text, is_count, write_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gfruntime.request.vocabulary import TimeRange

    Macro = Callable[[Sequence[str]], str]

_CALL = re.compile(
    r"\$__(?P<name>[A-Za-z0-9_]++)(?![\w$])"
    r"|\$(?P<other>[A-Za-z_]\w*+)(?=\()"
    r"|\$\{__(?P<global>\w++)(?::(?P<form>[^{}]*+))?\}"
    r"|\[\[__(?P<old>\w++)(?::(?P<old_form>[^\[\]]*+))?\]\]"
)
_BRACKET = re.compile(r"[ \t]*(?=\()")
_FIRST_COLUMN = re.compile(r"\bselect(\s+distinct)?\s+\Z", re.IGNORECASE)
_COMMENTS = re.compile(
    r"(?P<kept>'[^']*+(?:'|\Z)|\"[^\"]*+(?:\"|\Z)|\[[^\]]*+(?:\]|\Z))|--[^\n]*+|/\*.*?(?:\*/|\Z)", re.DOTALL
)
_GROUPS = ("timeGroup", "timeGroupAlias", "unixEpochGroup", "unixEpochGroupAlias")
_ALIASES: dict[str, Dialect] = {"postgresql": "postgres", "mariadb": "mysql", "sqlserver": "mssql"}
_NS = dt.timedelta(microseconds=1)
_SECOND = dt.timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Macro:
    """A macro and its numbers of arguments; `most` is None for an author's macro, which checks its arguments."""

    call: Macro
    least: int = 0
    most: int | None = 0


def expand(
    text: str, between: TimeRange, interval: dt.timedelta, *, dialect: Dialect, macros: Mapping[str, Macro]
) -> str:
    """Replace the macros of a dialect, and the author's macros, which override macros of the same name.

    Raises: QueryError for an unknown macro, a wrong argument, or a text that exceeds a limit; ValueError for an
    unknown dialect.
    """
    name = _ALIASES.get(dialect, dialect)
    if name not in PHRASES:
        raise ValueError(f"the dialect must be one of {', '.join(get_args(Dialect))}, got {dialect!r}")
    macros_by_name = _standard(PHRASES[name], between, interval)
    if name == "clickhouse":
        macros_by_name |= {key: _Macro(call, count, count) for key, call, count in clickhouse.macros(between, interval)}
    macros_by_name |= {key: _Macro(call, most=None) for key, call in macros.items()}
    expander = _Expander(macros_by_name, {"from": between.start, "to": between.end}, name)
    check_size(len(text))
    text = cut_quoted(text, join=PHRASES[name].join, has_backslashes=PHRASES[name].escapes)
    return expander.expand(without_comments(text) if name == "mssql" else text)


def without_comments(text: str) -> str:
    """Remove `-- …` and `/* … */`, but not from texts and names in quotes."""
    return _COMMENTS.sub(lambda match: match["kept"] or "", text)


@dataclass(frozen=True, slots=True)
class _Expander:
    macros: Mapping[str, _Macro]
    ends: Mapping[str, dt.datetime]
    dialect: Dialect

    def expand(self, text: str, *, nested: int = 0) -> str:
        """Replace the macros in a text, after the macros in their arguments."""
        pieces, at, size = [], 0, len(text)
        check_size(size)
        for match in _CALL.finditer(text):
            if match.start() < at:  # within the arguments of the previous macro
                continue
            replacement, end = self._replacement(text, match, nested)
            pieces += [text[at : match.start()], replacement]
            size += len(replacement)
            check_size(size)
            at = end
        return "".join([*pieces, text[at:]])

    def _replacement(self, text: str, match: re.Match[str], nested: int) -> tuple[str, int]:
        name = match["global"] or match["old"]
        if name:
            return self._global(name, match["form"] or match["old_form"] or "", match), match.end()
        if match["other"] is not None or match["name"] not in self.macros:
            if match["name"] in self.ends:
                return format_moment(self.ends[match["name"]], ""), match.end()
            raise QueryError(_unknown(match[0], self.macros))
        name = match["name"]
        if nested > MOST_NESTED:
            raise QueryError(f"$__{name} is nested more than {MOST_NESTED} times")
        args, end = self._arguments(text, match.end(), self.macros[name])
        if name == "text" and is_count(text[: match.start()]):
            return write_texts(PHRASES[self.dialect].text, args, has_numbers=True), end
        if name in _GROUPS and self.macros[name].most is not None:  # the interval and the fill may be variables
            args = [*args[:1], *(decode_text(arg) for arg in args[1:])]
        expanded = [self.expand(arg, nested=nested + 1) for arg in args]
        if name == "timeGroup" and self._names_the_time(text, match.start(), end):
            name = "timeGroupAlias"
        return _call(name, self.macros.get(name, self.macros["timeGroup"]), expanded), end

    def _global(self, name: str, form: str, match: re.Match[str]) -> str:
        """Write `${__from:date:iso}` and `${__interval}`; other variables of Grafana's frontend stay as they are."""
        if name in self.ends:
            text = format_moment(self.ends[name], form if form.startswith("date") else "")
            return f"'{text}'" if form in ("sqlstring", "singlequote") else text
        return self.macros[name].call([]) if name in ("interval", "interval_ms") else match[0]

    def _arguments(self, text: str, start: int, macro: _Macro) -> tuple[list[str], int]:
        marks = BACKSLASHES if PHRASES[self.dialect].escapes else QUOTES
        if macro.most is None:
            return read_arguments(text, start, marks=marks)
        bracket = _BRACKET.match(text, start)
        if bracket is None or (macro.most == 0 and not text.startswith("()", start)):
            return [], start
        args, end = read_arguments(text, bracket.end(), marks=marks)
        return ([] if args == [""] else args), end

    def _names_the_time(self, text: str, start: int, end: int) -> bool:
        """Return whether this is the unnamed first column `$__timeGroup(…),` of an old query, which means the time."""
        is_first = _FIRST_COLUMN.search(text[max(0, start - 40) : start]) is not None
        return self.dialect in ("postgres", "timescaledb") and text.startswith(",", end) and is_first


def _call(name: str, macro: _Macro, args: Sequence[str]) -> str:
    if macro.most is not None and not macro.least <= len(args) <= macro.most:
        number = str(macro.most) if macro.least == macro.most else f"{macro.least} to {macro.most}"
        plural = "" if macro.least == macro.most == 1 else "s"
        raise QueryError(f"$__{name} expects {number} argument{plural}, received {len(args)}")
    return macro.call(args)


def _unknown(macro: str, macros: Mapping[str, _Macro]) -> str:
    by_lower = {name.lower(): name for name in (*macros, "from", "to")}
    near = get_close_matches(macro.lstrip("$_").lower(), by_lower, n=1)
    hint = f": did you mean $__{by_lower[near[0]]}?" if near else "."
    return f"unknown macro {macro}{hint} The macros are {', '.join(f'$__{name}' for name in sorted(macros))}"


def _standard(phrases: Phrases, between: TimeRange, interval: dt.timedelta) -> dict[str, _Macro]:
    start, end = between.start, between.end
    start_s, end_s = (count_since_1970(moment, _SECOND) for moment in (start, end))
    start_ns, end_ns = (count_since_1970(moment, _NS) * 1000 for moment in (start, end))

    def edge(sign: str, moment: dt.datetime, args: Sequence[str]) -> str:
        return phrases.compare(args[0], sign, moment) if args else phrases.moment(moment)

    def group(phrase: str, suffix: str, args: Sequence[str]) -> str:
        return phrase.format(c=args[0], o=operand(args[0]), s=_group_seconds(args[1], phrases)) + suffix

    return {
        "interval": _Macro(lambda _: format_interval(interval)),
        "interval_ms": _Macro(lambda _: str(interval // dt.timedelta(milliseconds=1))),
        "time": _Macro(lambda args: phrases.time.format(c=args[0]), 1, 1),
        "timeEpoch": _Macro(lambda args: phrases.epoch.format(c=args[0]), 1, 1),
        "text": _Macro(partial(write_texts, phrases.text, has_numbers=phrases.has_strict_numbers), most=None),
        "timeFilter": _Macro(lambda args: phrases.filter(args[0], start, end), 1, 1),
        "timeFrom": _Macro(partial(edge, ">=", start), 0, 1),
        "timeTo": _Macro(partial(edge, "<=", end), 0, 1),
        "timeGroup": _Macro(partial(group, phrases.group, ""), 2, 3),
        "timeGroupAlias": _Macro(partial(group, phrases.group, phrases.alias), 2, 3),
        "unixEpochFilter": _Macro(lambda args: f"{args[0]} >= {start_s} AND {args[0]} <= {end_s}", 1, 1),
        "unixEpochFrom": _Macro(lambda _: str(start_s)),
        "unixEpochTo": _Macro(lambda _: str(end_s)),
        "unixEpochNanoFilter": _Macro(lambda args: f"{args[0]} >= {start_ns} AND {args[0]} <= {end_ns}", 1, 1),
        "unixEpochNanoFrom": _Macro(lambda _: str(start_ns)),
        "unixEpochNanoTo": _Macro(lambda _: str(end_ns)),
        "unixEpochGroup": _Macro(partial(group, phrases.unix_group, ""), 2, 3),
        "unixEpochGroupAlias": _Macro(partial(group, phrases.unix_group, phrases.alias), 2, 3),
    }


def group_interval(text: str) -> dt.timedelta:
    """Read the interval of a group as users write it: `5m`, `'5m'`, `"1h30m"`.

    Raises: QueryError naming the text.
    """
    interval = parse_interval(text.strip("'\" "))
    if interval <= dt.timedelta(0):
        raise QueryError(f"the interval of a group must be longer than 0, got {text}")
    return interval


def _group_seconds(text: str, phrases: Phrases) -> float:
    seconds = group_interval(text).total_seconds()
    if phrases.whole_seconds and seconds % 1:
        raise QueryError(f"the interval of a group must be whole seconds for this database, got {text}")
    return int(seconds) if seconds % 1 == 0 else seconds
