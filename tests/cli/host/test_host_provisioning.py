"""Data sources in Grafana's provisioning files."""

import json
import logging
import os
from pathlib import Path

import pytest

from gfplug.errors import ProjectError, UsageError
from gfplug.host import provisioning
from gfplug.host.settings import Settings

ID = "acme-sales-datasource"
FILE = f"""\
apiVersion: 1
datasources:
  - name: Other
    type: prometheus
    url: http://other
  - name: Sales
    uid: sales
    type: {ID}
    url: http://$HOST:$PORT/
    basicAuth: true
    basicAuthUser: me
    jsonData:
      step: 5
      price: "5$$"
      nested: [{{path: "${{HOST}}/x"}}]
    secureJsonData:
      token: $__env{{TOKEN}}
"""
ENVIRONMENT = {"HOST": "api", "PORT": "80", "TOKEN": "hush"}


def test_the_first_data_source_of_the_plugin_is_found(tmp_path: Path) -> None:
    """It has the plugin's type; files are read in the order of their names, and variables are filled in."""
    (tmp_path / "b.yaml").write_text(FILE, encoding="utf-8")
    (tmp_path / "a.yml").write_text("apiVersion: 1\n", encoding="utf-8")
    source = provisioning.find_datasource(tmp_path, ID, environment=ENVIRONMENT)

    assert source is not None
    assert (source.name, source.uid, source.url) == ("Sales", "sales", "http://api:80/")
    assert (source.basic_auth_enabled, source.basic_auth_user) == (True, "me")
    assert source.options == {"step": 5, "price": "5$", "nested": [{"path": "api/x"}]}
    assert source.secrets == {"token": "hush"}


def test_a_folder_without_a_data_source_of_the_plugin_gives_none(tmp_path: Path) -> None:
    """A missing folder or a data source of another plugin is not an error."""
    assert provisioning.find_datasource(tmp_path / "missing", ID) is None

    (tmp_path / "a.yaml").write_text(FILE, encoding="utf-8")

    assert provisioning.find_datasource(tmp_path, "other-datasource", environment=ENVIRONMENT) is None


def test_a_secret_can_be_read_from_a_file(tmp_path: Path) -> None:
    """The secret is the file's text without the line end."""
    (tmp_path / "token").write_text("hush\n", encoding="utf-8")

    assert provisioning.interpolate(f"<$__file{{{tmp_path / 'token'}}}>") == "<hush>"


def test_an_unset_variable_is_empty_and_gives_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """Grafana gives no warning."""
    with caplog.at_level(logging.WARNING, "gfplug"):
        value = provisioning.interpolate("a${NOPE}b", {})

    assert value == "ab"
    assert "NOPE" in caplog.text


def test_a_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    """The author can repair it."""
    (tmp_path / "a.yaml").write_text("apiVersion: 1\ndatasources: [\n", encoding="utf-8")
    with pytest.raises(ProjectError, match=r"a\.yaml is not valid YAML: .* at line 3"):
        provisioning.find_datasource(tmp_path, ID)


def test_a_file_with_a_single_data_source_is_read(tmp_path: Path) -> None:
    """It has the keys of a data source without the list around; JSON is YAML."""
    path = tmp_path / "one.json"
    path.write_text('{"url": "http://x", "jsonData": {"a": 1}}', encoding="utf-8")

    assert provisioning.read(path, ID).options == {"a": 1}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "does not exist"),
        ("[]", "is not a mapping"),
        ("datasources: []", f"no data source of type {ID}"),
        ("jsonData: [1]", "'jsonData' is not a mapping"),
        ("url: [1]", "'url' is not text"),
    ],
)
def test_a_given_file_must_have_a_data_source_of_the_plugin(tmp_path: Path, content: str | None, sentence: str) -> None:
    """A file named on the command line is not ignored."""
    path = tmp_path / "settings.yaml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError) as excinfo:
        provisioning.read(path, ID)

    assert sentence in excinfo.value.message


def test_a_date_stays_text(tmp_path: Path) -> None:
    """The plugin gets it as JSON."""
    path = tmp_path / "one.yaml"
    path.write_text("jsonData: {since: 2026-01-31, at: 2026-01-31T12:00:00Z}\n", encoding="utf-8")
    options = provisioning.read(path, ID).options

    assert json.loads(json.dumps(options)) == {"since": "2026-01-31", "at": "2026-01-31T12:00:00Z"}


def test_values_of_other_types_become_the_written_text(tmp_path: Path) -> None:
    """Null is empty, and true stays true; a key may be a number."""
    path = tmp_path / "one.yaml"
    path.write_text("database: true\nuser:\nsecureJsonData: {a: , b: true, 3: 4}\n", encoding="utf-8")
    source = provisioning.read(path, ID)

    assert (source.database, source.user) == ("true", "")
    assert source.secrets == {"a": "", "b": "true", "3": "4"}


@pytest.mark.shows("errors: a FIFO")
@pytest.mark.skipif(os.name != "posix", reason="FIFOs and devices of POSIX")
@pytest.mark.parametrize("kind", ["binary", "fifo", "device", "folder", "missing"])
def test_a_provisioning_path_that_is_not_a_text_file_is_refused(tmp_path: Path, kind: str) -> None:
    """This includes the file of a variable: gfplug does not wait for it, and shows no secret."""
    path = tmp_path / "a.yaml"
    if kind == "binary":
        path.write_bytes(b"hush\xff")
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if kind == "device" else tmp_path / "none")
    for read in (
        lambda: provisioning.interpolate(f"$__file{{{path}}}"),
        lambda: provisioning.find_datasource(tmp_path, ID),
    ):
        with pytest.raises(ProjectError, match=r"a\.yaml") as excinfo:
            read()

        assert "hush" not in f"{excinfo.value.message}{excinfo.value.hint}"


def source_of(folder: Path, lines: str) -> Settings:
    """Read a data source from a file with these lines."""
    (folder / "a.yaml").write_text(f"datasources:\n  - type: {ID}\n{lines}", encoding="utf-8")
    source = provisioning.find_datasource(folder, ID, environment={})
    assert source is not None
    return source


def test_options_that_older_yaml_converts_stay_texts(tmp_path: Path) -> None:
    """These are dates, times, words and keys."""
    source = source_of(tmp_path, "    jsonData: {since: 2024-01-01, at: 12:30:45, region: no, on: x, 1: {off: y}}\n")

    assert json.dumps(source.options) == (
        '{"since": "2024-01-01", "at": "12:30:45", "region": "no", "on": "x", "1": {"off": "y"}}'
    )


@pytest.mark.parametrize("text", ["0123", "1_000", "1e5", "2024-01-01", "no", "true", "12:30:45", "0x1F", "1.50"])
def test_texts_and_secrets_keep_their_digits(tmp_path: Path, text: str) -> None:
    """Grafana reads them as texts, so a password of digits keeps its zeros."""
    source = source_of(tmp_path, f"    database: {text}\n    user: {text}\n    secureJsonData: {{token: {text}}}\n")

    assert (source.database, source.user, source.secrets) == (text, text, {"token": text})


@pytest.mark.parametrize(("text", "is_on"), [("true", True), ("1", True), ("T", True), ("false", False), ("0", False)])
def test_basic_authentication_is_true_or_false(tmp_path: Path, text: str, *, is_on: bool) -> None:
    """Go's words are accepted; with `no` Grafana would not start."""
    assert source_of(tmp_path, f"    basicAuth: {text}\n").basic_auth_enabled is is_on

    with pytest.raises(UsageError, match="'basicAuth' must be true or false, got 'no'"):
        source_of(tmp_path, "    basicAuth: no\n")
