"""The number of workers and their limits, as the author or the operator (grafana.ini) configures them.

Grafana passes a setting of `[plugin.<id>]`, such as `workers`, to the plugin as `GF_PLUGIN_WORKERS`.
"""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST = 256
VARIABLES = {
    "workers": "GF_PLUGIN_WORKERS",
    "max_requests": "GF_PLUGIN_MAX_REQUESTS",
    "max_requests_jitter": "GF_PLUGIN_MAX_REQUESTS_JITTER",
    "max_memory_mb": "GF_PLUGIN_MAX_MEMORY_MB",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """The number of workers (0: only this process), and the limits after which a worker is replaced.

    Units: `max_requests` and its jitter are in calls, `max_memory_mb` in MiB; 0 means never.
    """

    workers: int = 0
    max_requests: int = 0
    max_requests_jitter: int = 0
    max_memory_mb: int = 0

    @classmethod
    def of(cls, environ: Mapping[str, str], **settings: int | str) -> Plan:
        """Read the settings from the environment, else from the arguments.

        Raises: ValueError that names the setting.
        """
        plan = cls()
        for name, variable in VARIABLES.items():
            text = environ.get(variable, "").strip()
            setting = f"{variable}={text}" if text else f"{name}={settings.get(name, 0)!r}"
            plan = replace(plan, **{name: _number(name, text or settings.get(name, 0), setting)})
        return plan


def _number(name: str, value: int | str, setting: str) -> int:
    if name == "workers" and value == "auto":
        return cores()
    text, most = str(value), _MOST if name == "workers" else sys.maxsize
    if isinstance(value, bool) or not (text.isascii() and text.isdecimal()) or int(text) > most:
        allowed = f"a number from 0 to {_MOST}, or auto" if name == "workers" else "a number from 0"
        raise ValueError(f"{setting}: expected {allowed}")
    return int(text)


def cores() -> int:
    """Count the cores that this process may use: of the machine, its affinity, and its control group's quota."""
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, min(count, _quota(Path("/sys/fs/cgroup/cpu.max"))))


def _quota(file: Path) -> int:
    """Read the number of cores that a control group may use, rounded."""
    try:
        quota, period = file.read_text(encoding="ascii").split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):  # no such file, or no quota: `max`
        return _MOST
