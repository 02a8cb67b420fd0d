"""Run by the interpreter of a project's environment: prints its packages, and the package of each given file.

`python installed.py [FILE]` prints one JSON object; FILE holds a JSON list of paths. Imports nothing of gfplug.
"""

import functools
import hashlib
import json
import os
import platform
import re
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from urllib.parse import urlsplit
from urllib.request import url2pathname

_LICENSE_NAME = re.compile(r"(un)?licen[cs]e|copying|copyright|notice", re.IGNORECASE)
_REMOTE = ("http", "https", "ssh", "git")
_CODE = (".py", ".pyc", ".pyi", ".pyx", ".h", ".hpp", ".js", ".json", ".html", ".so", ".pyd", ".dll")
_PREFIX = os.path.realpath(sys.prefix) + os.sep


@functools.cache
def _folder(path: str) -> str:
    return os.path.realpath(path)


def _normal(path: str) -> str:
    """Return one spelling of a path, independent of links to its folder."""
    return os.path.join(_folder(os.path.dirname(path)), os.path.basename(path))  # noqa: PTH118, PTH119, PTH120 - texts


def _field(distribution: Distribution, key: str) -> str:
    return distribution.metadata[key] if key in distribution.metadata else ""  # noqa: SIM401 - untyped


def _origin(distribution: Distribution) -> dict[str, object]:
    """Return a package's origin, as the installer recorded it; empty for a package from an index (PEP 610).

    `sha256` is the archive's digest. `repository` is empty for a repository on this machine, and never has a password.
    """
    direct = json.loads(distribution.read_text("direct_url.json") or "{}")
    archive, vcs = direct.get("archive_info", {}), direct.get("vcs_info", {})
    name, _, digest = archive.get("hash", "").partition("=")
    scheme, _, rest = direct.get("url", "").partition("://")
    place = rest.partition("/")[0].rpartition("@")[2] + "/" + rest.partition("/")[2]
    is_remote = bool(vcs) and scheme in _REMOTE
    noted = archive.get("hashes", {}).get("sha256") or (digest if name == "sha256" else "")
    return {
        "is_from_index": not direct,
        "sha256": noted or ("archive_info" in direct and scheme == "file" and _digest_of(direct["url"])) or "",
        "repository": f"{vcs['vcs']}+{scheme}://{place}@{vcs['commit_id']}" if is_remote else "",
    }


def _digest_of(url: str) -> str:
    """Return the digest of an archive on this machine, which pip records and uv does not."""
    path = url2pathname(urlsplit(url).path)
    if not os.path.isfile(path):  # noqa: PTH113 - it is text
        return ""
    with open(path, "rb") as stream:  # noqa: PTH123
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is_license(name: str, license_files: set[str]) -> bool:
    parts = name.split("/")
    if parts[0].endswith(".dist-info") and (parts[1] == "licenses" or parts[-1] in license_files):
        return True
    return bool(_LICENSE_NAME.match(parts[-1])) and not parts[-1].lower().endswith(_CODE)


def _files(distribution: Distribution) -> dict[str, str]:
    """Map the names of a package's files to their paths, both normalized."""
    return {str(file): _normal(str(distribution.locate_file(file))) for file in distribution.files or ()}


def _is_list(name: str) -> bool:
    """Tell whether a file lists components that are compiled into a package (PEP 770)."""
    parts = name.split("/")
    return _is_metadata(name) and parts[1] == "sboms" and name.endswith(".json")


def _is_metadata(name: str) -> bool:
    return name.partition("/")[0].endswith((".dist-info", ".egg-info"))


def _folder_of(distribution: Distribution) -> str:
    """Return the folder of an editable package's code; empty for any other package."""
    direct = json.loads(distribution.read_text("direct_url.json") or "{}")
    if not direct.get("dir_info", {}).get("editable"):
        return ""
    return _folder(url2pathname(urlsplit(direct.get("url", "")).path))


def _by_folder(distributions: dict[str, Distribution], paths: list[str]) -> dict[str, set[str]]:
    """Map the names of editable packages to the paths in their folders; the innermost folder counts."""
    folders = {name: _folder_of(each) + os.sep for name, each in distributions.items()}
    linked: dict[str, set[str]] = {name: set() for name in distributions}
    for path in paths:
        inside = [name for name, folder in folders.items() if folder != os.sep and path.startswith(folder)]
        if inside:
            linked[max(inside, key=lambda name: len(folders[name]))].add(path)
    return linked


