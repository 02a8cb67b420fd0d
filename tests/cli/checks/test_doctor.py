"""`gfplug doctor` describes the machine, and explains each known start failure from its log line."""

import io
import json
import re
import sys
import time
from pathlib import Path

import pytest

from gfplug.checks import doctor
from gfplug.checks.doctor import Examination
from gfplug.cli import main
from gfplug.host import failures

ABSENT = "FileNotFoundError: [Errno 2] No such file or directory:"
LINES = {
    "glibc-too-old": "./gpx_x: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by ./gpx_x)",
    "missing-library": "gpx_x: error while loading shared libraries: libz.so.1: cannot open shared object file: No",
    "no-such-file": 'error="fork/exec /var/lib/grafana/plugins/x/gpx_x_linux_arm64: no such file or directory"',
    "exec-format": "fork/exec /var/lib/grafana/plugins/x/gpx_x_linux_amd64: exec format error",
    "not-executable": "fork/exec /var/lib/grafana/plugins/x/gpx_x_linux_amd64: permission denied",
    "executable-asset": "access is forbidden to executable plugin file",
    "stdout": "Unrecognized remote plugin message: hello",
    "cookie": "This is a Grafana data source plugin. It is started by Grafana and is not meant to be run by hand.",
    "gencode": "google.protobuf.runtime_version.VersionError: Detected incompatible Protobuf Gencode/Runtime versions",
    "grpc-gencode": "RuntimeError: The grpc package installed is at version 1.60.0, but the generated code in x",
    "own-module": "ModuleNotFoundError: No module named 'plugin.datasource'",
    "import": "ModuleNotFoundError: No module named 'yaml.reader'",
    "own-data-file": f"{ABSENT} '/p/_internal_linux_amd64/plugin/sql/a.sql'",
    "source-file": f"{ABSENT} '/p/_internal_linux_amd64/adbc_driver_sqlite/_static_version.py'",
    "data-file": f"{ABSENT} '/p/_internal_linux_amd64/botocore/data/x.json'",
    "metadata": "importlib.metadata.PackageNotFoundError: No package metadata was found for opentelemetry-api",
    "environment": '  File "<frozen os>", line 679, in __getitem__',
    "unsigned": 'logger=plugin.signature.validator level=warn msg="Plugin is unsigned" pluginId=acme-sales-datasource',
    "modified": "plugin 'acme-sales-datasource' has a modified signature",
    "root-url": "root URLs mismatch for plugin",
    "tls": "remote error: tls: bad certificate",
    "timeout": "timeout while waiting for plugin to start",
    "temp": "FileNotFoundError: No usable temporary directory found in ['/tmp']",
    "message-size": "grpc: received message larger than max (20000000 vs. 16777216)",
    "unavailable": 'logger=context level=error msg="Plugin unavailable" error="plugin unavailable"',
}


@pytest.mark.parametrize(("name", "line"), LINES.items())
def test_each_start_failure_is_explained_from_its_log_line(name: str, line: str) -> None:
    """Cause and remedy are complete sentences."""
    (failure,) = failures.explain(line)

    assert failure.name == name
    for text in (failure.cause, failure.remedy):
        assert text.endswith((".", ")", "?"))
        assert not re.search(r"[{}]", text)


def test_every_start_failure_has_an_example() -> None:
    """A new failure needs a log line in this module."""
    assert set(LINES) == {failure.name for failure in failures.FAILURES}


def test_an_explanation_has_the_names_in_the_log_line() -> None:
    """These are the version, the library and the module."""
    text = "\n".join(LINES[name] for name in ("glibc-too-old", "missing-library", "import"))
    explanation = " ".join(f"{each.cause} {each.remedy}" for each in failures.explain(text))

    assert "glibc 2.38" in explanation
    assert "libz.so.1" in explanation
    assert '"yaml.reader" to HIDDEN_IMPORTS' in explanation


