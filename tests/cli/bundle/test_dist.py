"""The files of a bundle and their modes."""

import contextlib
import json
import os
import shutil
import stat
import sys
from datetime import date
from pathlib import Path

import pytest

from gfplug.bundle import dist
from gfplug.bundle.dist import Bundle
from gfplug.bundle.freeze import Frozen
from gfplug.errors import ProjectError
from gfplug.project.plugin_project import Project

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither these modes nor links for everybody")


@pytest.fixture
def frozen(tmp_path: Path) -> Frozen:
    """Make the files that PyInstaller would make."""
    folder = tmp_path / "frozen/gpx_sales_linux_amd64"
    (folder / "_internal_linux_amd64").mkdir(parents=True)
    for name in ("gpx_sales_linux_amd64", "_internal_linux_amd64/libx.so.1", "_internal_linux_amd64/tool"):
        (folder / name).write_text(name)
        (folder / name).chmod(0o700)
    (folder / "_internal_linux_amd64/data.txt").write_text("data")
    return Frozen(folder=folder, executable="gpx_sales_linux_amd64", platform="linux_amd64")


def assemble(project: Project, frozen: Frozen, folder: Path) -> Bundle:
    """Assemble a bundle."""
    return dist.assemble(project, frozen, folder, browser={"module.js": b"define([]);\n"}, day=date(2026, 7, 1))


def test_the_bundle_holds_what_grafana_loads(project: Project, frozen: Frozen, tmp_path: Path) -> None:
    """It has the executable with its contents, manifest, frontend, pictures and documents, and no other file."""
    bundle = assemble(project, frozen, tmp_path / "dist")

    assert [path.relative_to(bundle.folder).as_posix() for path in bundle.files()] == [
        "README.md",
        "_internal_linux_amd64/data.txt",
        "_internal_linux_amd64/libx.so.1",
        "_internal_linux_amd64/tool",
        "gpx_sales_linux_amd64",
        "img/logo.svg",
        "module.js",
        "plugin.json",
    ]
    assert bundle.size() == sum(path.stat().st_size for path in bundle.files())


def test_text_files_get_unix_line_ends(project: Project, frozen: Frozen, tmp_path: Path) -> None:
    """Windows line ends become LF in the bundle; pictures keep their bytes."""
    picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
    texts = {
        "README.md": b"# Sales\n\nText\n",
        "CHANGELOG.md": b"# Changes\n",
        "LICENSE": b"MIT\n\nText\n",
        "frontend/img/logo.svg": b"<svg>\n</svg>\n",
        "frontend/dashboards/sales.json": b"{\n}\n",
    }
    for name, text in texts.items():
        (project.root / name).parent.mkdir(exist_ok=True)
        (project.root / name).write_bytes(text.replace(b"\n", b"\r\n"))
    (project.root / "frontend/img/photo.png").write_bytes(picture)
    manifest = project.root / "plugin.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"\n", b"\r\n"))
    browser = {"module.js": b"define([]);\r\n", "style.css": b"a {}\r\n", "font.woff2": b"wOF2\0\r\n"}
    bundle = dist.assemble(project, frozen, tmp_path / "dist", browser=browser, day=date(2026, 7, 1))

    for name, text in texts.items():
        assert (bundle.folder / name.removeprefix("frontend/")).read_bytes() == text
    assert (bundle.folder / "img/photo.png").read_bytes() == picture
    assert b"\r" not in (bundle.folder / "plugin.json").read_bytes()
    assert (bundle.folder / "module.js").read_bytes() == b"define([]);\n"
    assert (bundle.folder / "style.css").read_bytes() == b"a {}\n"
    assert (bundle.folder / "font.woff2").read_bytes() == browser["font.woff2"]


