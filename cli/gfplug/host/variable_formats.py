r"""The formats of dashboard variables: how one value or several values become the text in a query.

| format                                  | of `a'b` and `c d`                                       |
| --------------------------------------- | -------------------------------------------------------- |
| none, `glob`                            | `{a'b,c d}`                                              |
| `csv`, `raw`; `join:;`; `pipe`          | `a'b,c d`; `a'b;c d`; `a'b|c d`                           |
| `text`; `html`                          | `a'b + c d`; `a&#39;b, c d`                               |
| `json`                                  | `["a'b","c d"]`                                          |
| `regex`; `lucene`                       | `(a'b|c d)`; `("a'b" OR "c\ d")`                         |
| `sqlstring`                             | `'a''b','c d'`                                           |
| `singlequote`; `doublequote`            | `'a\'b','c d'`; `"a'b","c d"`                            |
| `percentencode`; `uriencode`            | `%7Ba%27b%2Cc%20d%7D`; `%7Ba%27b,c%20d%7D`                 |
| `distributed`                           | `a'b,x=c d`                                              |
| `queryparam`; `customqueryparam:p:v-`   | `var-x=a%27b&var-x=c%20d`; `p=v-a%27b&p=v-c%20d`           |
| `date`, `date:ms`, `date:seconds`, `date:YYYY-MM` | of milliseconds since 1970, in UTC              |

Source: @grafana/scenes 9.2.2 (Apache-2.0), variables/interpolation/formatRegistry; @grafana/data 13.2.2, text/string,
text/sanitize and utils/url.
"""

from __future__ import annotations

import html
import json
import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REGEX = re.compile(r"[\\^$*+?.()|\[\]{}/]")
_LUCENE = re.compile(r'[!*+\-=<>\s&|()\[\]{}^~?:\\/"]')
_NUMBER = re.compile(
    r"\s*([-+]?(Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?)|0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+)?\s*",
    re.ASCII,
)
_TOKEN = re.compile(
    r"\[([^\]]{0,1000})\]|YYYY|YY|Q|MMMM|MMM|MM|M|DDDD|DDD|Do|DD|D|dddd|ddd|E|WW|W|HH|H|hh|h|mm|m|ss|s|SSS|SS|S|A|a|ZZ|Z|X|x"
)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November"),
    "December",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NOON = 12
