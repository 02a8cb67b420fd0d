"""The pool and the loop when the system starts no more threads."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from gfruntime.serving.threads import ThreadPool, UserLoop


class Threads:
    """Lets threads start, or fails as if the system had no more threads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let them start."""
        self.can_start = True
        start = threading.Thread.start

        def start_if_any(thread: threading.Thread) -> None:
            if not self.can_start:
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", start_if_any)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Threads:
    """Return an object that decides whether threads start."""
    return Threads(monkeypatch)


def test_jobs_share_the_existing_threads(threads: Threads) -> None:
    """If no more threads start, the existing ones take turns; later the pool grows again."""

    async def main() -> tuple[list[int], int]:
        pool = ThreadPool(4)
        await pool.run(lambda: None)
        threads.can_start = False
        values = await asyncio.gather(*(pool.run(lambda each=each: each) for each in range(20)))
        threads.can_start = True
        await asyncio.gather(*(pool.run(time.sleep, 0.05) for _ in range(8)))
        return values, pool._count

    assert asyncio.run(main()) == (list(range(20)), 4)


def test_a_job_without_any_thread_fails_and_the_next_one_runs(threads: Threads) -> None:
    """The failed job does not run in a later thread."""
    runs: list[int] = []

    async def main() -> None:
        pool = ThreadPool(4)
        threads.can_start = False
        with pytest.raises(RuntimeError, match="can't start new thread"):
            await pool.run(runs.append, 1)
        threads.can_start = True
        await pool.run(runs.append, 2)

    asyncio.run(main())
    assert runs == [2]


def test_jobs_run_although_a_blocked_thread_could_not_be_replaced(threads: Threads) -> None:
    """The next job starts the thread that could not be started."""

    async def main() -> bool:
        pool, release = ThreadPool(1), threading.Event()
        job = pool.run(release.wait, 10)
        await asyncio.sleep(0.05)
        threads.can_start = False
        job.cancel()
        threads.can_start = True
        answer = await asyncio.wait_for(pool.run(lambda: True), 5)
        release.set()
        return answer

    assert asyncio.run(main())


def test_a_loop_without_a_thread_gets_one_later(threads: Threads) -> None:
    """The call fails, and the next one starts the loop."""

    async def answer() -> int:
        return 1

    async def main() -> int:
        loop = UserLoop()
        threads.can_start = False
        with pytest.raises(RuntimeError, match="can't start new thread"):
            await loop.run(answer)
        threads.can_start = True
        return await asyncio.wait_for(loop.run(answer), 5)

    assert asyncio.run(main()) == 1
