"""The cache of fetched protos, which several processes share."""

from __future__ import annotations

import json
import multiprocessing
import os
from typing import TYPE_CHECKING

import pytest

from gfplug.sdk import cache
from gfplug.sdk.protoset import ProtoSet, verify_proto

if TYPE_CHECKING:
    from pathlib import Path

    from sdk_world import World


def _keep_and_find(folder: Path, protos: ProtoSet, rounds: int) -> None:
    cache.folder = lambda: folder
    for _ in range(rounds):
        cache.store(protos)
        if json.loads((folder / f"{protos.version}.json").read_text())["sha256"] != protos.sha256:
            os._exit(1)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_concurrent_processes_read_no_incomplete_cache_file(world: World) -> None:
    """Each file is replaced in one step, and no other file stays beside it."""
    protos = verify_proto(world.proto, world.indexed, source="github", commit=world.commit)
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_keep_and_find, args=(cache.folder(), protos, 50)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert [path.name for path in cache.folder().iterdir()] == [f"{world.indexed}.json"]