def _modules(names: Iterable[str]) -> list[str]:
    """List the import names of a package's code."""
    code = [name for name in names if name.endswith((".py", ".so", ".pyd")) and not name.startswith("..")]
    tops = {name.partition("/")[0].partition(".")[0] for name in code if not _is_metadata(name)}
    return sorted(name for name in tops if name.isidentifier() and not name.startswith("__"))


def _describe(
    distribution: Distribution, files: dict[str, str], paths: set[str], shared: set[str], linked: set[str]
) -> tuple[dict[str, object], set[str]]:
    record = distribution.read_text("RECORD") or distribution.read_text("installed-files.txt") or ""
    own_paths = paths.intersection(files.values())
    metadata = {path for name, path in files.items() if _is_metadata(name)}
    code = (own_paths - metadata - shared) | linked
    license_files = {name.rpartition("/")[2] for name in distribution.metadata.get_all("License-File") or []}
    report = {
        "name": distribution.metadata["Name"],
        "version": distribution.version,
        "expression": _field(distribution, "License-Expression"),
        "license": _field(distribution, "License"),
        "classifiers": [line for line in distribution.metadata.get_all("Classifier") or [] if "License ::" in line],
        "author": _field(distribution, "Author") or _field(distribution, "Author-email"),
        **_origin(distribution),
        "record": hashlib.sha256(record.encode()).hexdigest(),
        "texts": {name: path for name, path in sorted(files.items()) if own_paths and _is_license(name, license_files)},
        "sboms": sorted(path for name, path in files.items() if own_paths and _is_list(name)),
        "requires": distribution.requires or [],
        "modules": _modules(files),
        "is_listed": distribution.files is not None,
        "files": len(code),
        "size": sum(os.path.getsize(path) for path in code if os.path.isfile(path)),  # noqa: PTH113, PTH202
        "bundled": bool(code or own_paths - shared),
    }
    return report, own_paths


def _own_license() -> str:
    """Return the path of this Python's licence, searched like `license()`; empty if it does not exist."""
    library = os.path.dirname(os.__file__)  # noqa: PTH120
    for folder in (library, os.path.dirname(library), sys.base_prefix):  # noqa: PTH120
        for name in ("LICENSE.txt", "LICENSE"):
            if os.path.isfile(path := os.path.join(folder, name)):  # noqa: PTH113, PTH118
                return path
    return ""


def _markers() -> dict[str, str]:
    """Return the interpreter's values for environment markers in requirements (PEP 508)."""
    version = platform.python_version()
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": version,
        "platform_python_implementation": platform.python_implementation(),
        "python_full_version": version,
        "python_version": ".".join(version.split(".")[:2]),
    }


def main(paths: list[str]) -> None:
    """Print the report as one JSON object."""
    originals = {_normal(path): path for path in paths}
    by_name = {(each.metadata["Name"] or "").lower(): each for each in reversed(list(distributions()))}
    files = {name: _files(each) if paths else {} for name, each in by_name.items()}
    owners = Counter(path for each in files.values() for path in set(each.values()))
    shared = {path for path, number in owners.items() if number > 1}  # the __init__.py of a namespace
    linked = _by_folder(by_name, [path for path in originals if not path.startswith(_PREFIX)])
    entries = [
        _describe(by_name[name], files[name], set(originals), shared, linked[name]) for name in sorted(by_name) if name
    ]
    owned = set().union(*(own_paths for _, own_paths in entries))
    report = {
        "python": platform.python_version(),
        "build": [sys.version, sys.prefix, sys.base_prefix],
        "markers": _markers(),
        "library": [sysconfig.get_path("stdlib"), os.path.join(sys.base_prefix, "DLLs")],  # noqa: PTH118 - Windows'
        "license": _own_license(),
        "packages": [package for package, _ in entries],
        "unowned": sorted(path for normal, path in originals.items() if normal not in owned),
    }
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main(json.loads(open(sys.argv[1], encoding="utf-8").read()) if sys.argv[1:] else [])  # noqa: PTH123, SIM115 - one line
