"""The thread pool and the event loop that run the author's code."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time

import pytest

from gfruntime.serving.threads import ThreadPool, UserLoop

name: contextvars.ContextVar[str] = contextvars.ContextVar("name")


def test_a_pool_runs_as_many_jobs_at_once_as_it_has_threads() -> None:
    """As many jobs as threads run at once; the others wait their turn; threads are daemons."""

    async def main() -> tuple[float, bool]:
        pool = ThreadPool(4)
        began = time.monotonic()
        await asyncio.gather(*(pool.run(time.sleep, 0.1) for _ in range(8)))
        return time.monotonic() - began, await pool.run(lambda: threading.current_thread().daemon)

    seconds, is_daemon = asyncio.run(main())
    assert 0.2 <= seconds < 0.39
    assert is_daemon


def test_idle_threads_are_used_again() -> None:
    """Jobs one after another need one thread."""

    async def main() -> int:
        pool = ThreadPool(64)
        for _ in range(20):
            await pool.run(lambda: None)
            await asyncio.sleep(0.005)  # the thread is marked idle after it has answered
        return pool._count

    assert asyncio.run(main()) <= 2


def test_code_runs_in_the_context_of_its_caller() -> None:
    """Context variables of the caller are seen by `def` and `async def` code."""

    async def read() -> str:
        return name.get()

    async def main() -> list[str]:
        name.set("mine")
        return [await ThreadPool(1).run(name.get), await UserLoop().run(read)]

    assert asyncio.run(main()) == ["mine", "mine"]


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), SystemExit(3), KeyboardInterrupt(), StopIteration(), GeneratorExit(), asyncio.CancelledError()],
)
def test_an_exception_only_reaches_its_caller(error: BaseException) -> None:
    """The thread and the loop continue."""

    def fail() -> None:
        raise error

    async def main() -> tuple[type, str]:
        pool = ThreadPool(1)
        with pytest.raises((ValueError, RuntimeError)) as failure:
            await pool.run(fail)
        return failure.type, await pool.run(lambda: "alive")

    kind, alive = asyncio.run(main())
    assert (kind is ValueError) == isinstance(error, ValueError)
    assert alive == "alive"


def test_a_cancelled_job_is_never_started() -> None:
    """A job that waits for a thread is dropped when its caller leaves."""
    runs: list[int] = []

    async def main() -> None:
        pool = ThreadPool(1)
        blocker = pool.run(time.sleep, 0.1)
        waiting = pool.run(runs.append, 1)
        waiting.cancel()
        await blocker
        await pool.run(lambda: None)

    asyncio.run(main())
    assert runs == []


def test_cancelling_cancels_the_coroutine() -> None:
    """Cancelling the future cancels the coroutine on its loop."""
    cancellation = threading.Event()

    async def sleep() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            cancellation.set()
            raise

    async def main() -> bool:
        future = UserLoop().run(sleep)
        await asyncio.sleep(0.05)
        future.cancel()
        return await asyncio.to_thread(cancellation.wait, 2)

    assert asyncio.run(main())


def test_the_loop_survives_the_exceptions_of_tasks() -> None:
    """SystemExit of a coroutine is raised in its caller, that of another task is logged; the loop continues."""

    async def leave() -> None:
        raise SystemExit(3)

    async def spawn() -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(leave())

    async def main() -> int:
        loop = UserLoop()
        with pytest.raises(RuntimeError, match="SystemExit: 3"):
            await loop.run(leave)
        await loop.run(spawn)
        await asyncio.sleep(0.05)
        return await loop.run(asyncio.sleep, 0, 7)

    assert asyncio.run(main()) == 7


def test_coroutine_blocks_no_other_loop() -> None:
    """A coroutine that blocks its loop does not block the caller's."""

    async def block() -> None:
        time.sleep(0.3)  # noqa: ASYNC251  # the author's mistake

    async def main() -> float:
        job = UserLoop().run(block)
        began = time.monotonic()
        await asyncio.sleep(0.01)
        seconds = time.monotonic() - began
        await job
        return seconds

    assert asyncio.run(main()) < 0.2


def test_blocked_threads_of_cancelled_jobs_are_replaced() -> None:
    """Jobs that block for ever take no capacity once their callers have left; their threads end with the jobs."""
    over = threading.Event()

    async def main() -> tuple[str, int]:
        pool = ThreadPool(2)
        stuck = [pool.run(over.wait) for _ in range(2)]
        waiting = pool.run(lambda: "answered")
        await asyncio.sleep(0.05)
        for future in stuck:
            future.cancel()
        answer = await asyncio.wait_for(waiting, 5)
        over.set()
        await asyncio.gather(*(pool.run(time.sleep, 0.01) for _ in range(10)))
        await asyncio.sleep(0.05)
        return answer, pool._count

    assert asyncio.run(main()) == ("answered", 2)


def test_every_job_of_many_bursts_is_done() -> None:
    """Every job is done and few threads are started, for any order of free threads and new jobs."""

    async def main() -> tuple[int, int]:
        pool, total = ThreadPool(8), 0
        for burst in range(200):
            answers = await asyncio.gather(*(pool.run(lambda: 1) for _ in range(burst % 13)))
            total += sum(answers)
        return total, pool._count

    total, threads = asyncio.run(asyncio.wait_for(main(), 30))
    assert total == sum(burst % 13 for burst in range(200))
    assert threads <= 8


@pytest.mark.parametrize("is_by_task", [False, True])
def test_a_coroutine_that_cancels_itself_has_failed(*, is_by_task: bool) -> None:
    """The caller still waits and gets the failure, if the coroutine raises CancelledError or cancels its task."""

    async def give_up() -> None:
        task = asyncio.current_task()
        if not is_by_task or task is None:
            raise asyncio.CancelledError
        task.cancel()
        await asyncio.sleep(1)

    async def main() -> None:
        with pytest.raises(RuntimeError, match="CancelledError: the handler cancelled itself"):
            await asyncio.wait_for(UserLoop().run(give_up), 5)

    asyncio.run(main())


def test_a_blocked_thread_that_returns_answers_again() -> None:
    """Beyond four times the pool's size no thread is replaced; a blocked thread that returns is used again."""
    pool, gates = ThreadPool(1), [threading.Event() for _ in range(5)]

    async def main() -> str:
        for gate in gates:
            begin = threading.Event()
            job = pool.run(lambda begin=begin, gate=gate: (begin.set(), gate.wait(20)))
            await asyncio.to_thread(begin.wait, 5)
            job.cancel()
        gates[-1].set()
        return await asyncio.wait_for(pool.run(lambda: "answered"), 5)

    try:
        assert asyncio.run(main()) == "answered"
    finally:
        for gate in gates:
            gate.set()
