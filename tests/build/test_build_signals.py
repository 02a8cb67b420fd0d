"""A real build of the default example: its files, its start in other places, and its reproducibility."""

import json
import os
import re
import shutil
import signal
import ssl
import stat
import subprocess
import sys
import time
import zipfile
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from building import SLOWEST_BUILD_S, BuiltProject, Interpreter, build, command, gfplug, must_build, variables
from commands import run
from environments import clean

from gfplug import files
from gfplug.host.convert import Query
from gfplug.host.launch import launch
from gfplug.host.smoke import smoke
from gfplug.host.target import Target


def test_the_report_matches_the_built_files(signals: BuiltProject) -> None:
    """Sizes, counts, times and the libc floor match the files on disk."""
    report, entries = signals.report, files.entries(signals.dist)

    assert report["files"] == len(entries)
    assert report["bundle_bytes"] == sum(path.stat().st_size for path in entries)
    assert report["archive_bytes"] == signals.archive.stat().st_size
    assert report["sha256"] == files.sha256_of(signals.archive)
    assert 0 < report["handshake_ms"] < report["first_answer_ms"]
    assert sys.platform != "linux" or report["glibc_floor"].startswith("2.")


def test_a_project_that_uses_its_dependencies_gets_no_dependency_warning(signals: BuiltProject) -> None:
    """The build of the example reports its steps, and warns of no package."""
    assert "Froze the plugin" in signals.messages
    assert "dependencies" not in signals.messages


@pytest.mark.shows("errors: pyarrow makes the bundle huge")
def test_archive_and_bundle_are_small(signals: BuiltProject) -> None:
    """They contain pyarrow and grpcio; stock PyInstaller makes 82 and 236 MB of the same plugin."""
    assert signals.report["archive_bytes"] <= 36_000_000
    assert signals.report["bundle_bytes"] <= 99_700_000


def test_archive_and_bundle_are_smaller_without_grpcio(signals: BuiltProject, signals_http2: BuiltProject) -> None:
    """The other transport is in Python; the test finds any part of grpcio in the bundle."""
    assert signals_http2.report["archive_bytes"] <= signals.report["archive_bytes"] - 6_700_000
    assert signals_http2.report["bundle_bytes"] <= 82_000_000
    assert not [path for path in files.walk(signals_http2.dist) if "grpc" in path.name]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("transport", "most_mb"), [("grpcio", 29), ("http2", 27)])
def test_a_plugin_that_has_answered_takes_little_memory(
    signals: BuiltProject, signals_http2: BuiltProject, transport: str, most_mb: float
) -> None:
    """The limit is on private memory after a query; the kernel decides how much of its files is mapped."""
    bundle = signals if transport == "grpcio" else signals_http2
    target = Target(
        command=(bundle.report["executable"],), cwd=bundle.dist, plugin_id="acme-sales-datasource", proto=bundle.proto
    )
    end = datetime.now(UTC)
    query = Query(start=end - timedelta(hours=1), end=end, interval=timedelta(seconds=10), max_data_points=360)
    with launch(target) as plugin:
        assert not plugin.query_data([query])["A"].error
        rollup = Path(f"/proc/{plugin.process.pid}/smaps_rollup").read_text()
    (dirty,) = re.findall(r"^Private_Dirty: +(\d+) kB$", rollup, re.MULTILINE)

    assert int(dirty) * 1024 / 1e6 <= most_mb


@pytest.mark.shows("errors: pyarrow makes the bundle huge")
def test_the_bundle_has_the_files_that_grafana_loads(signals: BuiltProject) -> None:
    """It has the manifest with version and date, module.js, logo, documents, executable; no link, no stray package."""
    manifest = json.loads((signals.dist / "plugin.json").read_text())
    names = {path.relative_to(signals.dist).as_posix() for path in files.walk(signals.dist)}

    assert (manifest["info"]["version"], manifest["info"]["updated"]) == ("0.1.0", "2023-11-14")
    assert {"module.js", "README.md", "CHANGELOG.md", "LICENSE", manifest["info"]["logos"]["small"]} <= names
    assert not [path for path in signals.dist.rglob("*") if path.is_symlink()]
    for unwanted in ("grpc_tools", "libarrow_flight", "libarrow_s3", "numpy", "opentelemetry", "setuptools", "/tests/"):
        assert not [name for name in names if unwanted in name], unwanted


