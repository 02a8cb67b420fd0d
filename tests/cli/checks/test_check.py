"""`gfplug check`: a test breaks each rule of projects, bundles and archives, and valid ones have no errors."""

import hashlib
import json
import os
import shutil
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_bundle import MANIFEST, sign

from gfplug.bundle import packing
from gfplug.checks import check as service
from gfplug.cli import main
from gfplug.errors import IntegrityError, ProjectError
from gfplug.project.plugin_project import Project

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither these modes nor links for everybody")


def rules(path: Path, level: str = "error") -> set[str]:
    """Return the names of the rules that report something."""
    return {finding.rule for finding in service.check(path).findings if finding.level == level}


def change(dist: Path, **keys: Any) -> None:
    """Change keys of plugin.json; None removes a key."""
    content = {**json.loads((dist / "plugin.json").read_text()), **keys}
    (dist / "plugin.json").write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def test_a_valid_bundle_has_only_notes(dist: Path) -> None:
    """It is unsigned and not fit for the public catalog; both are notes."""
    assert rules(dist) == set()
    assert rules(dist, "warning") == set()
    assert rules(dist, "note") >= {"unsigned", "catalog"}


INFO: dict[str, Any] = MANIFEST["info"]


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ({"id": "Sales"}, "manifest-id"),
        ({"id": "acme-sales-panel"}, "manifest-id"),
        ({"type": "panel"}, "manifest-type"),
        ({"name": None}, "manifest-missing"),
        ({"info": None}, "manifest-missing"),
        ({"dependencies": {}}, "manifest-missing"),
        ({"dependencies": {"grafanaDependency": "newest"}}, "manifest-range"),
        ({"alerting": "true"}, "manifest-kind"),
        ({"routes": {}}, "manifest-kind"),
        ({"routes": [{"url": "x"}]}, "manifest-routes"),
        ({"backend": False}, "manifest-backend"),
        ({"executable": None}, "manifest-executable"),
        ({"executable": "../gpx"}, "manifest-executable"),
        ({"executable": "gpx_other"}, "executable-missing"),
        ({"info": {**INFO, "version": "1.2"}}, "manifest-version"),
        ({"info": {**INFO, "version": "%VERSION%"}}, "manifest-placeholder"),
        ({"info": {**INFO, "updated": "yesterday"}}, "manifest-updated"),
        ({"info": {**INFO, "logos": {"small": "img/logo.svg"}}}, "manifest-logos"),
        ({"info": {**INFO, "logos": {"small": "img/gone.svg", "large": "img/logo.svg"}}}, "manifest-file"),
        ({"info": {**INFO, "keywords": [1]}}, "manifest-kind"),
        ({"alerting": False}, "warning: manifest-alerting"),
        ({"metricz": True}, "warning: manifest-unknown"),
    ],
)
def test_each_rule_of_plugin_json_can_fail(dist: Path, keys: dict[str, Any], rule: str) -> None:
    """A value that Grafana refuses is an error; one that Grafana reads differently is a warning."""
    change(dist, **keys)
    level, _, name = rule.rpartition(": ")
    assert name in rules(dist, level or "error")


@pytest.mark.parametrize("text", [">=11.6.0", ">=11.6.0 <14.0.0", "^12.0.0", "12.x.x", ">=12.3.0-0"])
def test_version_ranges_that_grafana_reads_pass(dist: Path, text: str) -> None:
    """Grafana's own plugins use these forms."""
    change(dist, dependencies={"grafanaDependency": text})
    assert "manifest-range" not in rules(dist)


def drop(name: str) -> Callable[[Path], None]:
    """Return a change that removes a file."""
    return lambda dist: (dist / name).unlink()


@posix
@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        (drop("module.js"), "module"),
        (lambda dist: (dist / "plugin.json").write_text("{"), "manifest-json"),
        (lambda dist: (dist / "gpx_sales_linux_amd64").chmod(0o644), "executable-mode"),
        (lambda dist: (dist / "module.js").chmod(0o755), "asset-mode"),
        (lambda dist: (dist / "gpx_sales_linux_amd64").rename(dist / "gpx_sales_linux_arm64"), "executable-machine"),
        (lambda dist: (dist / "out").symlink_to("../../etc"), "link-outside"),
        (lambda dist: (dist / "gone").symlink_to("nowhere"), "link-nowhere"),
    ],
)
def test_a_bundle_that_would_not_start_or_load_is_an_error(
    dist: Path, damage: Callable[[Path], object], rule: str
) -> None:
    """The faults are in executables, in their modes and in links."""
    damage(dist)
    assert rule in rules(dist)


def test_a_signed_bundle_is_compared_with_its_manifest(dist: Path) -> None:
    """An unchanged bundle passes; changed, added and removed files are named."""
    sign(dist)
    assert rules(dist) == set()

    (dist / "module.js").write_text("changed")
    (dist / "new.js").write_text("")
    (dist / "README.md").unlink()
    errors = {finding.rule: finding.where for finding in service.check(dist).findings if finding.level == "error"}
    assert errors == {
        "signature-modified": "module.js",
        "signature-unlisted": "new.js",
        "signature-missing": "README.md",
    }


