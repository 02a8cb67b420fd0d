"""`gfplug proto`: its output, the streams, and its exit codes."""

import json
from pathlib import Path

import pytest

from gfplug import cli, sdk

pytestmark = pytest.mark.usefixtures("here")


def test_list_names_the_default_first(capsys: pytest.CaptureFixture[str]) -> None:
    """The newest release comes first, with one line each and a heading."""
    assert cli.main(["proto", "list"]) == 0
    head, first, *_ = capsys.readouterr().out.splitlines()

    assert head.split("  ")[0] == "VERSION"
    assert first.split() == [str(sdk.default()), "2026-10-26", "-", "default,", "embedded"]


def test_list_as_json_has_all_facts(capsys: pytest.CaptureFixture[str]) -> None:
    """It has every release with its data."""
    assert cli.main(["proto", "list", "--json"]) == 0
    releases = {release["version"]: release for release in json.loads(capsys.readouterr().out)}

    assert releases["v0.298.0"]["default"]
    assert releases["v0.291.0"]["embedded"]
    assert "v0.298.0" in releases["v0.291.0"]["same_wire"]
    assert "v0.298.0" not in releases["v0.97.0"]["same_wire"]
    assert not any(release["project"] for release in releases.values())


def test_list_remote_reads_the_configured_source(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A release that the index does not have is marked as unknown."""
    folder = tmp_path / "proxy" / "github.com/grafana/grafana-plugin-sdk-go/@v"
    folder.mkdir(parents=True)
    (folder / "list").write_text("v0.999.0\n")
    monkeypatch.setenv("GOPROXY", (tmp_path / "proxy").as_uri())

    assert cli.main(["proto", "list", "--remote"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["v0.999.0", "-", "-", "not", "in", "the", "index"]


def test_show_prints_the_proto(capsys: pytest.CaptureFixture[str]) -> None:
    """Outside a project it is the default's; the output works with --from."""
    assert cli.main(["proto", "show"]) == 0
    output = capsys.readouterr().out

    assert output.encode() == sdk.fetch(sdk.default(), offline=True).text


def test_show_descriptor_prints_only_the_digest(capsys: pytest.CaptureFixture[str]) -> None:
    """Two releases with one digest have the same messages and services."""
    assert cli.main(["proto", "show", "v0.291.0", "--descriptor"]) == 0
    old = capsys.readouterr().out
    assert cli.main(["proto", "show", "v0.298.0", "--descriptor"]) == 0

    assert capsys.readouterr().out == old
    assert old.startswith("sha256:")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["show", "newest"], 2, "is not a release of the Go SDK"),
        (["show", "v0.298"], 2, "is not a release of the Go SDK"),
        (["show", "v0.96.0"], 7, "too old"),
        (["show", "v0.250.0"], 4, "GOPROXY=off forbids the network"),
        (["show", "v0.250.0", "--offline"], 4, "not on this machine"),
        (["show", "--from", "missing"], 4, "missing does not exist"),
        (["show", "--from", "page.html"], 5, "is a web page"),
        (["list", "--remote"], 4, "GOPROXY=off forbids the network"),
        (["verify"], 3, "is not in a gfplug project"),
    ],
)
def test_each_failure_has_its_exit_code(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, sentence: str
) -> None:
    """They are a typing error, an old version, an unavailable file, a wrong file, and no project."""
    (here / "page.html").write_text("<!doctype html><p>sign in")

    assert cli.main(["proto", *arguments]) == code
    output = capsys.readouterr()
    assert sentence in output.err
    assert output.out == ""
