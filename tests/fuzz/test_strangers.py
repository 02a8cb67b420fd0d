"""For any untrusted archive, project, provisioning or text, gfplug ends with its own error."""

import io
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from mutations import ODD, changed_bytes, changed_json
from small_bundle import small_bundle
from small_project import small_project

from gfplug import terminal
from gfplug.cli import main
from gfplug.errors import GfplugError
from gfplug.untrusted import archives, documents

BUG = 1
"""The exit code of an unexpected error."""


def _archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in (
            ("p/a", b"text " * 50, 0o100644),
            ("p/l", b"a", 0o120777),
            ("p/b/c", b"", 0o100755),
        ):
            entry = zipfile.ZipInfo(name)
            entry.external_attr, entry.compress_type = mode << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return stream.getvalue()


@given(content=changed_bytes(_archive()))
@example(content=b"PK\5\6" + b"\0" * 18)
def test_any_archive_is_read_or_refused(content: bytes) -> None:
    """The bytes are almost a zip file; files that are read have the checked sizes and names."""
    try:
        with archives.open_archive(io.BytesIO(content), name="A.zip") as archive:
            for name, member in archive.members.items():
                assert len(archive.read(name)) == member.size < 1 << 20
                assert ".." not in name.split("/")
                assert stat.S_IFMT(member.mode) in (stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR)
    except GfplugError as error:
        assert str(error).isprintable()


@given(
    content=st.one_of(changed_bytes(b'{"a": [1, {"b": "c"}]}'), changed_bytes(b"a: &x [1]\nb: [*x, *x]\n"), st.binary())
)
@pytest.mark.parametrize("read", [documents.read_json, documents.read_toml, documents.read_yaml, documents.read_text])
def test_any_document_is_read_or_refused(tmp_path: Path, read: Any, content: bytes) -> None:
    """The bytes are almost JSON, YAML or TOML."""
    (tmp_path / "x").write_bytes(content)
    try:
        read(tmp_path / "x")
    except GfplugError as error:
        assert terminal.escape(str(error))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a bundle whose manifest changes."""
    return small_bundle(tmp_path_factory.mktemp("bundle") / "dist")


@pytest.fixture(scope="module")
def project_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project whose files change."""
    return small_project(tmp_path_factory.mktemp("project")).root


@given(data=st.data())
@pytest.mark.parametrize("command", ["check", "deploy"])
def test_any_manifest_of_a_bundle_is_checked(
    bundle: Path, capsys: pytest.CaptureFixture[str], command: str, data: st.DataObject
) -> None:
    """A plugin.json that is almost valid gives a finding or an error, without control characters for a terminal."""
    path = bundle / "plugin.json"
    valid = path.read_bytes()
    try:
        document = json.dumps(data.draw(changed_json(json.loads(valid)))).encode("utf-8", "surrogatepass")
        path.write_bytes(data.draw(st.sampled_from([document, document[:-5]])))

        assert main([command, str(bundle)]) != BUG
    finally:
        path.write_bytes(valid)
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert "Traceback" not in err


@given(data=st.data())
@pytest.mark.parametrize("name", ["plugin.json", "gfplug.lock"])
def test_any_file_of_a_project_is_checked(
    project_folder: Path, capsys: pytest.CaptureFixture[str], name: str, data: st.DataObject
) -> None:
    """A file of a cloned project is almost valid."""
    path = project_folder / name
    valid = path.read_bytes()
    try:
        document = json.dumps(data.draw(changed_json(json.loads(valid)))).encode("utf-8", "surrogatepass")
        path.write_bytes(document if data.draw(st.booleans()) else data.draw(changed_bytes(valid)))

        assert main(["check", str(project_folder)]) != BUG
    finally:
        path.write_bytes(valid)
    assert "\x1b" not in "".join(capsys.readouterr())


RULE = {
    "apiVersion": 1,
    "groups": [
        {
            "name": "g",
            "interval": "1m",
            "rules": [
                {
                    "title": "r",
                    "condition": "B",
                    "data": [
                        {"refId": "A", "datasourceUid": "x", "relativeTimeRange": {"from": 600, "to": 0}, "model": {}},
                        {"refId": "B", "datasourceUid": "__expr__", "model": {"type": "threshold", "expression": "A"}},
                    ],
                    "for": "5m",
                    "labels": {"a": "b"},
                }
            ],
        }
    ],
}
SOURCE = {"apiVersion": 1, "datasources": [{"name": "n", "type": "acme-sales-datasource", "uid": "x", "jsonData": {}}]}


@given(document=st.one_of(changed_json(RULE), changed_json(SOURCE), ODD))
def test_any_provisioning_is_read_or_refused(tmp_path: Path, document: object) -> None:
    """The YAML is almost Grafana's."""
    from gfplug.host import provisioning  # noqa: PLC0415 - beside the module that reads rules
    from gfplug.host.alerting import alert_rules  # noqa: PLC0415

    for folder, module in (("alerting", alert_rules), ("datasources", provisioning)):
        (tmp_path / folder).mkdir(exist_ok=True)
        try:
            (tmp_path / folder / "x.yaml").write_text(yaml.safe_dump(document), encoding="utf-8", errors="replace")
            reader = getattr(module, READERS[folder])
            reader(tmp_path / folder, *({"datasources": ["acme-sales-datasource"]}.get(folder, [])))
        except (GfplugError, yaml.YAMLError) as error:
            assert str(error)


READERS = {"alerting": "read_rules", "datasources": "find_datasource"}


@given(text=st.text())
@example(text="\x1b]0;x\x07\u202e\x9b2J")
def test_no_text_controls_a_terminal(text: str) -> None:
    """Control characters are escaped, and the rest of the text is unchanged."""
    escaped = terminal.escape(text, keep="")

    assert escaped.isprintable() or "\u200d" in escaped or "\u3000" in escaped or "\xa0" in escaped
    if text.isprintable():
        assert escaped == text
