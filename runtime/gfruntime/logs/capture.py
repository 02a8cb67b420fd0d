"""Whose traffic is captured: the call that this code answers, if it asks for that.

Clients, cursors and macros look here, at the cost of one context variable; `traffic` is imported where a call asks.
"""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gfruntime.logs.traffic import Traffic

traffic: contextvars.ContextVar[Traffic | None] = contextvars.ContextVar("gfruntime_traffic", default=None)
"""What the call's traffic is added to; None for nearly all calls."""

ref_id: contextvars.ContextVar[str] = contextvars.ContextVar("gfruntime_traffic_ref_id", default="")
"""The query that is being answered, for statements; empty where several are answered at once."""