def test_files_named_in_the_manifest_are_in_the_bundle(project: Project, frozen: Frozen, tmp_path: Path) -> None:
    """They come from `frontend/` or the folder of plugin.json; hidden files and build results are left out."""
    for name in (
        *("docs/start.md", "docs/img/a.svg", "frontend/shots/one.png", "shots/one.png", "dash/main.json"),
        *("locales/de-DE/acme-sales-datasource.json", "locales/fr-FR/acme-sales-datasource.json"),
        *(".env", "secret/token", "other/file.md", "module.js"),
    ):
        (project.root / name).parent.mkdir(parents=True, exist_ok=True)
        (project.root / name).write_text(name)
    manifest = project.root / "plugin.json"
    content = json.loads(manifest.read_text())
    content["info"]["screenshots"] = [{"name": "one", "path": "shots/./one.png"}, {"path": "https://example.com/x.png"}]
    content |= {
        "docsPath": "docs",
        "languages": ["de-DE"],
        "includes": [{"type": "dashboard", "path": "dash/main.json"}]
        + [
            {"path": path}
            for path in (".env", "../outside", "/etc/passwd", "plugin.json", "module.js", 3, "secret/../.env")
        ],
    }
    manifest.write_text(json.dumps(content))
    (tmp_path / "outside").write_text("of this machine")
    bundle = assemble(Project(project.root), frozen, tmp_path / "dist")

    names = {path.relative_to(bundle.folder).as_posix() for path in bundle.files()}
    assert {name for name in names if name.partition("/")[0] in ("docs", "shots", "dash", "locales")} == {
        *("docs/start.md", "docs/img/a.svg", "shots/one.png", "dash/main.json"),
        "locales/de-DE/acme-sales-datasource.json",
    }
    assert (bundle.folder / "shots/one.png").read_text() == "frontend/shots/one.png"
    assert not names & {".env", "secret/token", "other/file.md", "outside"}
    assert (bundle.folder / "module.js").read_bytes() == b"define([]);\n"
    assert "%VERSION%" not in (bundle.folder / "plugin.json").read_text()


def test_the_authors_schema_replaces_the_generated_one(project: Project, frozen: Frozen, tmp_path: Path) -> None:
    """The build writes `schema/v0alpha1.json` unless the project has one."""
    name, browser = "schema/v0alpha1.json", {"module.js": b"", "schema/v0alpha1.json": b"{}\n"}
    default = dist.assemble(project, frozen, tmp_path / "made", browser=browser, day=date(2026, 7, 1))
    assert (default.folder / name).read_bytes() == b"{}\n"
    (tmp_path / "made").rename(frozen.folder)
    (project.root / "schema").mkdir()
    (project.root / name).write_text('{"targetApiVersion": "v0alpha1"}\n')
    own = dist.assemble(project, frozen, tmp_path / "own", browser=browser, day=date(2026, 7, 1))

    assert (own.folder / name).read_text() == '{"targetApiVersion": "v0alpha1"}\n'


@posix
@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "LICENSE", "frontend/img/logo.svg", "frontend/img"])
@pytest.mark.parametrize("target", ["file", "folder", "pipe"])
def test_a_link_out_of_the_project_is_not_copied(
    project: Project, frozen: Frozen, tmp_path: Path, name: str, target: str
) -> None:
    """An untrusted project gets no file of this machine into an archive, and a pipe does not block the build."""
    outside = project.root.parent / "outside"
    outside.mkdir()
    (outside / "logo.svg").write_text("of this machine")
    path = project.root / name
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if target == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(outside if target == "folder" else outside / "logo.svg")

    with contextlib.suppress(ProjectError):
        assemble(project, frozen, tmp_path / "dist")
    copies = [each.read_bytes() for each in (tmp_path / "dist").rglob("*") if each.is_file()]
    assert not any(b"of this machine" in content for content in copies)


@posix
def test_a_linked_document_outside_the_project_is_reported(project: Project, frozen: Frozen, tmp_path: Path) -> None:
    """The message says where the link leads."""
    (tmp_path / "secret").write_text("of this machine")
    (project.root / "LICENSE").symlink_to(tmp_path / "secret")

    with pytest.raises(ProjectError, match=r"^LICENSE leads to .*secret, outside of"):
        assemble(project, frozen, tmp_path / "dist")


def test_the_manifest_gets_version_and_date(project: Project, frozen: Frozen, tmp_path: Path) -> None:
    """The placeholders are replaced in the bundle; the project's file keeps them."""
    bundle = assemble(project, frozen, tmp_path / "dist")

    info = json.loads((bundle.folder / "plugin.json").read_text())["info"]
    assert info == {"version": "1.2.3", "updated": "2026-07-01"}
    assert "%VERSION%" in (project.root / "plugin.json").read_text()


