"""Grafana's provisioning files for data sources: find a plugin's data source, and fill in its variables.

This module reads secrets, from the environment or a file; no message may show a secret.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug.errors import ProjectError, UsageError
from gfplug.host import variables
from gfplug.host.settings import Settings
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VARIABLE = re.compile(
    r"(?P<escaped>\$\$)|\$__env\{(?P<env>[^}]+)\}|\$__file\{(?P<file>[^}]+)\}|\$\{(?P<braced>\w+)\}|\$(?P<bare>\w+)"
)
_log = logging.getLogger("gfplug")


def find_datasource(folder: Path, plugin_id: str, *, environment: Mapping[str, str] | None = None) -> Settings | None:
    """Return the first data source of a plugin in `folder`'s YAML files; None if the files have none.

    Raises: ProjectError if a file cannot be read.
    """
    for path, source in list_sources(folder, plugin_id):
        return Settings.from_mapping(interpolate(source, environment), source=str(path))
    return None


def list_sources(folder: Path, plugin_id: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the data sources of a plugin in `folder`'s YAML files, unchanged, with their files.

    Raises: ProjectError if a file cannot be read.
    """
    for path, content in read_all(folder):
        for source in _sources(content, path, plugin_id):
            yield path, source


def choose(file: Path | None, project: Path | None, plugin_id: str) -> tuple[Path, dict[str, Any]] | None:
    """Return the data source of a file, else the first one that the project provisions, unchanged.

    Raises: as in `read` and `list_sources`.
    """
    if file:
        return file, read_source(file, plugin_id)
    return next(list_sources(project / "provisioning" / "datasources", plugin_id), None) if project else None


def read_all(folder: Path) -> Iterator[tuple[Path, Any]]:
    """Yield the YAML files of a folder, in the order of their names, with their contents.

    Raises: ProjectError if a file cannot be read.
    """
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        yield path, _load(path)


def read(path: Path, plugin_id: str) -> Settings:
    """Read one file: a provisioning file, or the mapping of a single data source (url, jsonData, secureJsonData).

    Raises: UsageError if the file does not exist or has no data source of the plugin; ProjectError if it is invalid.
    """
    return Settings.from_mapping(interpolate(read_source(path, plugin_id)), source=str(path))


def read_source(path: Path, plugin_id: str) -> dict[str, Any]:
    """Return the data source of one file, unchanged.

    Raises: as in `read`.
    """
    if not path.is_file():
        what = "is not a file" if path.exists() else "does not exist"
        raise UsageError(f"{path} {what}", hint="--settings takes a YAML or JSON file")
    content = _load(path)
    if not isinstance(content, dict):
        raise UsageError(f"{path} is not a mapping", hint="it needs the keys of a provisioned data source, such as url")
    source = next(iter(_sources(content, path, plugin_id)), None) if "datasources" in content else content
    if source is None:
        raise UsageError(f"{path} has no data source of type {plugin_id}")
    return source


def interpolate(value: Any, environment: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - YAML
    """Fill in `$NAME`, `${NAME}`, `$__env{NAME}` and `$__file{PATH}` in every text; `$$` stands for a dollar sign.

    An unset variable becomes empty, as in Grafana, with a warning.
    Source: grafana/grafana pkg/services/provisioning/values.
    """
    environment = os.environ if environment is None else environment
    return variables.replace(value, _VARIABLE, lambda match: _fill_in(match, environment))


def _fill_in(match: re.Match[str], environment: Mapping[str, str]) -> str:
    if match["escaped"]:
        return "$"
    if match["file"]:
        try:
            return documents.read_text(Path(match["file"])).strip()
        except FileNotFoundError as error:
            raise ProjectError(f"provisioning: {match['file']} does not exist") from error
        except ProjectError as error:
            raise ProjectError(f"provisioning: {error.message}", hint=error.hint) from error
    name = match["env"] or match["braced"] or match["bare"]
    if name not in environment:
        _log.warning("the variable %s of the provisioned data source is not set: its value is empty", name)
    return environment.get(name, "")


def _load(path: Path) -> Any:  # noqa: ANN401 - YAML
    try:
        return documents.read_yaml(path)
    except FileNotFoundError as error:  # a broken link
        raise ProjectError(f"{path} does not exist") from error


def _sources(content: Any, path: Path, plugin_id: str) -> list[dict[str, Any]]:  # noqa: ANN401 - YAML
    """Return the data sources of a plugin in a file."""
    sources = content.get("datasources") if isinstance(content, dict) else None
    if not isinstance(sources, list | None):
        raise ProjectError(f"{path}: 'datasources' is not a list")
    return [each for each in sources or [] if isinstance(each, dict) and each.get("type") == plugin_id]
