"""Requests that change something must be JSON: a browser may send a form of another page, which is not JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from small_preview import DATASOURCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from small_preview import Small

CHANGES = [
    ("POST", "api/ds/query"),
    ("PUT", "api/datasources/uid/sales"),
    ("POST", "preview/streams"),
    ("POST", "preview/alerts"),
    ("POST", "preview/settings/write"),
]
OTHERS = [
    "text/plain",
    "text/plain; a=application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "",
]


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_body_that_is_not_json_is_refused(
    ask: Callable[..., tuple[int, Any]], small: Small, method: str, path: str, kind: str
) -> None:
    """The response is one sentence; the plugin gets no call, and nothing is saved."""
    small.source.update({"name": "Other"})
    status, answer = ask(path, {"name": "Third", "queries": [{"refId": "A"}]}, method=method, Content_Type=kind)

    assert status == 415
    assert answer["message"].startswith("the body must be sent as application/json, not as ")
    assert small.plugin.calls == []
    assert small.source.settings().name == "Other"
    assert _read_data_source(small.root) == DATASOURCE


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_json_body_is_accepted(ask: Callable[..., tuple[int, Any]], method: str, path: str, kind: str) -> None:
    """The media type may have parameters, and upper-case letters."""
    assert ask(path, {}, method=method, Content_Type=kind)[0] != 415


def _read_data_source(root: Path) -> str:
    return (root / "provisioning/datasources/one.yaml").read_text(encoding="utf-8")