@pytest.mark.parametrize("word", ["abc", "nonsense", "", "iQIzBAEBCAAdFiEE" * 10])
def test_check_says_that_it_cannot_verify_a_signature(
    dist: Path, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    """Without a key, gfplug cannot verify a signature, and says so for any signature."""
    sign(dist)
    path = dist / "MANIFEST.txt"
    path.write_text(path.read_text().replace("\nabc\n", f"\n{word}\n"))

    assert main(["check", str(dist)]) == 0
    assert "the bundle has a signature, which gfplug cannot verify" in capsys.readouterr().out


def test_an_unclosed_manifest_is_read_in_linear_time(dist: Path) -> None:
    """A text with a hundred thousand beginnings is not a signed manifest, and is refused fast."""
    (dist / "MANIFEST.txt").write_text("-----BEGIN PGP SIGNED MESSAGE-----\n\n" * 100_000)
    began = time.process_time()

    assert "signature" in {finding.rule for finding in service.check(dist).findings if finding.level == "error"}
    assert time.process_time() - began < 2


@pytest.mark.parametrize("text", ["1" * 60 + "!", "1 " * 60 + "!", ">=" * 200, "1.x-" * 100 + "!", "|| " * 100])
def test_a_long_version_range_is_judged_in_linear_time(dist: Path, text: str) -> None:
    """An invalid range is an error at once."""
    change(dist, dependencies={"grafanaDependency": text})
    began = time.process_time()

    assert "manifest-range" in rules(dist)
    assert time.process_time() - began < 2


def test_a_signature_of_another_version_is_an_error(dist: Path) -> None:
    """The bundle was signed before its version was raised."""
    sign(dist, version="0.0.9")
    assert "signature" in rules(dist)


def test_an_archive_is_checked_without_unpacking(dist: Path, tmp_path: Path) -> None:
    """A good archive passes, and its checksum is compared."""
    packing.pack(dist, tmp_path / "x.zip")
    assert rules(tmp_path / "x.zip") == set()

    packing.digest_path(tmp_path / "x.zip").write_text(f"{hashlib.sha256(b'').hexdigest()}  x.zip\n")
    assert rules(tmp_path / "x.zip") == {"digest"}


def test_an_archive_with_an_outside_path_or_two_folders_is_an_error(tmp_path: Path) -> None:
    """An installer must not unpack it."""
    for name in ("two/x", "two/../../x"):
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            archive.writestr("one/plugin.json", json.dumps(MANIFEST))
            archive.writestr(name, "")
        if ".." in name:
            with pytest.raises(IntegrityError, match=r"names 'two/\.\./\.\./x'"):
                service.check(tmp_path / "x.zip")
        else:
            assert "archive-roots" in rules(tmp_path / "x.zip")


@pytest.mark.parametrize(("name", "kind"), [("x.zip", IntegrityError), ("gone", ProjectError), (".", ProjectError)])
def test_a_path_that_cannot_be_checked_is_refused(tmp_path: Path, name: str, kind: type[Exception]) -> None:
    """It is a file that is not an archive, a missing path, or a folder that is not a project."""
    (tmp_path / "x.zip").write_bytes(b"PK\3\4 not really")

    with pytest.raises(kind, match="not a whole zip file" if kind is IntegrityError else None):
        service.check(tmp_path / name)


def test_findings_decide_the_exit_code(dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No finding gives 0, an error 3, a warning 3 with --strict; --json prints one object."""
    assert main(["check", str(dist)]) == 0
    change(dist, alerting=False)
    assert main(["check", str(dist)]) == 0
    assert main(["check", str(dist), "--strict"]) == 3
    capsys.readouterr()
    change(dist, backend=False)
    assert main(["check", str(dist), "--json"]) == 3
    report = json.loads(capsys.readouterr().out)
    assert (report["kind"], report["counts"]["error"]) == ("bundle", 1)
    assert report["findings"][0]["rule"] == "manifest-backend"


def test_wrong_modes_are_reported_in_an_archive(dist: Path, tmp_path: Path) -> None:
    """The bundle was copied without its modes before it was packed."""
    if os.name != "posix":
        pytest.skip("modes")
    copy = shutil.copytree(dist, tmp_path / "copy")
    (copy / "gpx_sales_linux_amd64").chmod(0o644)
    packing.pack(copy, tmp_path / "x.zip")
    assert "executable-mode" in rules(tmp_path / "x.zip")


def test_a_long_dependency_is_checked_in_little_time(project: Project) -> None:
    """The search for a lower bound is linear: a name of 20,000 letters took 2 s, and twice as many took 9 s."""
    path = project.root / "pyproject.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("dependencies = [", f'dependencies = ["{"a" * 200_000}", ')
    )
    began = time.process_time()

    assert "stub-floor" in rules(project.root, "warning") | rules(project.root)
    assert time.process_time() - began < 5
