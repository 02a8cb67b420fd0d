"""Create a plugin project: protos, stubs, template, floors, lock; the folder appears complete or not at all."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug import __version__, files, process, sdk
from gfplug.errors import ToolError
from gfplug.project import lock, provenance, requirements
from gfplug.project.plugin_project import Project
from gfplug.scaffold import template
from gfplug.scaffold.openapi import upstream_files
from gfplug.scaffold.react import sources
from gfplug.sdk import stubs
from gfplug.stages import Stages

if TYPE_CHECKING:
    from gfplug.scaffold.openapi.stored_model import StoredModel
    from gfplug.scaffold.template import Answers
    from gfplug.sdk import SdkVersion

_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProject:
    """A project to create; `source` is a file, SDK checkout or module zip with the proto.

    `upstream` is the model of an API's description, if the project is created from one. With `has_repository`, the
    project becomes a git repository, unless it is inside one.
    """

    answers: Answers
    destination: Path
    sdk_version: SdkVersion
    source: Path | None = None
    offline: bool = False
    upstream: StoredModel | None = None
    has_repository: bool = False


def create(request: NewProject) -> Project:
    """Create the project.

    Raises: ProjectError if the destination is not empty or can't be written; FetchError, IntegrityError, CompatError
    or ToolError if the proto can't be fetched, trusted, used or compiled. After a failure, no file remains.
    """
    destination = request.destination.absolute()
    with files.staging(destination) as stage:
        _fill(stage, request)
    if request.has_repository and shutil.which("git"):
        _start_repository(destination)
    return Project(destination)


def _start_repository(folder: Path) -> None:
    """Make a folder a git repository, unless it is inside one; if git fails, only log the failure."""
    if any((place / ".git").exists() for place in (folder, *folder.parents)):
        return
    variables = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    try:
        process.run(["git", "-c", "init.defaultBranch=main", "init", "--quiet", folder], env=variables, timeout=60)
    except ToolError as error:
        _log.warning("the project is not a git repository: %s", error.message)


def preview(request: NewProject) -> list[str]:
    """List the files that `create` would write; this writes them to a temporary folder.

    Raises: as `create` does, except for a parent folder that can't be written.
    """
    files.require_free(request.destination.absolute())
    with tempfile.TemporaryDirectory(prefix="gfplug-new-") as name:
        _fill(Path(name), request)
        return [path.relative_to(name).as_posix() for path in files.walk(Path(name))]


def _fill(folder: Path, request: NewProject) -> None:
    version, stages = request.sdk_version, Stages()
    with stages.stage(
        "fetch", doing=f"Fetching the proto of SDK {version}", done=f"Fetched the proto of SDK {version}"
    ):
        protos = sdk.fetch(version, source=request.source, offline=request.offline)
    with ThreadPoolExecutor(1) as executor:  # protoc runs in another process
        generated = executor.submit(stubs.generate, protos)
        with stages.stage("template", doing="Rendering the project", done="Rendered the project"):
            upstream = None if request.upstream is None else upstream_files.write_upstream(request.upstream)
            template.render(request.answers, folder, api=upstream.data if upstream else None)
            files.write_tree(folder, upstream.files if upstream else {})
        with stages.stage("stubs", doing="Generating pluginv2", done="Generated pluginv2"):
            new_stubs = generated.result()
    with stages.stage("lock", doing="Writing the lock", done="Wrote the lock"):
        files.write_tree(folder / "src", new_stubs.files)
        pyproject = folder / "pyproject.toml"
        text = requirements.raise_floors(pyproject.read_text(encoding="utf-8"), new_stubs.floors)
        pyproject.write_bytes(text.encode())
        template.store_for_upgrades(folder, request.answers)
        if request.answers.frontend == "react":
            files.write_tree(folder, sources.write_sources(sources.example_schema(request.answers.example)))
        _write_lock(Project(folder), request.answers, protos, new_stubs)


def _write_lock(project: Project, answers: Answers, protos: sdk.ProtoSet, new_stubs: stubs.Stubs) -> None:
    new_lock = lock.Lock(
        sdk_version=str(protos.version),
        sdk_commit=protos.commit,
        source=protos.source,
        proto_sha256=protos.sha256,
        descriptor=new_stubs.descriptor,
        template_version=__version__,
        gfplug=provenance.detect(answers.gfplug).pip_argument,
        tools=new_stubs.tools,
        floors=new_stubs.floors,
        owned=project.owned_digests(),
    )
    lock.write(project.lock_path, new_lock)