_PERCENT = ";/?:@&=+$,#"
_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable with its values; `is_all` means that the user chose all values."""

    name: str
    values: tuple[str, ...]
    is_multi: bool = False
    is_all: bool = False
    text: str = ""

    @property
    def text_of_values(self) -> str:
        """The values joined as JavaScript joins a list."""
        return ",".join(self.values)


def formatted(variable: Variable, form: str) -> str:
    """Write a variable in a format with its arguments, such as `csv` or `date:YYYY-MM`; unknown formats use glob."""
    name, *arguments = (form or "glob").split(":")
    write = _FORMATS.get(name)
    if write is None:
        _log.warning("Grafana has no variable format %r: glob is used, as in Grafana", name)
        write = _glob
    return write(variable, arguments)


def moment(milliseconds: int, form: str) -> str:
    """Write a time in UTC in English, like moment.js."""
    try:
        when = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return "Invalid date"
    return _TOKEN.sub(lambda match: _token(when, milliseconds, match), form)


def _join_each(variable: Variable, write: Callable[[str], str], *, separator: str = ",") -> str:
    return separator.join(map(write, variable.values))


def _glob(variable: Variable, _arguments: Sequence[str]) -> str:
    return f"{{{variable.text_of_values}}}" if len(variable.values) > 1 else variable.text_of_values


def _braced(variable: Variable) -> str:
    return f"{{{variable.text_of_values}}}" if variable.is_multi else variable.text_of_values


def _regex(variable: Variable, _arguments: Sequence[str]) -> str:
    parts = [_REGEX.sub(r"\\\g<0>", value) for value in variable.values]
    return parts[0] if len(parts) == 1 else f"({'|'.join(parts)})"


def _lucene_value(value: str) -> str:
    return value if _NUMBER.fullmatch(value) else _LUCENE.sub(r"\\\g<0>", value)


def _lucene(variable: Variable, _arguments: Sequence[str]) -> str:
    if not variable.is_multi:
        return _lucene_value(variable.text_of_values)
    quoted = _join_each(variable, lambda value: '"' + _lucene_value(value) + '"', separator=" OR ")
    return f"({quoted})"


def _json(variable: Variable, _arguments: Sequence[str]) -> str:
    if not variable.is_multi:
        return variable.text_of_values
    return json.dumps(variable.values, ensure_ascii=False, separators=(",", ":"))


def _distributed(variable: Variable, _arguments: Sequence[str]) -> str:
    first, *others = variable.values
    return ",".join([first, *(f"{variable.name}={value}" for value in others)])


def _sql(value: str) -> str:
    return "'" + value.replace("'", "''").replace('"', '\\"') + "'"


def _html(variable: Variable, _arguments: Sequence[str]) -> str:
    return html.escape(", ".join(variable.values)).replace("&#x27;", "&#39;")


def _text(variable: Variable, _arguments: Sequence[str]) -> str:
    return "All" if variable.is_all else variable.text or " + ".join(variable.values)


def _query_parameter(variable: Variable, _arguments: Sequence[str]) -> str:
    values = ("$__all",) if variable.is_all else variable.values
    return "&".join(f"var-{variable.name}={_encode(value, '@:$,;')}" for value in values)


def _own_query_parameter(variable: Variable, arguments: Sequence[str]) -> str:
    name, prefix = (*arguments, "", "")[:2]
    head = f"{_encode(name or variable.name)}={_encode(prefix)}"
    return _join_each(variable, lambda value: f"{head}{_encode(value)}", separator="&")


def _date(variable: Variable, arguments: Sequence[str]) -> str:
    number = re.match(r"\s*[-+]?[0-9]{1,16}", variable.text_of_values, re.ASCII)
    if number is None or variable.is_multi:
        return "NaN"
    milliseconds, form = int(number[0]), ":".join(arguments) or "iso"
    if form == "ms":
        return variable.text_of_values
    if form == "seconds":
        return str((milliseconds + 500) // 1000)
    return moment(milliseconds, "YYYY-MM-DD[T]HH:mm:ss.SSS[Z]" if form == "iso" else form)


def _encode(text: str, safe: str = "") -> str:
    return quote(text, safe=safe, errors="replace")


def _token(when: datetime, milliseconds: int, match: re.Match[str]) -> str:
    """Write one token of moment.js."""
    token, hour, day = match[0], when.hour % 12 or 12, when.timetuple().tm_yday
    if match[1] is not None:
        return match[1]
    values = {
        "YYYY": f"{when.year:04}",
        "YY": f"{when.year % 100:02}",
        "Q": str((when.month + 2) // 3),
        "MMMM": _MONTHS[when.month - 1],
        "MMM": _MONTHS[when.month - 1][:3],
        "MM": f"{when.month:02}",
        "M": str(when.month),
        "DDDD": f"{day:03}",
        "DDD": str(day),
        "DD": f"{when.day:02}",
        "D": str(when.day),
        "Do": _ordinal(when.day),
        "dddd": _DAYS[when.weekday()],
        "ddd": _DAYS[when.weekday()][:3],
        "E": str(when.isoweekday()),
        "WW": f"{when.isocalendar().week:02}",
        "W": str(when.isocalendar().week),
        "HH": f"{when.hour:02}",
        "H": str(when.hour),
        "hh": f"{hour:02}",
        "h": str(hour),
        "mm": f"{when.minute:02}",
        "m": str(when.minute),
        "ss": f"{when.second:02}",
        "s": str(when.second),
        "SSS": f"{milliseconds % 1000:03}",
        "SS": f"{milliseconds % 1000 // 10:02}",
        "S": str(milliseconds % 1000 // 100),
        "A": "PM" if when.hour >= _NOON else "AM",
        "a": "pm" if when.hour >= _NOON else "am",
        "Z": "+00:00",
        "ZZ": "+0000",
        "X": str(milliseconds // 1000),
        "x": str(milliseconds),
    }
    return values[token]


def _ordinal(day: int) -> str:
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th") if day // 10 != 1 else "th"
    return f"{day}{suffix}"


_FORMATS: dict[str, Callable[[Variable, Sequence[str]], str]] = {
    "glob": _glob,
    "csv": lambda variable, _: variable.text_of_values,
    "raw": lambda variable, _: variable.text_of_values,
    "pipe": lambda variable, _: "|".join(variable.values),
    "join": lambda variable, arguments: (arguments[0] if arguments else ",").join(variable.values),
    "regex": _regex,
    "lucene": _lucene,
    "json": _json,
    "distributed": _distributed,
    "sqlstring": lambda variable, _: _join_each(variable, _sql),
    "singlequote": lambda variable, _: _join_each(variable, lambda value: "'" + value.replace("'", "\\'") + "'"),
    "doublequote": lambda variable, _: _join_each(variable, lambda value: '"' + value.replace('"', '\\"') + '"'),
    "html": _html,
    "text": _text,
    "percentencode": lambda variable, _: _encode(_braced(variable)),
    "uriencode": lambda variable, _: _encode(_braced(variable), _PERCENT),
    "queryparam": _query_parameter,
    "customqueryparam": _own_query_parameter,
    "date": _date,
}
