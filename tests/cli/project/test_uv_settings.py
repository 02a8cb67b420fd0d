"""uv gets the settings that a person made for pip, except where uv has its own setting."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from gfplug.errors import ToolError
from gfplug.project.environment import uv_settings

if TYPE_CHECKING:
    from pathlib import Path

    from gfplug.project.environment.uv_settings import UvSettings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the files are where a Linux has them")

PREFIXES = ("PIP_", "UV_", "SSL_", "XDG_CONFIG_")
PROXIES = {"ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"}
ADDRESS = "https://bob:geheim@index.example/simple"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Remove this machine's settings for pip and uv, and work in an empty folder."""
    for name in [*os.environ]:
        if name.startswith(PREFIXES) or name.upper() in PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setattr(uv_settings, "_MACHINE", tmp_path / "etc")
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc/xdg"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "home"


def write(path: Path, text: str) -> None:
    """Write a file and create its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def settings() -> UvSettings:
    """Return the settings for uv in the project's folder."""
    return uv_settings.from_pip()


def test_without_a_pip_configuration_uv_gets_no_settings() -> None:
    """It uses its defaults."""
    assert settings() == uv_settings.UvSettings(variables={}, options=(), names=())


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PIP_INDEX_URL", ADDRESS, {"UV_DEFAULT_INDEX": ADDRESS}),
        (
            "PIP_EXTRA_INDEX_URL",
            "https://a.example\nhttps://b.example",
            {"UV_INDEX": "https://a.example https://b.example"},
        ),
        ("PIP_FIND_LINKS", "https://a.example/x wheels missing", {"UV_FIND_LINKS": "https://a.example/x,wheels"}),
        ("PIP_FIND_LINKS", "missing", {}),
        ("PIP_CERT", "~/ca.pem", {"SSL_CERT_FILE": "HOME/ca.pem"}),
        ("PIP_CLIENT_CERT", "/me.pem", {"SSL_CLIENT_CERT": "/me.pem"}),
        ("PIP_TRUSTED_HOST", "a.example b.example:8443", {"UV_INSECURE_HOST": "a.example b.example:8443"}),
        ("PIP_PROXY", "http://proxy.example:3128", {"ALL_PROXY": "http://proxy.example:3128"}),
        ("PIP_CONSTRAINT", "limits.txt", {"UV_CONSTRAINT": "limits.txt"}),
        ("PIP_INDEX_URL", "", {}),
        ("PIP_TIMEOUT", "60", {}),
    ],
)
def test_a_pip_variable_becomes_a_uv_variable(
    name: str, value: str, expected: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing folder of wheels is left out, as pip does; uv would fail."""
    (home.parent / "project/wheels").mkdir()
    monkeypatch.setenv(name, value)

    assert settings().variables == {key: text.replace("HOME", str(home)) for key, text in expected.items()}
    assert settings().names == ((name[4:].lower().replace("_", "-"),) if expected else ())


@pytest.mark.parametrize(("value", "options"), [("1", ("--no-index",)), ("true", ("--no-index",)), ("0", ())])
def test_pip_no_index_becomes_a_uv_option(
    value: str, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no variable of uv for it."""
    monkeypatch.setenv("PIP_NO_INDEX", value)

    assert settings().options == options


def test_pip_configuration_files_are_read_in_the_order_of_pip(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are the machine's, the user's two, the environment's, the one in PIP_CONFIG_FILE, and then the variables."""
    indexes = []

    def add(path: Path, address: str, section: str = "global") -> None:
        write(path, f"[{section}]\nindex_url = {address}\n")
        indexes.append(uv_settings.from_pip(environment=tmp_path / ".venv").variables["UV_DEFAULT_INDEX"])

    add(tmp_path / "etc/xdg/pip/pip.conf", "1")
    add(tmp_path / "etc/pip.conf", "2")
    add(home / ".pip/pip.conf", "3")
    add(home / ".config/pip/pip.conf", "4")
    add(tmp_path / ".venv/pip.conf", "5")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "named.conf"))
    add(tmp_path / "named.conf", "6")
    add(tmp_path / "etc/pip.conf", "7", section="install")
    monkeypatch.setenv("PIP_INDEX_URL", "8")
    add(tmp_path / "etc/pip.conf", "9", section="download")

    assert indexes == ["1", "2", "3", "4", "5", "6", "7", "8"]