@pytest.mark.shows("protocol 7", "errors: frontend files are executable")
@posix
def test_files_in_a_bundle_have_the_modes_that_grafana_needs(project: Project, frozen: Frozen, tmp_path: Path) -> None:
    """Programs have mode 0755, libraries and data 0644, folders 0755, regardless of PyInstaller's modes."""
    bundle = assemble(project, frozen, tmp_path / "dist")

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in bundle.folder.rglob("*")}
    programs = {"gpx_sales_linux_amd64", "tool", "_internal_linux_amd64", "img"}
    assert {name for name, mode in modes.items() if mode == 0o755} == programs
    assert {mode for name, mode in modes.items() if name not in programs} == {0o644}


@posix
def test_broken_links_and_links_out_of_the_bundle_are_dropped(project: Project, frozen: Frozen, tmp_path: Path) -> None:
    """A link inside the bundle stays; Grafana's installer fails on the others."""
    contents = frozen.folder / "_internal_linux_amd64"
    (contents / "inside.so").symlink_to("libx.so.1")
    (contents / "nowhere.so").symlink_to("gone.so")
    (contents / "outside").symlink_to(sys.executable)

    bundle = assemble(project, frozen, tmp_path / "dist")
    assert {path.name for path in bundle.files() if path.is_symlink()} == {"inside.so"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"id": "Sales"}, "'Sales' is not a plugin id"),
        ({"id": "../../acme-sales-datasource"}, "is not a plugin id"),
        ({"executable": "../gpx"}, "is not a plain file name"),
        ({"info": {"version": "9.9.9"}}, r"info.version is '9\.9\.9', but pyproject.toml has '1\.2\.3'"),
        ({"info": "none"}, "info.version is None"),
    ],
)
def test_a_manifest_that_grafana_would_refuse_is_refused(
    project: Project, change: dict[str, object], sentence: str
) -> None:
    """The error names the key and the value."""
    path = project.root / "plugin.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ProjectError, match=sentence):
        dist.check(project)


@pytest.mark.parametrize("version", ["1.2", "1.2.3rc1", "01.2.3", "v1.2.3", "1.2.3/../../x", None])
def test_a_version_that_grafana_cannot_read_is_refused(project: Project, version: str | None) -> None:
    """A version has three numbers and is part of a file name. The error names pyproject.toml."""
    line = f'version = "{version}"\n' if version else ""
    (project.root / "pyproject.toml").write_text(f'[project]\nname = "x"\n{line}')
    with pytest.raises(ProjectError, match=r"pyproject\.toml.*version"):
        dist.check(project)


@pytest.mark.parametrize(
    ("own", "other"),
    [(b"", b"{"), (b"", b"[]"), (b"", b'{"info": 1}'), (b"", b"[" * 100_000), (b"{", b"{}"), (b"\xff", b"{}")],
)
def test_an_unreadable_manifest_is_named_in_the_error(
    project: Project, frozen: Frozen, tmp_path: Path, own: bytes, other: bytes
) -> None:
    """It is the manifest of the frontend's build, or the project's."""
    if own:
        (project.root / "plugin.json").write_bytes(own)
    browser = {"module.js": b"", "plugin.json": other}
    with pytest.raises(ProjectError, match=r"plugin\.json"):
        dist.assemble(project, frozen, tmp_path / "dist", browser=browser, day=date(2026, 7, 1))


BUILD = {"time": 1_700_000_000_000, "hash": "0123"}


@pytest.mark.parametrize(
    ("own", "frontends", "expected"),
    [
        (None, None, BUILD),
        ({"number": 7}, None, {"number": 7}),
        (None, {"number": 8}, {"number": 8}),
        ({"number": 7}, {"number": 8}, {"number": 7}),
    ],
)
def test_build_information_is_added_if_project_and_frontend_have_none(  # noqa: PLR0917  # a table
    project: Project, frozen: Frozen, tmp_path: Path, own: object, frontends: object, expected: object
) -> None:
    """The project's information comes first, then that of its frontend's build; other keys of plugin.json stay."""
    path = project.root / "plugin.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    if own:
        path.write_text(json.dumps({**manifest, "info": {**manifest["info"], "build": own}}), encoding="utf-8")
    browser = {"plugin.json": json.dumps({"info": {"build": frontends}}).encode()} if frontends else {}
    day = date(2026, 7, 1)
    bundle = dist.assemble(project, frozen, tmp_path / "dist", browser=browser, day=day, build=BUILD)
    result = json.loads((bundle.folder / "plugin.json").read_text(encoding="utf-8"))

    assert result["info"].pop("build") == expected
    assert {**result, "info": None} == {**manifest, "info": None}
    assert result["info"] == {**manifest["info"], "version": "1.2.3", "updated": "2026-07-01"}
