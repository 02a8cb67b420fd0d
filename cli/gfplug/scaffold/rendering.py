"""Render a layer of the template to files, as `copier copy` would write them; `copier.yml` has the settings.

copier is not imported: its import takes longer than the rest of `gfplug new`. The tests compare the output of both,
byte by byte. Only the settings that the template uses are supported; another setting is an error.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gfplug import files
from gfplug.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jinja2 import Environment, Template

_SUPPORTED_SETTINGS = {"_min_copier_version", "_subdirectory", "_templates_suffix", "_envops", "_exclude"}


def render_layer(template: Path, destination: Path, answers: Mapping[str, Any]) -> None:
    """Write the layer that the answers choose; its files replace existing files, and get the modes of new files.

    Raises: ToolError if the template can't be rendered.
    """
    import jinja2  # noqa: PLC0415 - heavy
    import yaml  # noqa: PLC0415 - as above

    try:
        _render(template, destination, answers)
    except (jinja2.TemplateError, yaml.YAMLError, ValueError, LookupError, TypeError, OSError) as error:
        raise ToolError(f"the template could not be rendered: {type(error).__name__}: {error}") from error


def _render(template: Path, destination: Path, answers: Mapping[str, Any]) -> None:
    settings = (template / "copier.yml").read_text(encoding="utf-8")
    environment, suffix, names = _compile_settings(template, settings)
    layer, *excluded = (name.render(answers) for name in names)
    for source in files.walk(template / layer):
        name = source.relative_to(template / layer).as_posix().removesuffix(suffix)
        if _is_excluded(PurePosixPath(name), excluded):
            continue
        if source.name.endswith(suffix):
            rendered = environment.get_template(source.relative_to(template).as_posix())
            content = rendered.render(answers).encode()
        else:
            content = source.read_bytes()
        path = destination / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(files.permitted_mode(0o777 if source.stat().st_mode & 0o100 else 0o666))


@lru_cache(maxsize=4)  # a project has several layers of one template, which is read and compiled once
def _compile_settings(template: Path, text: str) -> tuple[Environment, str, list[Template]]:
    """Return the environment, the suffix of files to render, and the names of the layer and of excluded files."""
    import yaml  # noqa: PLC0415 - as above
    from jinja2 import FileSystemLoader  # noqa: PLC0415 - as above
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415 - as above
    from jinja2.utils import import_string  # noqa: PLC0415 - as above

    settings = yaml.safe_load(text)
    if unknown := {key for key in settings if key.startswith("_")} - _SUPPORTED_SETTINGS:
        raise ValueError(f"copier.yml: unknown settings {', '.join(sorted(unknown))}")
    options = {**settings["_envops"], "undefined": import_string(settings["_envops"]["undefined"])}
    environment = SandboxedEnvironment(loader=FileSystemLoader(template), **options)
    names = [environment.from_string(name) for name in (settings["_subdirectory"], *settings["_exclude"])]
    return environment, settings["_templates_suffix"], names


def _is_excluded(path: PurePosixPath, patterns: Sequence[str]) -> bool:
    """Return whether a path or a folder above it matches: by path if the pattern has a slash, else by name.

    Source: gitignore(5), without support for `!`, `**` and a final slash.
    """
    places = [(str(place), place.name) for place in (path, *path.parents[:-1])]
    return any(
        fnmatchcase(whole if "/" in pattern else name, pattern.removeprefix("/"))
        for pattern in patterns
        for whole, name in places
    )
