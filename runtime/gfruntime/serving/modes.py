"""The modes of a plugin's executable besides serving Grafana; every start imports this module, so it imports little.

| command line or environment | action |
| --- | --- |
| `-buildinfo`, `-version` | print them and exit |
| arguments of `multiprocessing` | run its child process: in a bundle, it starts the plugin itself |
| `-standalone` | serve on a port, for debuggers (see `standalone`) |
| any other argument | explain that this is not Python, and exit |
| a standalone server runs | redirect Grafana to it, and serve nothing |
| `GF_PLUGIN_PROFILING_ENABLED=true` | also serve profiles over HTTP (see `profiling`) |
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MULTIPROCESSING_IMPORTS = (
    "from multiprocessing.resource_tracker import main",
    "from multiprocessing.forkserver import main",
    "import sys; from multiprocessing.forkserver import main",
)
_MULTIPROCESSING_FORK = "--multiprocessing-fork"
_OPTIONS = ("-standalone", "-allow-remote", "-buildinfo", "-version")
_MAX_NAME_CHARACTERS = 60
_NOT_PYTHON = """\
this is a frozen plugin, not Python; it cannot run {argument}.
In a bundle, sys.executable is the plugin: start another program by its own name, and Python code with multiprocessing
or concurrent.futures (joblib: its backends "threading" and "multiprocessing"). The plugin itself takes {own}.
"""
_UNKNOWN = "this plugin takes no argument {argument}; it takes {own}.\n"
_PATCHES = ("pyi_rth_inspect", "pyi_rth_pkgutil")
_LEVELS = 5  # folders between a module and the project, plus one


def run_multiprocessing_child(arguments: Sequence[str]) -> None:
    """If multiprocessing started this executable, run its child and exit."""
    command = "".join(arguments[arguments.index("-c") + 1 :][:1]) if "-c" in arguments else ""
    if arguments[:1] == [_MULTIPROCESSING_FORK] and all(_is_setting(argument) for argument in arguments[1:]):
        from multiprocessing import spawn  # noqa: PLC0415  # few plugins use it

        apply_patches()
        spawn.freeze_support()
    elif getattr(sys, "frozen", False) and command.startswith(_MULTIPROCESSING_IMPORTS):
        exec(command)  # noqa: S102  # what an interpreter would do with it
        raise SystemExit(0)


def apply_patches() -> None:
    """Apply PyInstaller's patches of the standard library, which the author's code may need; bundles only.

    They let `inspect` and `pkgutil` find the modules of a bundle, and take a tenth of the time to the handshake.
    """
    if getattr(sys, "frozen", False):
        from importlib import import_module  # noqa: PLC0415  # a start needs it late

        for name in _PATCHES:
            import_module(name)


def refusal(arguments: Sequence[str]) -> str:
    """Explain which argument the plugin does not know; empty if it knows all.

    Otherwise a library that uses `sys.executable` as Python would start a second plugin, and wait for its end.
    """
    own = {f"{dashes}{name}" for name in _OPTIONS for dashes in ("", "-")}
    stranger = next((argument for argument in arguments if argument not in own), None)
    if stranger is None:
        return ""
    visible_name = stranger.partition("=")[0][:_MAX_NAME_CHARACTERS]  # the value may be secret
    text = _NOT_PYTHON if getattr(sys, "frozen", False) else _UNKNOWN
    return text.format(argument=repr(visible_name), own=", ".join(_OPTIONS))


def print_build_info(arguments: Sequence[str]) -> int | None:
    """Print build info or version if requested; return the exit status, or None if not requested."""
    options = {argument.lstrip("-") for argument in arguments}
    if not options & {"buildinfo", "version"}:
        return None
    import json  # noqa: PLC0415  # a start that serves needs neither

    from gfruntime.serving import plugin_json  # noqa: PLC0415

    manifest = plugin_json.find()
    if not manifest.plugin_id:
        sys.stderr.write("No plugin.json was found beside this executable or above it.\n")
        return 1
    info = {"time": manifest.time, "pluginID": manifest.plugin_id, "version": manifest.version}
    sys.stdout.write(f"{manifest.version if 'version' in options else json.dumps(info)}\n")
    sys.stdout.flush()
    return 0


def standalone_may_run() -> bool:
    """Check cheaply whether a standalone server may run: its file exists, or the environment names one."""
    if any(name.startswith("GF_PLUGIN_GRPC_ADDRESS_") for name in os.environ):
        return True
    folder = _program()
    for _ in range(_LEVELS):
        if os.path.exists(f"{folder}/plugin.json"):  # noqa: PTH110  # pathlib costs more than all of this
            return any(os.path.exists(f"{folder}{below}/standalone.txt") for below in ("", "/dist"))  # noqa: PTH110
        folder = os.path.dirname(folder)  # noqa: PTH120
    return False


def _is_setting(argument: str) -> bool:
    """Tell whether `multiprocessing` passes an argument to its children: `pipe_handle=5`."""
    name, _, value = argument.partition("=")
    return name.isidentifier() and (value.isdecimal() or value == "None")


def _program() -> str:
    frozen = getattr(sys, "frozen", False)
    started = sys.executable if frozen else getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.dirname(os.path.realpath(started or __file__))  # noqa: PTH120
