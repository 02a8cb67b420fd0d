"""The public names of the runtime, and their parameters, are those that public_api.json records."""

from __future__ import annotations

import json

import public_api
import pytest
from packaging.version import Version


def test_the_public_api_is_the_recorded_one() -> None:
    """Names that authors use stay, and no name becomes public by accident."""
    before, now = json.loads(public_api.RECORD.read_text(encoding="utf-8")), public_api.describe_api()
    losses, gains = public_api.list_losses(before, now), public_api.list_losses(now, before)
    changes = [*losses, *(f"{gain.removesuffix('is gone')}is new" for gain in gains if gain.endswith("is gone"))]

    if before != now:
        pytest.fail("\n".join([*changes, "If it is meant: python tests/runtime/public_api.py --update"]), pytrace=False)


@pytest.mark.parametrize(
    ("after", "sentences"),
    [
        ({}, ["f is gone"]),
        ({"f": ["a", "c=2"]}, ["f: the parameter b=1 is gone"]),
        ({"f": ["a", "b=2", "c=2"]}, ["f: the parameter b=1 is gone"]),
        ({"f": ["b=1", "a", "c=2"]}, ["f: the parameters are in another order"]),
        ({"f": None}, ["f: a method became an attribute"]),
        ({"f": ["a", "b=1", "c=2", "d=3"], "g": None}, []),
    ],
)
def test_removed_names_and_parameters_are_listed(after: dict[str, list[str] | None], sentences: list[str]) -> None:
    """Names and parameters are listed; new ones are allowed."""
    assert public_api.list_losses({"f": ["a", "b=1", "c=2"]}, after) == sentences


def test_the_record_has_the_first_version_of_each_name() -> None:
    """A name keeps its version; no name has a future version."""
    names = json.loads(public_api.RECORD.read_text(encoding="utf-8"))
    since = json.loads(public_api.SINCE.read_text(encoding="utf-8"))

    assert list(since) == list(names), "python tests/runtime/public_api.py --update"
    assert max(map(Version, since.values())) <= Version(public_api.current_version())


def test_a_new_name_gets_this_version() -> None:
    """Other names keep their versions, and a removed name is dropped."""
    api: public_api.Api = {"f": [], "g": None}

    assert public_api.first_versions(api, {"f": "0.1.0", "h": "0.1.0"}, version="0.3.0") == {"f": "0.1.0", "g": "0.3.0"}
