"""Instances: one object per configured data source and tenant, replaced when its settings change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from messages import START_MS, context, query, query_request, settings
from programs import BUNDLE_MARKS, executable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hostclient import Plugin
    from programs import Programs


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("go", marks=pytest.mark.long),
        "probe",
        "probe-http2",
        pytest.param("probe-built", marks=BUNDLE_MARKS),
    ],
)
def probe(request: pytest.FixtureRequest, programs: Programs) -> Path:
    """Return the probe in one process: with workers, each has its own instances."""
    return executable(programs, request.param)


def instance(plugin: Plugin, source: Mapping[str, Any], *, tenant: str = "", **parts: Any) -> str:
    """Return the id of the object that answers."""
    request = query_request(query(kind="echo")) | {"pluginContext": context(source, **parts)}
    metadata = {"tenantid": [tenant]} if tenant else {}
    answer = plugin.ask("query", request=request, metadata=metadata)["responses"]["A"]
    return str(answer["frames"][0]["fields"][0]["values"][0]["instance"])


@pytest.mark.shows("protocol 77")
def test_equal_settings_use_the_same_instance(running: Plugin) -> None:
    """Two queries without a change get answers from the same object (item 77)."""
    source = settings(uid="same", number=11)

    assert instance(running, source) == instance(running, source)


@pytest.mark.shows("protocol 77")
def test_concurrent_first_requests_share_one_instance(running: Plugin) -> None:
    """Fifty concurrent first requests create one object (item 77)."""
    request = query_request(query(kind="echo"), settings=settings(uid="crowd", number=12))
    answers = [pending.result() for pending in [running.send("query", request=request) for _ in range(50)]]

    assert (
        len({str(each["responses"]["A"]["frames"][0]["fields"][0]["values"][0]["instance"]) for each in answers}) == 1
    )


@pytest.mark.shows("protocol 78", "protocol 81")
def test_saved_settings_make_a_new_instance(running: Plugin) -> None:
    """Another time of change, later or earlier, creates another object (items 78, 81)."""
    births = [
        instance(running, settings(uid="saved", number=13, updated_ms=START_MS + shift)) for shift in (0, 1000, -1000)
    ]

    assert len(set(births)) == 3


@pytest.mark.shows("protocol 78")
def test_changed_grafana_config_makes_a_new_instance(running: Plugin) -> None:
    """Another value in Grafana's config creates another object (item 78)."""
    source = settings(uid="config", number=14)
    births = [instance(running, source, grafanaConfig={"GF_SQL_ROW_LIMIT": limit}) for limit in ("10", "20")]

    assert births[0] != births[1]


@pytest.mark.shows("protocol 80")
def test_tenants_share_nothing(running: Plugin) -> None:
    """Each tenant and each data source has its own object (item 80)."""
    source = settings(uid="tenants", number=15)
    births = [
        instance(running, source, tenant="one"),
        instance(running, source, tenant="two"),
        instance(running, settings(uid="another", number=16), tenant="one"),
    ]

    assert len(set(births)) == 3
    assert instance(running, source, tenant="one") == births[0]


def test_organisations_share_nothing(running_python: Plugin) -> None:
    """Each organisation has its own object."""
    source = settings(uid="organisations", number=17)

    assert instance(running_python, source) != instance(running_python, source, orgId=2)
