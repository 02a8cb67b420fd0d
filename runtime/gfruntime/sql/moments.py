"""Format the ends of the time range: `${__from}`, `${__to:date:iso}`, `${__from:date:YYYY-MM-DD}`.

Source: grafana-plugin-sdk-go v0.298.0, experimental/macros.
"""

from __future__ import annotations

import datetime as dt
import re

_UTC = dt.timezone.utc  # noqa: UP017  # the same on Python 3.10
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=_UTC)
_MS = dt.timedelta(milliseconds=1)
_LETTERS = re.compile(r"YYYY|YY|MMMM|MMM|MM|M|DD|D|HH|hh|h|mm|m|ss|s|SSS|A|dddd|ddd|zz|z")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def count_since_1970(moment: dt.datetime, unit: dt.timedelta) -> int:
    """Count whole units, rounded down."""
    return (moment.astimezone(_UTC) - _EPOCH) // unit


def format_moment(moment: dt.datetime, format_name: str) -> str:
    """Write a time in UTC: milliseconds since 1970, or by `date`, `date:iso`, `date:seconds`, `date:YYYY-MM-DD`."""
    utc = moment.astimezone(_UTC)
    layout = format_name.removeprefix("date:") if format_name != "date" else "iso"
    if not format_name:
        return str((utc - _EPOCH) // _MS)
    if layout == "iso":
        return _iso(utc)
    if layout == "seconds":
        return str((utc - _EPOCH) // dt.timedelta(seconds=1))
    return _LETTERS.sub(lambda match: _letters(match[0], utc), layout)


def rfc3339(moment: dt.datetime, *, fraction: bool = False) -> str:
    """Write `2026-01-01T00:00:00Z`; a fraction has as many digits as it needs, like Go's RFC3339Nano."""
    utc = moment.astimezone(_UTC).replace(tzinfo=None)
    if fraction and utc.microsecond:
        return utc.isoformat(timespec="microseconds").rstrip("0") + "Z"
    return utc.isoformat(timespec="seconds") + "Z"


def _letters(letters: str, utc: dt.datetime) -> str:
    """Write one part of a time, in English, in any locale."""
    hour = utc.hour % 12 or 12
    parts = {
        "YYYY": f"{utc.year:04}", "YY": f"{utc.year % 100:02}", "MMMM": _MONTHS[utc.month - 1],
        "MMM": _MONTHS[utc.month - 1][:3], "MM": f"{utc.month:02}", "M": f"{utc.month}", "DD": f"{utc.day:02}",
        "D": f"{utc.day}", "HH": f"{utc.hour:02}", "hh": f"{hour:02}", "h": f"{hour}", "mm": f"{utc.minute:02}",
        "m": f"{utc.minute}", "ss": f"{utc.second:02}", "s": f"{utc.second}",
        "SSS": f"{utc.microsecond // 1000:03}", "A": "AM" if utc.hour < 12 else "PM",  # noqa: PLR2004
        "dddd": _DAYS[utc.weekday()], "ddd": _DAYS[utc.weekday()][:3], "zz": "UTC", "z": "UTC",
    }  # fmt: skip
    return parts[letters]


def _iso(utc: dt.datetime) -> str:
    """Write milliseconds without trailing zeros, and without a point if nothing is left, as Go does."""
    fraction = f".{utc.microsecond // 1000:03}".rstrip("0").rstrip(".")
    return f"{utc:%Y-%m-%dT%H:%M:%S}{fraction}Z"