def test_pip_config_file_replaces_the_users_files(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documentation of pip says so."""
    write(home / ".config/pip/pip.conf", "[global]\ncert = /user.pem\n")
    write(tmp_path / "etc/pip.conf", "[global]\nproxy = http://machine.example\n")
    write(tmp_path / "named.conf", "[global]\nindex-url = https://named.example\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "named.conf"))
    assert settings().names == ("index-url", "proxy")

    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert settings().names == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("UV_DEFAULT_INDEX", ADDRESS),
            ("UV_INDEX_URL", ADDRESS),
            ("UV_INDEX", ADDRESS),
            ("UV_EXTRA_INDEX_URL", ADDRESS),
        ),
        ("UV_FIND_LINKS", "wheels"),
    ],
)
def test_a_uv_index_replaces_the_pip_indexes(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates of pip are still used."""
    for pips in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_CERT"):
        monkeypatch.setenv(pips, "1")
    monkeypatch.setenv(name, value)

    assert settings() == uv_settings.UvSettings(variables={"SSL_CERT_FILE": "1"}, options=(), names=("cert",))


@pytest.mark.parametrize(
    ("pips", "uvs"),
    [
        ("PIP_CERT", "SSL_CERT_FILE"),
        ("PIP_CERT", "UV_SYSTEM_CERTS"),
        ("PIP_CLIENT_CERT", "SSL_CLIENT_CERT"),
        ("PIP_TRUSTED_HOST", "UV_INSECURE_HOST"),
        ("PIP_PROXY", "https_proxy"),
        ("PIP_CONSTRAINT", "UV_CONSTRAINT"),
    ],
)
def test_a_uv_variable_replaces_the_pip_variable(pips: str, uvs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """This holds for every setting."""
    monkeypatch.setenv(pips, "pips")
    monkeypatch.setenv(uvs, "uvs")

    assert settings().names == ()


@pytest.mark.parametrize(
    ("place", "text", "names"),
    [
        ("home/.config/uv/uv.toml", "system-certs = true\n", ("index-url",)),
        ("home/.config/uv/uv.toml", '[pip]\nindex-url = "https://own.example"\n', ("cert",)),
        ("etc/uv/uv.toml", '[[index]]\nurl = "https://own.example"\n', ("cert",)),
        ("etc/xdg/uv/uv.toml", "no-index = true\n", ("cert",)),
        ("project/uv.toml", 'find-links = ["x"]\n', ("cert",)),
        ("uv.toml", 'find-links = ["x"]\n', ("cert",)),
        ("project/pyproject.toml", '[tool.uv]\nextra-index-url = ["x"]\n', ("cert",)),
        ("project/pyproject.toml", '[tool.uv.sources]\ngfruntime = { path = "x" }\n', ("index-url", "cert")),
        ("project/pyproject.toml", "tool = 3\n", ("index-url", "cert")),
        ("project/uv.toml", "broken = = \n", ("index-url", "cert")),
    ],
)
def test_files_of_uv_replace_settings_of_pip(
    place: str, text: str, names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are the machine's, the user's, and the nearest in or above the project."""
    monkeypatch.setenv("PIP_INDEX_URL", ADDRESS)
    monkeypatch.setenv("PIP_CERT", "/ca.pem")
    write(tmp_path / place, text)
    assert settings().names == names

    monkeypatch.setenv("UV_NO_CONFIG", "1")
    assert settings().names == ("index-url", "cert")


def test_uv_config_file_replaces_the_other_files_of_uv(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable UV_CONFIG_FILE names the only file."""
    monkeypatch.setenv("PIP_INDEX_URL", ADDRESS)
    write(home / ".config/uv/uv.toml", "no-index = true\n")
    monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "uv.toml"))
    write(tmp_path / "uv.toml", "system-certs = true\n")

    assert settings().names == ("index-url",)


@pytest.mark.parametrize(
    "text", ["index-url = https://bob:geheim@index.example\n", "[global\n", "[global]\n[global]\n"]
)
def test_a_broken_file_of_pip_is_named_without_its_text(home: Path, text: str) -> None:
    """A line of it may have a password."""
    write(home / ".config/pip/pip.conf", text)
    with pytest.raises(ToolError, match=r"pip\.conf is not a valid configuration file of pip: \w+Error$") as excinfo:
        settings()

    assert "geheim" not in str(excinfo.value)
    assert excinfo.value.__suppress_context__
