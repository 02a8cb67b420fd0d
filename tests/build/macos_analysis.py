"""PyInstaller's analysis of libraries, as on macOS, for Mach-O files on any system.

`python macos_analysis.py SITE PYTHON` prints, in JSON, the files that PyInstaller collects for extension modules below
SITE, a folder of unpacked wheels, with PYTHON as the shared library of the interpreter. It is its own process:
PyInstaller determines the system once, when it is imported.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main(site: Path, python: Path) -> None:
    """Print the final entries of PyInstaller's Analysis."""
    from PyInstaller import compat  # type: ignore[import-untyped]  # noqa: PLC0415

    compat.is_darwin, compat.is_linux = True, False
    from PyInstaller.building.datastruct import (  # type: ignore[import-untyped]  # noqa: PLC0415
        normalize_toc,
        toc_process_symbolic_links,
    )
    from PyInstaller.depend import bindepend  # type: ignore[import-untyped]  # noqa: PLC0415
    from PyInstaller.utils import osx  # type: ignore[import-untyped]  # noqa: PLC0415

    modules = [path for path in sorted(site.rglob("*.so")) if "tests" not in path.parts]
    bindepend._get_paths_for_parent_directory_preservation = lambda: [site]
    sys.executable = str(modules[0])  # its run paths count, too: here a Mach-O file without run paths
    if osx.is_framework_bundle_lib(python):
        place = str(python.relative_to(python.parents[3]))
        entries = [(place, str(python), "BINARY"), (python.name, place, "SYMLINK")]
    else:
        entries = [(python.name, str(python), "BINARY")]
    entries += [(str(path.relative_to(site)), str(path), "EXTENSION") for path in modules]
    entries = bindepend.binary_dependency_analysis(entries, symlink_suppression_patterns=())
    entries = toc_process_symbolic_links(normalize_toc(entries))
    entries = normalize_toc(osx.collect_files_from_framework_bundles(entries))
    sys.stdout.write(json.dumps(entries))


if __name__ == "__main__":
    main(*map(Path, map(os.path.abspath, sys.argv[1:])))
