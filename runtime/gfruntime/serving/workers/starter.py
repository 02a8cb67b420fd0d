"""Starts and ends workers: forks of a template if possible, else separate programs.

If a worker can't start, or ends soon after its start, the next start waits for a pause, which gets longer each time. A
worker that lasts ends the pauses.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from gfruntime.logs import log
from gfruntime.serving import lifecycle
from gfruntime.serving.workers.child import Child, Fork, StartError
from gfruntime.serving.workers.template import CAN_FORK, TEMPLATE, WORKER

if TYPE_CHECKING:
    Process = Child | Fork

_LOGGER = logging.getLogger("gfruntime")
_STABLE = 10.0  # a worker that ends later than this does not cause a pause
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0
_NO_FORKS = "Workers share no memory: importing the plugin starts threads, and a process with threads can't be forked"


class Starter:
    """The processes behind the front process; `rest` is the pause in seconds before the next start."""

    def __init__(self) -> None:
        """Start no process yet."""
        self.rest = 0.0
        self._tell = log.writer().put
        self._template: Child | None = None
        self._can_fork = CAN_FORK
        self._processes: set[Process] = set()
        self._ending = threading.Event()

    @property
    def is_ending(self) -> bool:
        """Whether all processes must end."""
        return self._ending.is_set()

    def start(self) -> Process | None:
        """Start a worker after the pause; None if all processes must end.

        Raises: StartError or OSError; the next pause is then longer.
        """
        if self._ending.wait(self.rest):
            return None
        try:
            process = self._start()
        except (StartError, OSError):
            self._lengthen_pause()
            raise
        self._processes.add(process)
        if self.is_ending:  # `kill` may have been called meanwhile
            process.kill()
            return None
        return process

    def forget(self, process: Process, *, lasted: float) -> None:
        """Note that a worker has ended by itself, after `lasted` seconds."""
        self._processes.discard(process)
        if lasted > _STABLE:
            self.rest = 0.0
        else:
            self._lengthen_pause()

    def close(self) -> None:
        """Tell the workers to end, wait for them, and then end the template, which reports how they ended."""
        self._ending.set()
        processes = self._in_order()
        for process in processes:
            if process is not self._template:
                process.part()
        for process in processes:
            if process is self._template:
                process.part()
            process.wait(lifecycle.END)

    def kill(self) -> None:
        """Kill the remaining processes, and wait for their ends."""
        self._ending.set()
        for process in self._in_order():
            process.kill()

    def _start(self) -> Process:
        if self._template is None or self._template.status is not None:
            child = Child(TEMPLATE if self._can_fork else WORKER, self._tell)
            self._processes -= {self._template}
            self._processes.add(child)
            try:
                can_fork = child.load().can_fork
            except StartError:
                child.retire(patience=0)
                self._processes.discard(child)
                raise
            if not can_fork:
                if self._can_fork:
                    _LOGGER.info(_NO_FORKS)
                self._can_fork = False
                return child
            self._template = child
        return self._template.fork(self._tell)

    def _lengthen_pause(self) -> None:
        self.rest = min(max(2 * self.rest, _FIRST_PAUSE), _LONGEST_PAUSE)

    def _in_order(self) -> list[Process]:
        """List all processes, the template last, because it reports how the others ended."""
        return sorted(self._processes, key=lambda process: process is self._template)
