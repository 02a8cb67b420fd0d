"""Processes that a handler forks, and that would go on as if each were the plugin."""

from __future__ import annotations

import os

_is_fork = False


def _mark_fork() -> None:
    global _is_fork  # noqa: PLW0603  # one process, one answer
    _is_fork = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_mark_fork)


def leave_fork() -> None:
    """End a process that a handler forked and that continues as if it were the plugin: it would stay for ever."""
    if _is_fork:
        os._exit(0)


def become_plugin() -> None:
    """Go on as a plugin in a forked process: it was forked for that."""
    global _is_fork  # noqa: PLW0603  # as above
    _is_fork = False
