"""A fixed amount of computing, only in Python; as a script it is done TIMES times, in a process that does nothing else.

python work.py UNITS TIMES
"""

from __future__ import annotations

import sys
import time


def work(units: int) -> float:
    """Compute; a unit takes a few microseconds."""
    total = 0.0
    for _ in range(units):
        total += sum(range(1000))
    return total


if __name__ == "__main__":
    amount, times = map(int, sys.argv[1:])
    work(amount)
    sys.stdin.readline()  # so that several processes begin together
    begun = time.perf_counter()
    for _ in range(times):
        work(amount)
    print(time.perf_counter() - begun)  # noqa: T201
