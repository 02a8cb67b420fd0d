"""Run by the interpreter of a project's environment: prints its properties, and what it lacks.

`python probe.py distributions NAME...` and `python probe.py modules NAME...` print one JSON object. The interpreter may
be any Python 3, so this file uses only old syntax, and it imports nothing of gfplug.
"""

import importlib.util
import json
import os
import sys
import sysconfig


def _has_libpython() -> bool:
    """Tell whether there is a shared libpython, which a frozen program loads.

    Conda's and Debian's interpreters have the file but do not link it, so this looks for the file.
    """
    if sys.platform == "win32" or sysconfig.get_config_var("PYTHONFRAMEWORK"):
        return True
    library, folder = sysconfig.get_config_var("INSTSONAME") or "", sysconfig.get_config_var("LIBDIR") or ""
    versioned = "libpython" + (sysconfig.get_config_var("LDVERSION") or "")
    suffixes = (".dylib",) if sys.platform == "darwin" else (".so.1.0", ".so")
    names = [versioned + suffix for suffix in suffixes] + ([] if library.endswith(".a") else [library])
    folders = [
        os.path.join(folder, sysconfig.get_config_var("MULTIARCH") or ""),  # noqa: PTH118 - see the module's docstring
        folder,
        os.path.join(sys.base_prefix, "lib"),  # noqa: PTH118
    ]
    return any(os.path.isfile(os.path.join(place, name)) for place in folders for name in names if name)  # noqa: PTH113, PTH118


def _lacks_distribution(requirement: str) -> bool:
    """Tell whether a distribution, `name` or `name==version`, is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - absent before Python 3.8

    name, _, exact = requirement.partition("==")
    try:
        return exact not in ("", version(name))
    except PackageNotFoundError:
        return True


def _lacks_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is None
    except (ImportError, ValueError):  # its parent is missing or is not a package
        return True


def main(what: str, names: "list[str]") -> None:
    """Print the report as one JSON object."""
    lacks = _lacks_module if what == "modules" else _lacks_distribution
    is_old = sys.version_info < (3, 8)
    report = {
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "libpython": _has_libpython(),
        "missing": [] if is_old else [name for name in names if lacks(name)],
        "version": list(sys.version_info[:3]),
    }
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
