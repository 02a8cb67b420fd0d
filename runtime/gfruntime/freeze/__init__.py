"""Freeze a plugin with PyInstaller into one folder with one executable. A project's `plugin.spec` calls `freeze`.

This package runs only in PyInstaller's process, and no bundle contains it. The files in `hooks/` tell PyInstaller the
needs of pyarrow and other packages; it finds them by the entry point `pyinstaller40` of this distribution.
"""

from __future__ import annotations

import json
import platform
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from gfruntime.freeze import dependencies, links, unused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["freeze", "hook_folders"]

_HOOKS = Path(__file__).parent / "hooks"
_GOOS = {"win32": "windows"}
_GOARCH = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
_WITHOUT_DOCSTRINGS = (
    "gfruntime",
    "google.protobuf",
    "grpc",
    "pluginv2",
    "typing_extensions",
    "urllib3",
    *sys.stdlib_module_names,
)
_BUILT_IN_MODULES = ("importlib._bootstrap", "importlib._bootstrap_external", "zipimport")

_LATE_PATCHES = ("pyi_rth_inspect", "pyi_rth_pkgutil")
"""PyInstaller's patches of the standard library that `gfruntime.serving.modes` applies after the handshake."""

_REPLACED_PATCHES = ("pyi_rth_multiprocessing",)
"""Another patch, which `gfruntime.serving.modes` replaces; it would import multiprocessing at every start."""

_OPTIONAL = {
    "adbc-driver-flightsql": ("adbc_driver_flightsql.dbapi",),  # imported for the address of a database
    "adbc-driver-postgresql": ("adbc_driver_postgresql.dbapi",),
    "adbc-driver-snowflake": ("adbc_driver_snowflake.dbapi",),
    "azure-identity": ("azure.identity",),
    "botocore": ("botocore.auth", "botocore.awsrequest", "botocore.credentials", "botocore.session"),
    "clickhouse-connect": ("clickhouse_connect",),
    "cryptography": (
        # the imports of `gfruntime.serving.tls` and `gfruntime.http.assertions`
        "cryptography.hazmat.primitives.asymmetric.ec",
        "cryptography.hazmat.primitives.asymmetric.padding",
        "cryptography.hazmat.primitives.asymmetric.rsa",
        "cryptography.hazmat.primitives.asymmetric.utils",
        "cryptography.hazmat.primitives.hashes",
        "cryptography.hazmat.primitives.serialization",
        "cryptography.x509",
    ),
    "duckdb": ("duckdb",),
    "google-auth": ("google.auth", "google.auth.transport.urllib3"),
    "httpx": ("httpx",),
    "pymysql": ("pymysql", "pymysql.cursors"),
    "requests": ("requests",),
    "trino": ("trino", "tzdata"),  # trino reads its time zone from tzdata
}

_REPLACEMENTS = {"pyarrow.vendored.docscrape": str(Path(__file__).with_name("plain_docscrape.py"))}
"""Modules whose source a bundle replaces."""


def hook_folders() -> list[str]:
    """Return the folders with this library's hooks for PyInstaller."""
    return [str(_HOOKS)]


def freeze(
    folder: str,
    *,
    hidden_imports: Sequence[str] = (),
    data: Iterable[tuple[str, str]] = (),
    excludes: Sequence[str] = (),
) -> None:
    """Freeze the plugin in a project's folder; PyInstaller's command line sets the destination.

    Shape: `hidden_imports` are modules that PyInstaller can't see; `data` are pairs of a path in the project and the
    bundle's folder for it; `excludes` are packages to leave out.
    Raises: OSError, ValueError or KeyError if plugin.json can't be read or names no executable.

    >>> freeze(SPECPATH, hidden_imports=["sqlalchemy.dialects.postgresql"])  # doctest: +SKIP
    """
    from PyInstaller.building.api import COLLECT, EXE, PYZ  # type: ignore[import-untyped]  # noqa: PLC0415
    from PyInstaller.building.build_main import Analysis  # type: ignore[import-untyped]  # noqa: PLC0415
    from PyInstaller.utils.hooks import copy_metadata  # type: ignore[import-untyped]  # noqa: PLC0415

    root = Path(folder)
    program = root / "src" / "plugin" / "__main__.py"
    direct, excluded = dependencies.direct_names(root), [*excludes, *unused.transport(program)]
    # packages that the runtime uses if the project depends on them; other installed packages are not bundled
    optional = [module for name, modules in _OPTIONAL.items() if name in direct for module in modules]
    names = dependencies.all_names(root)
    data_modules, data_files = dependencies.data_packages(names, excludes=excluded)
    dialects = dependencies.sqlalchemy_dialects(names)
    target = _platform()
    name = f"{json.loads((root / 'plugin.json').read_text(encoding='utf-8'))['executable']}_{target}"
    analysis = Analysis(
        [str(program)],
        pathex=[str(root / "src")],
        hiddenimports=[*hidden_imports, *optional, *data_modules, *chain.from_iterable(dialects.values())],
        datas=[
            *((str(root / source), place) for source, place in data),
            *data_files,
            *chain.from_iterable(map(copy_metadata, dialects)),
        ],
        excludes=excluded,
        runtime_hooks=[str(_HOOKS / "start_process.py")],
        module_collection_mode={"plugin": "pyc"},  # separate files make a second build quick
        optimize=2,  # no assert statements, and no docstrings except those that `_keep_docstrings` restores
    )
    clients = unused.clients(root / "src", _users("gfruntime", analysis.pure, analysis.graph.get_code_using))
    modules = [entry for entry in analysis.pure if not unused.is_in_packages(entry[0], clients)]
    patches = [(name, path, "PYMODULE-2") for name, path, _ in analysis.scripts if name in _LATE_PATCHES]
    executable = EXE(
        PYZ(_keep_docstrings([*modules, *patches])),
        [script for script in analysis.scripts if script[0] not in (*_LATE_PATCHES, *_REPLACED_PATCHES)],
        exclude_binaries=True,
        name=name,
        contents_directory=f"_internal_{target}",  # several platforms may share one plugin's folder
        console=True,
    )
    trusted = unused.trusts_servers(_users("grpc", analysis.pure, analysis.graph.get_code_using), clients)
    entries = [*analysis.binaries, *(entry for entry in analysis.datas if trusted or entry[0] != unused.ROOTS)]
    COLLECT(executable, links.put_libraries_first(entries) if sys.platform == "darwin" else entries, name=name)


def _users(package: str, modules: Iterable[links.Entry], importers: Callable[[str], Iterable[str]]) -> set[str]:
    """Return the modules that import a package or a part of it."""
    parts = [name for name, *_ in modules if unused.is_in_packages(name, [package])]
    return {user for part in parts for user in importers(part)}


def _platform() -> str:
    """Return this platform as in an executable's name: the system and the processor, as Go names them."""
    machine = platform.machine().lower()
    return f"{_GOOS.get(sys.platform, sys.platform)}_{_GOARCH.get(machine, machine)}"


def _keep_docstrings(modules: Iterable[links.Entry]) -> list[links.Entry]:
    """Keep docstrings in compiled packages, because some packages format them on import.

    gfruntime, the standard library and the other names in `_WITHOUT_DOCSTRINGS` do not need them.
    """
    without = tuple(f"{name}." for name in _WITHOUT_DOCSTRINGS)
    return [
        (name, _REPLACEMENTS.get(name, path), kind if f"{name}.".startswith(without) else "PYMODULE-1")
        for name, path, kind in modules
        if name not in _BUILT_IN_MODULES
    ]
