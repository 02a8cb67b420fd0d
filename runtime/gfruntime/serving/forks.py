"""Handle processes that a handler forks, so that they do not continue as a second plugin."""

from __future__ import annotations

import os

_is_fork = False


def _mark_fork() -> None:
    global _is_fork  # noqa: PLW0603  # one process, one answer
    _is_fork = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_mark_fork)


def leave_fork() -> None:
    """End a forked process that would continue as the plugin and never end."""
    if _is_fork:
        os._exit(0)


def become_plugin() -> None:
    """Let a forked process run as a plugin, because that is its purpose."""
    global _is_fork  # noqa: PLW0603  # as above
    _is_fork = False
