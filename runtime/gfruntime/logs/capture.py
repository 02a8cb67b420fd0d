"""The object that captures the current call's traffic, if any.

Clients, cursors and macros check this, at the cost of one context variable; `traffic` is imported only when needed.
"""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gfruntime.logs.traffic import Traffic

traffic: contextvars.ContextVar[Traffic | None] = contextvars.ContextVar("gfruntime_traffic", default=None)
"""The object that collects the call's traffic; None for nearly all calls."""

ref_id: contextvars.ContextVar[str] = contextvars.ContextVar("gfruntime_traffic_ref_id", default="")
"""The ref id of the current query, for statements; empty if several queries are answered at once."""
