"""The real uv and the real pip install a project from the index that a person configured for pip."""

from __future__ import annotations

import base64
import logging
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from servers import serving

from gfplug.errors import ToolError
from gfplug.project.environment import installation, uv, uv_settings
from gfplug.project.environment.venv import interpreter_of
from gfplug.project.plugin_project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or ""
WHEEL = "demo_package-1.0-py3-none-any.whl"
PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "acme"
version = "1"
dependencies = ["demo-package"]
optional-dependencies = { build = [] }
"""
BACKEND = """\
from zipfile import ZipFile
def build_editable(folder, settings=None, metadata=None):
    with ZipFile(f"{folder}/acme-1-py3-none-any.whl", "w") as wheel:
        info = "Metadata-Version: 2.1\\nName: acme\\nVersion: 1\\nRequires-Dist: demo-package\\n"
        wheel.writestr("acme-1.dist-info/METADATA", info)
        wheel.writestr("acme-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("acme-1.dist-info/RECORD", "acme-1.dist-info/METADATA,,\\nacme-1.dist-info/WHEEL,,\\n")
    return "acme-1-py3-none-any.whl"
"""
KEY = base64.b64encode(b"bob:geheim").decode()

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the folders are those of a Unix"),
    pytest.mark.skipif(not UV, reason="install gfplug's extra `dev`: uv is missing"),
]


class Index(ThreadingHTTPServer):
    """A package index with one package, which only bob may read; also a proxy that leads to itself."""

    def __init__(self, wheel: bytes) -> None:
        """Listen on this machine."""
        super().__init__(("127.0.0.1", 0), IndexHandler)
        self.wheel, self.lines, self.lock = wheel, list[str](), threading.Lock()

    def address(self, user: str = "bob:geheim@") -> str:
        """Return the index's address for pip."""
        return f"http://{user}127.0.0.1:{self.server_port}/simple"


class IndexHandler(BaseHTTPRequestHandler):
    """Answers as an index."""

    server: Index

    def do_GET(self) -> None:
        """Send the list of one package's files, or its file."""
        with self.server.lock:
            self.server.lines.append(self.requestline)
        path, is_bob = self.path.split(".example", 1)[-1], self.headers["Authorization"] == f"Basic {KEY}"
        pages = {"/simple/demo-package/": f'<a href="/{WHEEL}">{WHEEL}</a>'.encode(), f"/{WHEEL}": self.server.wheel}
        content = pages.get(path, b"") if is_bob else b""
        self.send_response(200 if content else 404 if is_bob else 401)
        if not is_bob:
            self.send_header("WWW-Authenticate", "Basic")
        self.send_header("Content-Type", "text/html" if path.endswith("/") else "application/zip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content if self.command == "GET" else b"")

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def wheel(tmp_path: Path) -> bytes:
    """Make the package."""
    info = "demo_package-1.0.dist-info"
    texts = {
        "demo_package.py": "",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: demo-package\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    texts[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in texts)
    with zipfile.ZipFile(tmp_path / WHEEL, "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    return (tmp_path / WHEEL).read_bytes()


@pytest.fixture
def index(wheel: bytes) -> Iterator[Index]:
    """Start the index."""
    with serving(Index(wheel)) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Make a project, with an environment without pip, as uv makes it, on a machine where uv is not configured."""
    monkeypatch.setattr(uv_settings, "_MACHINE", tmp_path / "etc")
    for name in [*os.environ]:
        if name.startswith(("PIP_", "UV_", "SSL_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    variables = {"HOME": tmp_path, "XDG_CONFIG_HOME": tmp_path / ".config", "UV_CACHE_DIR": tmp_path / "cache"}
    for name, value in variables.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/uv").symlink_to(UV)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    root = tmp_path / "project"
    (root / "vendor").mkdir(parents=True)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "backend.py").write_text(BACKEND)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / ".venv"], check=True, timeout=120)
    return Project(root)


def install(project: Project) -> list[str]:
    """Install the project, and return the packages that its environment got from the index."""
    folder = project.root / ".venv"
    installation.install(project, folder, interpreter=interpreter_of(folder), is_new=False)
    names = {path.name for path in folder.glob("lib/python*/site-packages/*.dist-info")}
    return sorted(names & {"acme-1.dist-info", "demo_package-1.0.dist-info"})


BOTH = ["acme-1.dist-info", "demo_package-1.0.dist-info"]


def test_uv_installs_from_the_index_that_pip_has(
    project: Project, index: Index, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Uv gets the password, too; the log names the settings in use without their values."""
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("PIP_INDEX_URL", index.address())

    assert install(project) == BOTH
    assert "uv installs with these settings of pip: index-url" in caplog.messages
    assert "geheim" not in caplog.text


def test_uv_installs_through_the_proxy_that_pip_has(project: Project, index: Index, tmp_path: Path) -> None:
    """The proxy is in pip.conf; without it, no address of the index can be reached."""
    proxy = f"http://127.0.0.1:{index.server_port}"
    (tmp_path / ".config/pip").mkdir(parents=True)
    text = f"[global]\nindex-url = http://bob:geheim@packages.example/simple\nproxy = {proxy}\n"
    (tmp_path / ".config/pip/pip.conf").write_text(text)

    assert install(project) == BOTH
    assert "GET http://packages.example/simple/demo-package/ HTTP/1.1" in index.lines


def test_uv_installs_from_a_folder_and_asks_no_index(
    project: Project, wheel: bytes, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PIP_NO_INDEX and PIP_FIND_LINKS are set; a missing folder is not an error."""
    (project.root / "wheels").mkdir()
    (project.root / "wheels" / WHEEL).write_bytes(wheel)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_INDEX_URL", index.address())
    monkeypatch.setenv("PIP_FIND_LINKS", "missing wheels")

    assert install(project) == BOTH
    assert index.lines == []


def test_an_index_in_uvs_settings_replaces_that_of_pip(
    project: Project, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent to pip's index."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.address())

    assert install(project) == BOTH


@pytest.mark.parametrize(
    ("program", "address"),
    [
        ("uv", "http://geheim@127.0.0.1:9/simple"),
        ("uv", "http://bob:geheim@[/simple"),
        ("pip", "http://bob:geheim@[/simple"),
    ],
    ids=["uv, refused", "uv, malformed", "pip, malformed"],
)
def test_an_error_shows_no_password_and_names_the_variables_of_uv_or_pip(
    project: Project, program: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uv and pip themselves print the URL with its password."""
    monkeypatch.setenv("PIP_INDEX_URL", address)
    if program == "pip":
        monkeypatch.setattr(uv, "program", str)
    with pytest.raises(ToolError) as caught:
        install(project)

    assert "geheim" not in f"{caught.value.details}{caught.value}{caught.value.hint}"
    names = {"uv": ("UV_DEFAULT_INDEX", "SSL_CERT_FILE", "UV_SYSTEM_CERTS"), "pip": ("PIP_INDEX_URL", "PIP_CERT")}
    assert [name for both in names.values() for name in both if name in caught.value.hint] == [*names[program]]


def test_ensurepip_installs_pip_into_an_environment_of_uv(
    project: Project, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uv is missing, and its environment has no pip."""
    monkeypatch.setattr(uv, "program", str)
    monkeypatch.setenv("PIP_INDEX_URL", index.address())

    assert install(project) == BOTH
    assert list(project.root.glob(".venv/lib/python*/site-packages/pip-*"))


def test_an_environment_without_pip_and_ensurepip_is_an_error_with_the_remedy(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to do."""
    monkeypatch.setattr(uv, "program", str)
    (packages,) = project.root.glob(".venv/lib/python*/site-packages")
    (packages / "broken.pth").write_text("import sys; sys.modules['ensurepip'] = None\n")
    with pytest.raises(ToolError, match=r"\.venv has no pip, and ensurepip, which installs it, failed") as caught:
        install(project)

    assert caught.value.hint == f"install uv; or remove {project.root}/.venv: gfplug creates a new one"
