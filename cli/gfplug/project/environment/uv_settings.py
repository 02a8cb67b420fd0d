"""Pass pip's settings to uv, which does not read pip's configuration.

uv's settings take precedence. If uv has no setting on a topic, it gets pip's: as a variable, because an index
URL may have a password. This module needs only the standard library.

Source: pip 23.2.1, _internal/configuration.py and _internal/utils/appdirs.py; uv 0.13.9, `uv help pip install`.
"""

from __future__ import annotations

import configparser
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug.errors import ProjectError, ToolError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MACHINE = Path("/etc")
_TRUE = {"1", "true", "yes", "on", "y", "t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Topic:
    """pip's options and the variables that set them in uv; the variables and uv.toml keys that already set them."""

    options: Mapping[str, str]
    variables: tuple[str, ...]
    keys: tuple[str, ...] = ()


_TOPICS = (
    _Topic(
        options={
            "index-url": "UV_DEFAULT_INDEX",
            "extra-index-url": "UV_INDEX",
            "find-links": "UV_FIND_LINKS",
            "no-index": "",  # uv has no variable for this option
        },
        variables=("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"),
        keys=("index", "index-url", "extra-index-url", "find-links", "no-index"),
    ),
    _Topic(
        options={"cert": "SSL_CERT_FILE"},
        variables=("SSL_CERT_FILE", "SSL_CERT_DIR", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS"),
        keys=("system-certs", "native-tls"),
    ),
    _Topic(options={"client-cert": "SSL_CLIENT_CERT"}, variables=("SSL_CLIENT_CERT",)),
    _Topic(
        options={"trusted-host": "UV_INSECURE_HOST"}, variables=("UV_INSECURE_HOST",), keys=("allow-insecure-host",)
    ),
    _Topic(
        options={"proxy": "ALL_PROXY"},
        variables=("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy"),
        keys=("https-proxy", "http-proxy"),
    ),
    _Topic(options={"constraint": "UV_CONSTRAINT"}, variables=("UV_CONSTRAINT",), keys=("constraint-dependencies",)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UvSettings:
    """The settings of pip that uv gets: variables, options of `uv pip install`, and pip's names for the settings."""

    variables: Mapping[str, str]
    options: tuple[str, ...]
    names: tuple[str, ...]


def from_pip(*, environment: Path | None = None, folder: Path | None = None) -> UvSettings:
    """Return pip's settings for a uv that runs in `folder`, with those of a virtual environment, if it is given.

    Raises: ToolError if a configuration file of pip is invalid.
    """
    own = _keys_of_uv(folder or Path.cwd())
    pip = _read_pip(environment)
    variables, options, names = {}, [], []
    for topic in _TOPICS:
        if own.intersection(topic.keys) or any(os.environ.get(name) for name in topic.variables):
            continue
        for option, variable in topic.options.items():
            value = _translate(option, pip.get(option, ""), folder or Path.cwd())
            if value and variable:
                variables[variable] = value
            elif value:
                options.append(value)
            names += [option] if value else []
    return UvSettings(variables=variables, options=tuple(options), names=tuple(names))


def _translate(option: str, value: str, folder: Path) -> str:
    """Write a pip value in uv's form; empty if it has no effect.

    pip ignores a missing folder in `find-links`; uv would fail.
    """
    values = value.split()
    if option == "no-index":
        return "--no-index" if value.lower() in _TRUE else ""
    if option == "find-links":
        places = [os.path.expanduser(each) for each in values]  # noqa: PTH111 - most are addresses
        return ",".join(place for place in places if "://" in place or (folder / place).is_dir())
    if option in {"cert", "client-cert"}:
        return os.path.expanduser(value)  # noqa: PTH111 - Path.expanduser fails where there is no home
    return " ".join(values)


def _read_pip(environment: Path | None) -> dict[str, str]:
    """Read pip's settings: variables override `[install]`, which overrides `[global]`; later files win."""
    sections: dict[str, dict[str, str]] = {"global": {}, "install": {}}
    for path in _files_of_pip(environment):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, ValueError) as error:  # its text may quote a line with a password
            raise ToolError(
                f"{path} is not a valid configuration file of pip: {type(error).__name__}", hint="correct it"
            ) from None
        for name in sections.keys() & set(parser.sections()):
            sections[name].update({_option(key): value for key, value in parser.items(name) if value})
    prefix = "PIP_"
    variables = {
        _option(name[len(prefix) :]): text for name, text in os.environ.items() if name.startswith(prefix) and text
    }
    return {**sections["global"], **sections["install"], **variables}


def _option(key: str) -> str:
    return key.lower().replace("_", "-").removeprefix("--")


def _files_of_pip(environment: Path | None) -> Iterator[Path]:
    """Yield the paths of pip's configuration files; later files override earlier ones."""
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    override = os.environ.get("PIP_CONFIG_FILE", "")
    if override == os.devnull:
        return
    shared, user = _folders("pip")
    legacy = _home() / ("pip" if sys.platform == "win32" else ".pip")
    own = [] if override and Path(override).exists() else [legacy, user]
    site = [environment] if environment else []
    system = [] if sys.platform in {"win32", "darwin"} else [_MACHINE]
    yield from (folder / name for folder in [*shared, *system, *own, *site])
    if override:
        yield Path(override)


def _keys_of_uv(folder: Path) -> set[str]:
    """Return the settings in uv's files: UV_CONFIG_FILE, else the files of the project, user and machine."""
    if os.environ.get("UV_NO_CONFIG", "").lower() in _TRUE:
        return set()
    if override := os.environ.get("UV_CONFIG_FILE"):
        return _keys(_table(Path(override)))
    shared, user = _folders("uv", is_xdg=True)
    system = [] if sys.platform == "win32" else [_MACHINE / "uv"]
    tables = [_table(place / "uv.toml") for place in [*shared, *system, user]]
    for place in (folder.absolute(), *folder.absolute().parents):
        pyproject = _table(place / "pyproject.toml").get("tool", {})
        table = _table(place / "uv.toml") or (pyproject.get("uv", {}) if isinstance(pyproject, dict) else {})
        if table:
            tables.append(table)
            break
    return {key for table in tables for key in _keys(table)}


def _keys(table: object) -> set[str]:
    """Return the keys of a table of uv's settings, including those of its `pip` table."""
    if not isinstance(table, dict):
        return set()
    pip = table.get("pip")
    return {*table, *(pip if isinstance(pip, dict) else ())}


def _table(path: Path) -> dict[str, object]:
    """Read a TOML file; empty if it does not exist or is invalid (uv reports an invalid file)."""
    try:
        return documents.read_toml(path)
    except (OSError, ProjectError):
        return {}


def _folders(program: str, *, is_xdg: bool = False) -> tuple[list[Path], Path]:
    """Return the folders of a program's configuration for the machine, and the one for the user.

    On macOS, pip uses Apple's folders, and uv (`is_xdg`) those of Linux.
    """
    home = _home()
    if sys.platform == "win32":
        machine, user = os.environ.get("PROGRAMDATA", r"C:\ProgramData"), os.environ.get("APPDATA")
        return [Path(machine) / program], Path(user or home / "AppData/Roaming") / program
    plain = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / program
    if sys.platform == "darwin" and not is_xdg:
        apple = home / "Library/Application Support" / program
        return [Path("/Library/Application Support") / program], (
            apple if apple.is_dir() else home / ".config" / program
        )
    folders = (os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    return [Path(folder) / program for folder in folders if folder], plain


def _home() -> Path:
    return Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() fails where there is none
