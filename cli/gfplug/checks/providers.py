"""Run by the interpreter of a project's environment: prints which installed packages provide some modules.

`python providers.py MODULE...` prints one JSON object: `standard`, the modules of Python itself; `providers`, the
packages that provide each module; `unlisted`, the modules that exist although no package lists them. It imports neither
gfplug nor the modules.
"""

import importlib.util
import json
import sys
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions


def _providers(module: str, tops: "dict[str, list[str]]") -> "list[str]":
    """Return the packages of a module; for a namespace, those that match most of its dotted name."""
    names = sorted(set(tops.get(module.partition(".")[0], [])))
    if len(names) < 2:  # noqa: PLR2004 - it is not a shared namespace
        return names
    path = module.replace(".", "/")
    while "/" in path:
        if inside := [name for name in names if _has(name, path, is_whole=path.count("/") == module.count("."))]:
            return inside
        path = path.rpartition("/")[0]
    return [] if "." in module else names


def _has(name: str, path: str, *, is_whole: bool) -> bool:
    """Tell whether a package has a module, by its path without a suffix; a package without a list of files may have it.

    Unless `is_whole`, a folder of this name is enough, although packages may share it, because the name may belong to
    something inside a module.
    """
    try:
        files = distribution(name).files
    except PackageNotFoundError:
        return False
    starts = (f"{path}.", f"{path}/" if is_whole else f"{path}/__init__.")
    return files is None or any(str(file).startswith(starts) for file in files)


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False


def main(modules: "list[str]") -> None:
    """Print the report as one JSON object."""
    tops = {key: list(value) for key, value in packages_distributions().items()}
    providers = {module: _providers(module, tops) for module in modules}
    unlisted = [module for module in modules if module.partition(".")[0] not in tops and _is_there(module)]
    report = {"standard": sorted(sys.stdlib_module_names), "providers": providers, "unlisted": unlisted}
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
