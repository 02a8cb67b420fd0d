"""One object per data source and version of its settings."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from processes import eventually

from gfruntime.calls.instances import InstanceKey, Instances, InstanceSource, Version

KEY, OTHER = InstanceKey("1"), InstanceKey("2")
FIRST, SECOND = Version(1, {}), Version(2, {})


@pytest.mark.shows("protocol 77")
def test_concurrent_first_requests_make_one_instance() -> None:
    """With the same key and settings, 100 concurrent first requests run the factory once."""
    instances = Instances(lambda _: None)
    objects: list[object] = []

    def make() -> object:
        time.sleep(0.05)
        objects.append(object())
        return objects[-1]

    with ThreadPoolExecutor(100) as pool:
        results = list(pool.map(lambda _: instances.acquire(InstanceSource(KEY, FIRST, make)), range(100)))

    assert len(objects) == 1
    assert set(results) == {objects[0]}


@pytest.mark.shows("protocol 78")
@pytest.mark.parametrize("version", [Version(2, {}), Version(0, {}), Version(1, {"a": "b"})])
def test_changed_settings_replace_the_instance(version: Version) -> None:
    """A later or earlier time of change, or any difference in Grafana's config, creates a new instance."""
    instances = Instances(lambda _: None)
    old = instances.acquire(InstanceSource(KEY, FIRST, object))

    assert instances.acquire(InstanceSource(KEY, version, object)) is not old


@pytest.mark.shows("protocol 78")
def test_replaced_instance_is_disposed_later_and_once() -> None:
    """The old instance is disposed of exactly once, after the delay, when the new one exists."""
    disposals: list[object] = []
    instances = Instances(disposals.append, dispose_after=0.1)
    instances.acquire(InstanceSource(KEY, FIRST, lambda: "old"))
    instances.acquire(InstanceSource(KEY, SECOND, lambda: "new"))

    assert disposals == []
    eventually(lambda: disposals == ["old"])
    time.sleep(0.15)
    assert disposals == ["old"]


@pytest.mark.shows("protocol 79")
def test_failures_are_not_remembered() -> None:
    """A factory failure is not cached: the next request tries again."""
    instances = Instances(lambda _: None)

    def fail() -> object:
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        instances.acquire(InstanceSource(KEY, FIRST, fail))
    assert instances.acquire(InstanceSource(KEY, FIRST, lambda: "second")) == "second"


def test_a_failed_replacement_keeps_the_old_instance() -> None:
    """If the new instance can't be created, the old one stays and is not disposed of."""
    disposals: list[object] = []
    instances = Instances(disposals.append, dispose_after=0.01)
    instances.acquire(InstanceSource(KEY, FIRST, lambda: "old"))

    def fail() -> object:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        instances.acquire(InstanceSource(KEY, SECOND, fail))
    time.sleep(0.05)

    assert disposals == []
    assert instances.acquire(InstanceSource(KEY, FIRST, lambda: "another")) == "old"


def test_instances_of_other_keys_are_independent() -> None:
    """Two data sources or tenants never share an instance, and a slow instance does not delay another."""
    instances = Instances(lambda _: None)
    release = threading.Event()
    slow = threading.Thread(target=lambda: instances.acquire(InstanceSource(KEY, FIRST, lambda: release.wait(5))))
    slow.start()

    assert instances.acquire(InstanceSource(OTHER, FIRST, lambda: "other")) == "other"
    assert instances.acquire(InstanceSource(InstanceKey("2", "tenant"), FIRST, lambda: "tenant")) == "tenant"
    release.set()
    slow.join()


def test_peek_runs_no_code_of_the_author() -> None:
    """`peek` returns an instance of exactly this version, or None."""
    instances = Instances(lambda _: None)
    instances.acquire(InstanceSource(KEY, FIRST, lambda: "it"))

    assert instances.peek(InstanceSource(KEY, FIRST, object)) == "it"
    assert instances.peek(InstanceSource(KEY, SECOND, object)) is None
    assert instances.peek(InstanceSource(OTHER, FIRST, object)) is None


def test_dispose_all_disposes_of_each_instance() -> None:
    """At the end each instance is disposed of, although one disposal fails."""
    disposals: list[object] = []

    def dispose(instance: object) -> None:
        disposals.append(instance)
        raise ValueError("dispose failed")

    instances = Instances(dispose)
    instances.acquire(InstanceSource(KEY, FIRST, lambda: "a"))
    instances.acquire(InstanceSource(OTHER, FIRST, lambda: "b"))
    instances.dispose_all()

    assert disposals == ["a", "b"]
    assert len(instances) == 0


TTL = {"GF_INSTANCE_FEATURE_TOGGLES_ENABLE": "a,ttlPluginInstanceManager"}


def test_unused_instances_are_disposed_of_with_the_toggle() -> None:
    """With the toggle an instance that nobody used for an hour is disposed of, and created again at the next use."""
    now, disposals = [0.0], list[str]()
    instances = Instances(disposals.append, dispose_after=0.0, clock=lambda: now[0])
    version = Version(1, TTL)
    instances.acquire(InstanceSource(KEY, version, lambda: "first"))
    now[0] = 3000
    assert instances.peek(InstanceSource(KEY, version, object)) == "first"  # this use starts the hour again
    now[0] = 6000
    instances.sweep()
    assert instances.peek(InstanceSource(KEY, version, object)) == "first"
    now[0] = 9601 + 3600
    instances.sweep()
    eventually(lambda: disposals == ["first"])

    assert len(instances) == 0
    assert instances.acquire(InstanceSource(KEY, version, lambda: "second")) == "second"


def test_expired_instance_is_replaced_before_any_sweep() -> None:
    """An instance that is too old is not used, even before a sweep; it is disposed of once."""
    now, disposals = [0.0], list[str]()
    instances = Instances(disposals.append, dispose_after=0.0, clock=lambda: now[0])
    instances.acquire(InstanceSource(KEY, Version(1, TTL), lambda: "first"))
    now[0] = 3601

    assert instances.peek(InstanceSource(KEY, Version(1, TTL), object)) is None
    assert instances.acquire(InstanceSource(KEY, Version(1, TTL), lambda: "second")) == "second"
    eventually(lambda: disposals == ["first"])


def test_instances_stay_without_the_toggle() -> None:
    """Without the toggle, age has no effect."""
    now = [0.0]
    instances = Instances(lambda _: None, clock=lambda: now[0])
    instances.acquire(InstanceSource(KEY, FIRST, lambda: "first"))
    now[0] = 1e9
    instances.sweep()

    assert instances.peek(InstanceSource(KEY, FIRST, object)) == "first"