@pytest.mark.shows("errors: a file that your code")
@pytest.mark.parametrize(
    ("line", "entry"),
    {
        LINES["own-data-file"]: '("src/plugin/sql/a.sql", "plugin/sql")',
        LINES["own-data-file"].replace("sql/", ""): '("src/plugin/a.sql", "plugin")',
        LINES["source-file"]: 'collect_data_files("adbc_driver_sqlite", include_py_files=True)',
        LINES["data-file"]: 'collect_data_files("botocore")',
        "OSError: ..., invalid path: /p/_internal_linux_arm64/certifi/cacert.pem": 'collect_data_files("certifi")',
        r"FileNotFoundError: [WinError 3] The system cannot find the path specified: 'C:\\x\\_internal_windows_amd64"
        r"\\botocore\\data'": 'collect_data_files("botocore")',
        'IO Error: Cannot open file "/p/_internal_darwin_arm64/acme/a.db": No such file or directory': '("acme")',
        LINES["metadata"]: 'copy_metadata("opentelemetry-api")',
    }.items(),
)
def test_the_remedy_for_a_missing_data_file_is_an_entry_in_plugin_spec(line: str, entry: str) -> None:
    """The error is from Python, the system, requests or a template engine."""
    remedy = failures.remedy(line)

    assert remedy.startswith("Add it to DATA in plugin.spec: ")
    assert entry in remedy


@pytest.mark.parametrize("path", ["/etc/acme/botocore/data", "/p/internal/x/y", "/p/_internal_linux_amd64"])
def test_a_missing_file_outside_the_bundle_gets_no_remedy(path: str) -> None:
    """A line in `plugin.spec` would not add it."""
    assert failures.remedy(f"{ABSENT} '{path}'") == ""


def test_a_missing_ctypes_library_is_explained() -> None:
    """PyInstaller has its own message for it."""
    line = "PyInstallerImportError: Failed to load dynlib/dll '/p/libusb.so'. Most likely this dynlib/dll was not found"

    assert "libusb.so" in failures.remedy(line)


def test_a_whole_log_is_explained_once_for_each_failure() -> None:
    """Grafana repeats messages, and ordinary lines are ignored."""
    log = "\n".join(["level=info msg=started", *[LINES["no-such-file"]] * 3, LINES["unavailable"]])

    assert [each.name for each in failures.explain(log)] == ["no-such-file", "unavailable"]


def test_only_causes_have_a_remedy() -> None:
    """Consequences and unknown texts have no remedy."""
    assert failures.remedy(f"{LINES['unavailable']}\n{LINES['cookie']}").startswith("Start it with `gfplug call")
    assert failures.remedy(LINES["unavailable"]) == failures.remedy("all is well") == ""


def test_the_command_explains_a_line_or_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """The output is text or JSON; an unknown line gives exit code 2."""
    assert main(["doctor", "--explain", LINES["stdout"]]) == 0
    assert "handshake" in capsys.readouterr().out
    assert main(["doctor", "--explain", LINES["stdout"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["name"] == "stdout"
    assert main(["doctor", "--explain", "all is well"]) == 2


def test_a_failed_examination_shows_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 6, and the remedy has its own line."""
    bad = Examination(name="disk", is_good=False, state="full", remedy="make room")
    monkeypatch.setattr(doctor, "examine", lambda _project, *, folder: [bad] if folder else [])

    assert main(["doctor", str(tmp_path)]) == 6
    assert "make room" in capsys.readouterr().out


def test_a_log_that_is_not_utf_8_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Many programs write to one log."""
    log = b"caf\xe9 \xff\n" + LINES["stdout"].encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(log), encoding="utf-8"))

    assert main(["doctor", "--explain", "-"]) == 0
    assert LINES["stdout"] in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="devices of POSIX")
def test_an_endless_log_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It does not fill the memory."""
    with Path("/dev/zero").open(encoding="utf-8") as endless:
        monkeypatch.setattr(sys, "stdin", endless)

        assert main(["doctor", "--explain", "-"]) == 2
    assert "standard input has more than 64 MB" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", ["gencode ", "root url ", "Detected incompatible ", "No such file or directory ", "/_internal_x_y/a"]
)
def test_a_long_line_is_read_in_linear_time(words: str) -> None:
    """Patterns that read a part twice would take minutes."""
    began = time.process_time()

    assert failures.explain(words * 200_000) == []
    assert time.process_time() - began < 5
