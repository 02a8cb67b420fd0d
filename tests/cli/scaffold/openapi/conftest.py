"""Fixtures for the modules generated from a description."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from few_authorities import authorities, few_authorities
from openapi_sources import WEATHER, import_source
from upstream_world import World

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["authorities", "few_authorities", "weather", "world"]


@pytest.fixture(scope="module")
def weather(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Run the weather API's mock, and import its modules."""
    with import_source(WEATHER, tmp_path_factory.mktemp("weather")) as modules, modules["mock"].Mock() as mock:
        mock.RequestHandlerClass.log_message = lambda *_: None
        threading.Thread(target=mock.serve_forever, args=(0.01,), daemon=True).start()
        yield World(modules, mock)
        mock.shutdown()


@pytest.fixture
def world(weather: World) -> World:
    """Reset the mock."""
    weather.mock.received.clear()
    weather.mock.is_empty, weather.mock.failure = False, ""
    return weather
