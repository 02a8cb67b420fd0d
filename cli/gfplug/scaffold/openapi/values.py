"""The kind of a scalar, the encoding of a time, and the values of a description as plain Python values."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

from gfplug.untrusted import documents

if TYPE_CHECKING:
    from gfplug.scaffold.openapi.model import Kind, Scalar, Wire
    from gfplug.scaffold.openapi.shapes import Shape

_TEXT_TIMES: dict[str, Wire] = {"date-time": "rfc3339", "datetime": "rfc3339", "date": "date"}
_NUMBER_TIMES: dict[str, Wire] = {
    **dict.fromkeys(("unix-time", "unixtime", "unix", "unix-timestamp", "epoch", "epoch-seconds"), "seconds"),
    **dict.fromkeys(
        ("unix-time-ms", "unix-ms", "epoch-millis", "epoch-ms", "timestamp-ms", "milli-timestamp"), "milliseconds"
    ),
}
_UNIX = re.compile(
    r"\b(unix|posix)\b[^.]{0,20}\b(times?|timestamps?|epoch|seconds|milliseconds|millis|ms)\b"
    r"|\bepoch[ -](time|timestamp|second|millisecond|milli|ms)s?\b"
    r"|\b(time|timestamp|seconds|milliseconds|millis|ms)\b[^.]{0,30}\b(since|from|after|in|as|is|a|an|the)"
    r" (the )?(unix|posix|epoch)\b|\b(timestamp|seconds|milliseconds|millis|ms) \(?(unix|epoch)\b"
    r"|\bsince (the )?(unix |posix )?(epoch|1970|january 1(st)?,? 1970|jan 1,? 1970)",
    re.IGNORECASE,
)
_NO_MOMENT = re.compile(
    r"\b(per|within the|within an|each|every|of the|of an|training) epochs?\b|\bsockets?\b|\btime-?outs?\b"
    r"|\bdurations?\b|\belapsed\b|\btook\b|\btime to live\b",
    re.IGNORECASE,
)
_ANCHOR = re.compile(r"\b(unix|posix|epoch|1970)", re.IGNORECASE)
_SENTENCE = re.compile(r"[.;!?\n]+(?=\s|$)")
_NEGATED_UNIT = re.compile(r"\b(not|rather than|instead of|no)( in| as)?( unix)? \w+", re.IGNORECASE)
_MILLISECONDS = re.compile(r"\b(milli(second)?s?|ms)\b", re.IGNORECASE)
_SECONDS_WORDS = re.compile(r"\b(seconds?|secs?)\b", re.IGNORECASE)
_UNIT_ALONE = re.compile(
    r"\s*(the )?((value|unit|given|expressed|measured|it) )?((is|are) )?(in )?(milli(second)?s|ms)\W*", re.IGNORECASE
)
_OTHER_UNITS = re.compile(r"\b(micro|nano)(second)?s?\b|\b[nµu]s\b", re.IGNORECASE)
_FRACTION = re.compile(r"(?<=:\d\d)\.(\d{1,6})\d*")
_NUMBER_LIMIT = 1 << 63


def time_of(description: str) -> Wire:
    """Return the encoding of a number whose description is a count since 1970; empty for any other description.

    The unit comes from the sentence about 1970, or from a sentence with only the unit; empty if there are two units.
    """
    if not _UNIX.search(description) or _OTHER_UNITS.search(description) or _NO_MOMENT.search(description):
        return ""
    sentences = _SENTENCE.split(_NEGATED_UNIT.sub("", description))
    text = " ".join(sentence for sentence in sentences if _ANCHOR.search(sentence) or _UNIT_ALONE.fullmatch(sentence))
    is_milliseconds, is_seconds = bool(_MILLISECONDS.search(text)), bool(_SECONDS_WORDS.search(text))
    return "" if is_milliseconds and is_seconds else "milliseconds" if is_milliseconds else "seconds"


def kind_of(shape: Shape) -> tuple[Kind, Wire]:
    """Return the kind of a value, and the encoding of a time; an object, an array or a mixture is `json`.

    A number is a time if its format, or its description, says that it counts seconds or milliseconds since 1970.
    """
    if shape.conflict:
        return "json", ""
    if shape.kinds == {"string"}:
        wire = _TEXT_TIMES.get(shape.format, "")
        return ("time", wire) if wire and shape.choices is None else ("string", "")
    if shape.kinds and shape.kinds <= {"integer", "number"}:
        wire = _NUMBER_TIMES.get(shape.format) or time_of(shape.description)
        if wire and shape.choices is None:
            return "time", wire
        return ("number" if "number" in shape.kinds else "integer"), ""
    return ("boolean", "") if shape.kinds == {"boolean"} else ("json", "")


def scalar(value: object, kind: Kind, wire: Wire = "") -> Scalar | None:
    """Return a description's value as a plain value of a kind; None if it has another kind.

    A time is returned as it is sent; `kind` is never `json`.
    """
    if kind == "time":
        kind = "string" if wire in ("rfc3339", "date") else "number" if isinstance(value, float) else "integer"
        if not is_time(value, wire):
            return None
    if isinstance(value, bool):  # as a text, it may be True or true in the file
        return value if kind == "boolean" else None
    if kind == "string" and isinstance(value, str | int | float):
        has_text = not isinstance(value, float) or hasattr(value, "source_text") or value.is_integer()
        return documents.text_of(value) if has_text else None  # 1.10 in JSON has become 1.1 here
    if kind == "integer" and isinstance(value, int | float) and value == int(value) and abs(value) < _NUMBER_LIMIT:
        return int(value)
    if kind == "number" and isinstance(value, int | float) and abs(value) < _NUMBER_LIMIT:
        return float(value) if isinstance(value, float) else int(value)
    return None


def is_time(value: object, wire: Wire) -> bool:
    """Whether a value is a time in this encoding."""
    if wire in ("seconds", "milliseconds"):
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _NUMBER_LIMIT
    if not isinstance(value, str):
        return False
    try:
        if wire == "date":
            date.fromisoformat(value)
        else:
            moment = datetime.fromisoformat(_FRACTION.sub(r".\1", value.strip().upper()))
            return moment.tzinfo is not None
    except ValueError:
        return False
    return True
