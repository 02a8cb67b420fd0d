"""Instances of one data source that differ in their settings: kept apart, and disposed of when unused."""

from __future__ import annotations

import threading
import time

import pytest
from processes import eventually

from gfruntime.calls.instances import InstanceKey, Instances, InstanceSource, Version

KEY = InstanceKey("1")
FIRST, SECOND = Version(1, {}), Version(2, {})


def version(updated: int = 1, words: str = "", **config: str) -> Version:
    """Describe a version whose settings have a secret of these words."""
    return Version(updated, config, words.encode())


def test_settings_of_the_same_time_have_separate_instances() -> None:
    """A caller with other secrets gets another instance, and the first one stays."""
    disposals: list[object] = []
    instances = Instances(disposals.append, dispose_after=0.01)
    for _ in range(3):
        assert instances.acquire(InstanceSource(KEY, version(words="a"), lambda: "a's")) == "a's"
        assert instances.acquire(InstanceSource(KEY, version(words="b"), lambda: "b's")) == "b's"
    assert instances.peek(InstanceSource(KEY, version(), object)) is None

    assert len(instances) == 2
    assert disposals == []


@pytest.mark.shows("faults: A caller knows a data source's id")
@pytest.mark.parametrize(
    "other", [version(words="b"), version(0), version(1, a="b")], ids=["secret", "earlier", "config"]
)
def test_alternating_settings_keep_their_instances(other: Version) -> None:
    """Two Grafanas that alternate have one instance each; the one with older settings is not disposed of, either."""
    disposals, objects = list[object](), list[object]()
    instances = Instances(disposals.append, dispose_after=0.01)

    def make() -> object:
        objects.append(object())
        return objects[-1]

    for each in [version(), other] * 20:
        instances.acquire(InstanceSource(KEY, each, make))
        time.sleep(0.01)

    assert len(objects) == 2
    assert disposals == []


@pytest.mark.shows("protocol 78")
def test_an_unused_instance_of_other_settings_is_disposed_of() -> None:
    """An instance that no call uses is disposed of once, after some time; an instance in use stays."""
    disposals: list[object] = []
    instances = Instances(disposals.append, dispose_after=0.01)
    stream = InstanceSource(KEY, version(words="streamed"), lambda: "streamed")
    instances.acquire(stream)
    instances.acquire(InstanceSource(KEY, version(words="once"), lambda: "once"))
    instances.acquire(InstanceSource(KEY, version(words="last"), lambda: "last"))

    eventually(lambda: disposals == ["once"])
    assert instances.peek(stream) == "streamed"
    del stream
    instances.acquire(InstanceSource(KEY, version(words="last"), lambda: "another"))
    eventually(lambda: disposals == ["once", "streamed"])
    assert instances.peek(InstanceSource(KEY, version(words="last"), object)) == "last"


def test_the_number_of_instances_with_other_settings_is_bounded() -> None:
    """Of a thousand instances with other secrets a few stay, among them all in use."""
    instances = Instances(lambda _: None)
    stream = InstanceSource(KEY, version(words="mine"), lambda: "mine")
    instances.acquire(stream)
    for number in range(1000):
        instances.acquire(InstanceSource(KEY, version(words=str(number)), object))

    assert len(instances) <= 9
    assert instances.peek(stream) == "mine"


@pytest.mark.shows("protocol 78")
def test_newer_settings_dispose_of_all_older_ones() -> None:
    """A save replaces every older instance of its data source, in use or not, as in the Go SDK."""
    disposals: list[object] = []
    instances = Instances(disposals.append, dispose_after=0.01)
    sources = [InstanceSource(KEY, version(1, words), lambda words=words: words) for words in "ab"]  # type: ignore[misc]
    for source in sources:
        instances.acquire(source)
    instances.acquire(InstanceSource(KEY, version(2, "c"), lambda: "c"))

    eventually(lambda: sorted(map(str, disposals)) == ["a", "b"])
    assert len(instances) == 1


def test_a_call_succeeds_although_a_disposal_gets_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system starts no more threads, the new instance answers, and the old one is disposed of later."""
    disposals: list[object] = []
    instances = Instances(disposals.append, dispose_after=0.0)
    instances.acquire(InstanceSource(KEY, FIRST, lambda: "old"))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", _no_thread)
        assert instances.acquire(InstanceSource(KEY, SECOND, lambda: "new")) == "new"
    instances.acquire(InstanceSource(KEY, Version(3, {}), lambda: "newest"))

    eventually(lambda: sorted(map(str, disposals)) == ["new", "old"])


def _no_thread(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
