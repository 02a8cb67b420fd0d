"""`gfplug check` names the gfruntime in a bundle or archive, and the advisories about it."""

import json
from pathlib import Path
from typing import Any

import pytest

from gfplug.bundle import packing
from gfplug.bundle.rules import advisories
from gfplug.bundle.rules.advisories import Advisory
from gfplug.checks import check as service

ADVISORY = {
    "id": "GHSA-2222-3333-4444",
    "package": "gfruntime",
    "since": "0.2",
    "fixed": "0.2.3",
    "severity": "high",
    "summary": "A query can read another user's cache.",
    "url": "https://example.com/GHSA-2222-3333-4444",
}


def components(runtime: str = "0.2.1", gfplug: str = "0.2.1") -> dict[str, Any]:
    """Return the relevant part of a bundle's list of components."""
    return {
        "metadata": {"tools": {"components": [{"name": "gfplug", "version": gfplug}]}},
        "components": [{"name": "urllib3", "version": "2.8.0"}, {"name": "gfruntime", "version": runtime}],
    }


def write(dist: Path, content: Any, platform: str = "linux_amd64") -> None:
    """Put a list of components into a bundle."""
    path = dist / f"sbom_{platform}.cdx.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    path.chmod(0o644)


def know(monkeypatch: pytest.MonkeyPatch, *advisory: dict[str, str]) -> None:
    """Replace gfplug's advisories by these."""
    monkeypatch.setattr(advisories, "read", lambda: tuple(Advisory.from_json(each) for each in advisory))


def findings(path: Path) -> list[tuple[str, str, str]]:
    """Return level, place and message of the findings about the runtime."""
    return [
        (each.level, each.where, each.message)
        for each in service.check(path).findings
        if each.rule in {"advisory", "runtime"}
    ]


@pytest.fixture(params=["folder", "archive"])
def target(request: pytest.FixtureRequest, dist: Path, tmp_path: Path) -> Path:
    """Return a bundle with runtime 0.2.1, and the same as an archive."""
    write(dist, components())
    if request.param == "folder":
        return dist
    archive = tmp_path / "acme-sales-datasource-1.2.3.linux_amd64.zip"
    packing.pack(dist, archive)
    return archive


def test_the_runtime_version_of_a_bundle_is_a_note(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gfplug that built it is named, too; advisories about other versions are not reported."""
    know(monkeypatch, {**ADVISORY, "fixed": "0.2.1"})

    assert findings(target) == [("note", "sbom_linux_amd64.cdx.json", "runs gfruntime 0.2.1, built by gfplug 0.2.1")]


def test_a_known_vulnerability_is_an_error(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what an attacker can do, and which gfplug has the fix."""
    know(monkeypatch, ADVISORY)
    worst = service.check(target).findings[0]

    assert (worst.level, worst.rule, worst.where) == ("error", "advisory", "sbom_linux_amd64.cdx.json")
    assert worst.message == ("gfruntime 0.2.1 has GHSA-2222-3333-4444 (high): A query can read another user's cache.")
    assert "gfplug 0.2.3 or newer" in worst.hint
    assert ADVISORY["url"] in worst.hint


@pytest.mark.parametrize(
    ("severity", "level"), [("low", "warning"), ("moderate", "warning"), ("high", "error"), ("critical", "error")]
)
def test_severity_decides_the_level(dist: Path, monkeypatch: pytest.MonkeyPatch, severity: str, level: str) -> None:
    """A warning lets `gfplug check` pass, except with --strict."""
    know(monkeypatch, {**ADVISORY, "severity": severity})
    write(dist, components())

    assert [each for each, _, message in findings(dist) if "GHSA" in message] == [level]


def test_an_advisory_for_gfplug_applies_to_bundles_of_that_version(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The editors in module.js, for example, are not a part of gfruntime."""
    know(monkeypatch, {**ADVISORY, "package": "gfplug"})
    write(dist, components(runtime="0.2.3", gfplug="0.2.2"))

    assert [message.partition(" (")[0] for level, _, message in findings(dist) if level == "error"] == [
        "gfplug 0.2.2 has GHSA-2222-3333-4444"
    ]


def test_each_platform_has_its_runtime(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Merged archives may come from different versions; pre-releases are ordered, too."""
    know(monkeypatch, ADVISORY)
    write(dist, components(runtime="0.2.3"))
    write(dist, components(runtime="0.2.3rc1"), "linux_arm64")

    assert [(level, where) for level, where, _ in findings(dist)] == [
        ("error", "sbom_linux_arm64.cdx.json"),
        ("note", "sbom_linux_amd64.cdx.json"),
        ("note", "sbom_linux_arm64.cdx.json"),
    ]


def test_a_bundle_without_a_list_of_components_is_reported(dist: Path) -> None:
    """`gfplug dev` or an early gfplug made it."""
    (finding,) = findings(dist)

    assert finding[0] == "note"
    assert "is unknown" in finding[2]


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {"components": [], "metadata": {}},
        {**components(), "components": 3},
        {**components(), "components": ["gfruntime"]},
        {**components(), "components": [{"name": "gfruntime", "version": "newest"}]},
        {**components(), "components": [{"name": "gfruntime", "version": None}]},
        {**components(), "components": [{"name": ["gfruntime"], "version": "0.2.1"}]},
    ],
)
def test_a_list_of_components_without_a_runtime_is_a_warning(dist: Path, content: Any) -> None:
    """A version that cannot be compared may be vulnerable."""
    write(dist, content)

    assert [(level, message) for level, _, message in findings(dist)] == [
        ("warning", "it names no version of gfruntime")
    ]


def test_the_shipped_advisories_are_valid() -> None:
    """Each appears once, in the documented format."""
    ids = [each.id for each in advisories.read()]

    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "change",
    [
        {"id": 3},
        {"note": "x"},
        {"package": "urllib3"},
        {"severity": "grave"},
        {"since": "early"},
        {"since": "0.2.3"},
        {"fixed": "soon"},
    ],
)
def test_an_advisory_in_another_format_is_refused(change: dict[str, Any]) -> None:
    """Otherwise it would never match."""
    with pytest.raises(ValueError, match=r"."):
        Advisory.from_json({**ADVISORY, **change})


def test_an_advisory_without_a_key_is_refused() -> None:
    """The error names the missing key."""
    with pytest.raises(ValueError, match="fixed"):
        Advisory.from_json({key: value for key, value in ADVISORY.items() if key != "fixed"})
