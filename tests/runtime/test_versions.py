"""Instances of one data source that differ in their settings: kept apart, and disposed of when unused."""

from __future__ import annotations

import threading
import time

import pytest
from processes import eventually

from gfruntime.calls.instances import Instances, Key, Source, Version

KEY = Key("1")
FIRST, SECOND = Version(1, {}), Version(2, {})


def version(updated: int = 1, words: str = "", **config: str) -> Version:
    """Describe a version whose settings have a secret of these words."""
    return Version(updated, config, words.encode())


def test_other_settings_of_one_time_share_nothing_and_replace_nothing() -> None:
    """A caller with other secrets gets an instance of its own, and takes none away."""
    disposed: list[object] = []
    instances = Instances(disposed.append, dispose_after=0.01)
    for _ in range(3):
        assert instances.acquire(Source(KEY, version(words="a"), lambda: "a's")) == "a's"
        assert instances.acquire(Source(KEY, version(words="b"), lambda: "b's")) == "b's"
    assert instances.peek(Source(KEY, version(), object)) is None

    assert len(instances) == 2
    assert disposed == []


@pytest.mark.shows("faults: A caller knows a data source's id")
@pytest.mark.parametrize(
    "other", [version(words="b"), version(0), version(1, a="b")], ids=["secret", "earlier", "config"]
)
def test_settings_in_turns_keep_their_instances(other: Version) -> None:
    """Two Grafanas that alternate make one instance each: none is disposed of, whichever has the older settings."""
    disposed, made = list[object](), list[object]()
    instances = Instances(disposed.append, dispose_after=0.01)

    def make() -> object:
        made.append(object())
        return made[-1]

    for each in [version(), other] * 20:
        instances.acquire(Source(KEY, each, make))
        time.sleep(0.01)

    assert len(made) == 2
    assert disposed == []


@pytest.mark.shows("protocol 78")
def test_an_instance_of_other_settings_goes_when_unused() -> None:
    """What was not used for a while, and is used by no call, is disposed of once; what a call still uses stays."""
    disposed: list[object] = []
    instances = Instances(disposed.append, dispose_after=0.01)
    stream = Source(KEY, version(words="streamed"), lambda: "streamed")
    instances.acquire(stream)
    instances.acquire(Source(KEY, version(words="once"), lambda: "once"))
    instances.acquire(Source(KEY, version(words="last"), lambda: "last"))

    eventually(lambda: disposed == ["once"])
    assert instances.peek(stream) == "streamed"
    del stream
    instances.acquire(Source(KEY, version(words="last"), lambda: "another"))
    eventually(lambda: disposed == ["once", "streamed"])
    assert instances.peek(Source(KEY, version(words="last"), object)) == "last"


def test_a_flood_of_settings_is_bounded() -> None:
    """Of a thousand made-up secrets a few instances stay, and those that calls use stay among them."""
    instances = Instances(lambda _: None)
    stream = Source(KEY, version(words="mine"), lambda: "mine")
    instances.acquire(stream)
    for number in range(1000):
        instances.acquire(Source(KEY, version(words=str(number)), object))

    assert len(instances) <= 9
    assert instances.peek(stream) == "mine"


@pytest.mark.shows("protocol 78")
def test_newer_settings_dispose_of_all_older_ones() -> None:
    """A save takes the place of every older instance of its data source, in use or not, as in the Go SDK."""
    disposed: list[object] = []
    instances = Instances(disposed.append, dispose_after=0.01)
    sources = [Source(KEY, version(1, words), lambda words=words: words) for words in "ab"]  # type: ignore[misc]
    for source in sources:
        instances.acquire(source)
    instances.acquire(Source(KEY, version(2, "c"), lambda: "c"))

    eventually(lambda: sorted(map(str, disposed)) == ["a", "b"])
    assert len(instances) == 1


def test_no_thread_for_a_disposal_fails_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system starts no more threads, the new instance answers, and the old one is disposed of later."""
    disposed: list[object] = []
    instances = Instances(disposed.append, dispose_after=0.0)
    instances.acquire(Source(KEY, FIRST, lambda: "old"))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", _no_thread)
        assert instances.acquire(Source(KEY, SECOND, lambda: "new")) == "new"
    instances.acquire(Source(KEY, Version(3, {}), lambda: "newest"))

    eventually(lambda: sorted(map(str, disposed)) == ["new", "old"])


def _no_thread(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