@pytest.mark.shows("errors: `GLIBC_2.xx not found`", "errors: pyarrow makes the bundle huge")
def test_the_build_prints_sizes_and_the_oldest_glibc(copy: Path) -> None:
    """The output has the sizes, and on Linux the oldest glibc with the file that needs it; pyarrow alone is 150 MB."""
    with (copy / "src/plugin/datasource.py").open("a") as stream:
        stream.write("\n# changed, so that the bundle is made anew\n")
    ran = gfplug("build", copy, "--python", Interpreter.path)

    assert ran.code == 0, ran.err
    sizes = re.search(r"^([\d.]+) MB in \d+ files, ([\d.]+) MB packed$", ran.err, re.MULTILINE)
    assert sizes
    assert float(sizes[2]) < float(sizes[1]) < 120
    assert sys.platform != "linux" or re.search(r"Needs glibc 2\.\d+ or newer, because of \S+", ran.err)


def test_files_that_only_grpc_clients_need_are_left_out(signals: BuiltProject) -> None:
    """The example is not a client of a server, so the bundle has no root certificates of grpcio."""
    assert not list(signals.dist.rglob("roots.pem"))


def test_every_component_is_found_by_scanners_and_has_its_licence(signals: BuiltProject) -> None:
    """Each has a package URL, its licence as SPDX, and a licence text; pyarrow also has its NOTICE."""
    sbom_entries = signals.components
    (texts,) = signals.dist.glob("THIRD-PARTY-LICENSES_*.txt")
    _, *pieces = texts.read_text().split(f"\n{'=' * 80}\n")
    sections = dict(zip((head.splitlines()[0] for head in pieces[::2]), pieces[1::2], strict=True))

    assert {"python", "grpcio", "msgspec", "protobuf", "pyarrow"} <= {each["name"] for each in sbom_entries}
    assert [each["name"] for each in sbom_entries if not each["purl"].startswith("pkg:")] == []
    assert [each["purl"].partition("@")[0] for each in sbom_entries if each["name"] == "gfruntime"] == [
        "pkg:generic/gfruntime"
    ]
    license_names = [
        each["name"] for each in sbom_entries for choice in each["licenses"] if "name" in choice.get("license", {})
    ]
    assert license_names == []
    titles = [f"{each['name']} {each.get('version', '')}".strip() for each in sbom_entries]
    assert [title for title in titles if not re.match(r"\n\[.+\]\n", sections[title])] == []
    assert [title for title in titles if "[it includes no text]" in sections[title]] == []
    (pyarrow,) = (text for title, text in sections.items() if title.startswith("pyarrow "))
    assert "NOTICE.txt]\n\nApache Arrow\nCopyright" in pyarrow


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the libraries have other names")
def test_libraries_of_the_system_have_their_versions(signals: BuiltProject) -> None:
    """The CPEs have the versions that OpenSSL and zlib report, and each library is a file of one component."""
    sbom_entries = signals.components
    places = [file["name"].rpartition("/")[2] for each in sbom_entries for file in each.get("components", [])]
    cpes = [each["cpe"].split(":")[3:6] for each in sbom_entries if "cpe" in each]

    assert sorted(places) == sorted(path.name for path in signals.dist.glob("_internal_*/*.so*"))
    assert ["openssl", "openssl", ssl.OPENSSL_VERSION.split()[1]] in cpes
    assert ["zlib", "zlib", zlib.ZLIB_RUNTIME_VERSION] in cpes


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no executable bit")
def test_the_archive_unpacks_to_a_plugin_that_starts(signals: BuiltProject, tmp_path: Path) -> None:
    """File modes survive, and the plugin starts in another folder, in an environment as small as Grafana's."""
    with zipfile.ZipFile(signals.archive) as archive:
        archive.extractall(tmp_path)
        for entry in archive.infolist():  # as `unzip` does; Python's extraction drops the modes
            (tmp_path / entry.filename).chmod(stat.S_IMODE(entry.external_attr >> 16))
    folder = tmp_path / "acme-sales-datasource"
    target = Target(
        command=(str(folder / signals.report["executable"].rpartition("/")[2]),),
        cwd=tmp_path,
        plugin_id="acme-sales-datasource",
        proto=signals.proto,
    )

    started = smoke(target)
    assert started.ended.problem == ""
    assert started.health.status == "OK"


