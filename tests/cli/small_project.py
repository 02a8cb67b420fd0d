"""The smallest project that can be built, and a fake interpreter, for the tests of the build."""

import json
from dataclasses import replace
from pathlib import Path

from gfplug.project import lock
from gfplug.project.plugin_project import Project

LOCK = lock.Lock(
    sdk_version="v0.298.0",
    sdk_commit=None,
    source="embedded",
    proto_sha256="a" * 64,
    descriptor="sha256:" + "b" * 64,
    template_version="0.1.0",
    gfplug="",
    tools={"protobuf": "7.36.2", "grpcio-tools": "1.85.1"},
    floors={"protobuf": "7.35.1", "grpcio": "1.85.1"},
    owned={"src/pluginv2/backend.proto": "c" * 64},
)
USABLE = '{"version": [3, 12, 1], "libpython": true, "free_threaded": false, "missing": []}'
PACKAGES = """\
{"python": "3.12.1", "build": ["3.12.1", "/usr", "/usr"], "license": "", "markers": {}, "library": [], "packages": [], \
"unowned": []}\
"""
PYPROJECT = """\
[project]
name = "acme-sales-datasource"
version = "1.2.3"
dependencies = ["grpcio>=1.60,<2", "colorama; sys_platform == 'win32'"]
[project.optional-dependencies]
build = ["pyinstaller>=6.15"]
"""
_INTERPRETER = """\
#!/bin/sh
echo "$*" >> '{diary}'
for word; do
  case "$word" in --distpath=*) output="${{word#*=}}/gpx_sales_linux_amd64" ;; esac
  last="$word"
done
case "$*" in
  *probe.py*) echo '{report}' ;;
  *installed.py*) echo '{packages}' ;;
  *"-m venv"*) mkdir -p "$last/bin" && cp "$0" "$last/bin/python" && touch "$last/pyvenv.cfg" ;;
  *"-m pip"*) {pip} ;;
  *"-m PyInstaller"*)
    {freeze}
    mkdir -p "$output/_internal_linux_amd64" && echo program > "$output/gpx_sales_linux_amd64"
    echo library > "$output/_internal_linux_amd64/libx.so.1" && chmod 777 "$output/_internal_linux_amd64/libx.so.1"
    ;;
esac
"""


def small_project(folder: Path) -> Project:
    """Make a project with only the files that a build reads."""
    project = Project(folder)
    (folder / "src/pluginv2").mkdir(parents=True)
    (folder / "frontend/img").mkdir(parents=True)
    (folder / "src/pluginv2/backend.proto").write_text("proto")
    (folder / "frontend/img/logo.svg").write_text("<svg/>")
    (folder / "plugin.spec").write_text("")
    (folder / "README.md").write_text("# Sales\n")
    manifest = {
        "id": "acme-sales-datasource",
        "name": "Sales",
        "executable": "gpx_sales",
        "info": {"version": "%VERSION%", "updated": "%TODAY%"},
    }
    (folder / "plugin.json").write_text(json.dumps(manifest))
    (folder / "pyproject.toml").write_text(PYPROJECT)
    lock.write(project.lock_path, replace(LOCK, owned=project.owned_digests()))
    return project


def fake_python(path: Path, *, report: str = USABLE, pip: str = ":", freeze: str = ":") -> Path:
    """Write a program that answers like an interpreter, and records its arguments in `<path>.diary`.

    `pip` and `freeze` are shell commands that replace installing and freezing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _INTERPRETER.format(diary=diary(path), report=report, packages=PACKAGES, pip=pip, freeze=freeze)
    path.write_text(text)
    path.chmod(0o755)
    return path


def diary(path: Path) -> Path:
    """Return the file with the calls of a fake interpreter and of every copy of it."""
    return path.with_name(f"{path.name}.diary")