def path_without_binutils(folder: Path) -> str:
    """Return a PATH with only the C library's programs; PyInstaller calls binutils on Linux only."""
    if sys.platform != "linux":
        return os.environ["PATH"]
    folder.mkdir()
    for name in ("ldd", "ldconfig"):
        if program := shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin"):
            (folder / name).symlink_to(program)
    assert not [name for name in ("objcopy", "objdump", "strip", "cc", "gcc", "ld") if shutil.which(name, path=folder)]
    return str(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's umask")
def test_two_builds_in_two_places_are_the_same_bytes(signals: BuiltProject, copy: Path, tmp_path: Path) -> None:
    """The same project elsewhere, built by another user, gives the same archive, even after a killed build.

    The paths of project and environment differ, also in length, and so do the installers' records of the packages,
    home, time zone, language, umask, hash seed, temporary folder, times and modes of files: no byte differs. The other
    machine has no binutils; the bundle answers.
    """
    environment = clean(tmp_path / "an-environment-with-another-name", project=copy, installer="uv")
    (copy / "artifacts/.build/work").mkdir(parents=True)
    (copy / "artifacts" / ".build" / "work" / "half").write_text("")
    for path in files.walk(copy / "src"):
        path.chmod(0o600)
        os.utime(path, (1, 1))
    subprocess.run([environment, "-m", "compileall", "-q", "-o", "0", copy / "src"], check=True, timeout=120)
    (tmp_path / "t").mkdir()
    user = {
        "HOME": str(tmp_path / "t"),
        "LC_ALL": "C",
        "PATH": path_without_binutils(tmp_path / "bin"),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONHASHSEED": "7",
        "PYTHONOPTIMIZE": "1",
        "TMPDIR": str(tmp_path / "t"),
        "TZ": "Asia/Kathmandu",
        "USER": "somebody",
        "XDG_CACHE_HOME": str(tmp_path / "t/cache"),
    }
    words = command("build", copy, "--python", environment, "--json", "--clean")
    ran = run("/bin/sh", "-c", 'umask 077 && exec "$@"', "x", *words, env=variables() | user, timeout=SLOWEST_BUILD_S)

    assert ran.code == 0, ran.err
    again = json.loads(ran.out)
    assert again["archive"] != str(signals.archive)
    assert again["sha256"] == signals.report["sha256"]
    assert Path(again["archive"]).read_bytes() == signals.archive.read_bytes()
    assert not (copy / "artifacts/.build").exists()
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.walk(copy / "dist")} <= {0o644, 0o755}
    answer = gfplug("call", "query", copy / "dist", "--json")
    assert json.loads(answer.out)["results"]["A"]["frames"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_build_leaves_the_old_bundle_whole(copy: Path, number: signal.Signals) -> None:
    """After Ctrl-C or kill -9 during PyInstaller, bundle and archive are unchanged, and no child process runs."""
    before = {path: files.sha256_of(path) for folder in ("dist", "artifacts") for path in files.walk(copy / folder)}
    running = subprocess.Popen(
        command("build", copy, "--python", Interpreter.path, "--clean"),
        env=variables(),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    wait_for(copy / "artifacts/.build", "*/work", running)
    if number == signal.SIGINT:
        os.killpg(running.pid, number)  # as a terminal does
    else:
        running.kill()
    out, _ = running.communicate(timeout=60)
    time.sleep(0.5)

    assert running.returncode == (130 if number == signal.SIGINT else -number)
    assert out == b""
    after = {path: files.sha256_of(path) for folder in ("dist", "artifacts") for path in files.walk(copy / folder)}
    leftovers = {".build", ".lock"}  # a killed build's work folder, and its lock file, now unlocked
    assert {path: digest for path, digest in after.items() if not leftovers.intersection(path.parts)} == before
    assert number == signal.SIGKILL or not (copy / "artifacts/.build").exists()


def wait_for(folder: Path, pattern: str, running: subprocess.Popen[bytes]) -> None:
    """Wait until a build reaches this stage."""
    for _ in range(600):
        if any(folder.glob(pattern)):
            time.sleep(0.5)
            return
        assert running.poll() is None, "the build ended too early"
        time.sleep(0.1)
    running.kill()
    pytest.fail(f"{folder}/{pattern} did not appear")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ('\nraise RuntimeError("no database today")\n', ["RuntimeError: no database today", "Traceback"]),
        ("\ndef half(:\n", ["def half(:"]),
    ],
    ids=["an exception at import", "no Python"],
)
def test_code_that_can_not_be_loaded_shows_its_line(copy: Path, code: str, words: list[str]) -> None:
    """The message has the line of the author's file, the exit code is 3, and the old bundle stays."""
    path, before = copy / "src/plugin/datasource.py", files.sha256_of(copy / "dist/plugin.json")
    path.write_text(path.read_text() + code)
    ran = build(copy)

    assert (ran.code, ran.out) == (3, "")
    assert all(word in ran.err for word in [*words, "src/plugin/datasource.py"])
    assert files.sha256_of(copy / "dist/plugin.json") == before


@pytest.mark.shows("errors: `GLIBC_2.xx not found`")
@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_a_newer_glibc_than_allowed_is_refused_with_file_and_symbol(copy: Path) -> None:
    """The exit code is 6, the message has file and symbol, and the old bundle stays."""
    before = files.sha256_of(copy / "dist/plugin.json")
    ran = build(copy, "--max-glibc", "2.17")

    assert ran.code == 6
    assert re.search(r"the bundle needs a newer glibc than 2\.17: _internal_.* GLIBC_2\..*, for ", ran.err)
    assert files.sha256_of(copy / "dist/plugin.json") == before


@pytest.mark.shows("errors: a hidden import")
def test_modules_that_pyinstaller_misses_are_named_with_the_line_to_add(copy: Path) -> None:
    """These are a module that is imported by a computed name, and parts of pyarrow that only this author uses."""
    path, spec = copy / "src/plugin/datasource.py", copy / "plugin.spec"
    extra = (
        "import importlib\nimport pyarrow.dataset\nimport pyarrow.parquet\nimportlib.import_module('color' + 'sys')\n"
    )
    path.write_text(path.read_text().replace("from gfruntime import", f"{extra}\nfrom gfruntime import", 1))
    first = build(copy)

    assert first.code == 6
    assert "the bundle lacks the module colorsys" in first.err
    assert 'add "colorsys" to HIDDEN_IMPORTS in plugin.spec' in first.err
    assert "Traceback" in first.err

    spec.write_text(spec.read_text().replace("HIDDEN_IMPORTS = []", 'HIDDEN_IMPORTS = ["colorsys"]'))
    names = {path.name for path in must_build(copy).dist.rglob("*")}
    assert any(name.startswith("_dataset.") for name in names)
    assert any(name.startswith("_parquet.") for name in names)
