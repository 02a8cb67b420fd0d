"""`gfplug proto verify`: check that a project's proto, lock and stubs match. It needs no network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug import sdk
from gfplug.errors import IntegrityError, ProjectError
from gfplug.sdk import stubs
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfplug.project.lock import Lock
    from gfplug.project.plugin_project import Project

_STUBS = "src/pluginv2/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check and its result: `passed` is None if the check could not run, and `sentence` says why."""

    name: str
    passed: bool | None
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The results of all checks of a project's proto."""

    version: str
    checks: tuple[Check, ...]

    @property
    def problems(self) -> list[str]:
        """The sentences of the checks that failed."""
        return [check.sentence for check in self.checks if check.passed is False]


def read_project_proto(project: Project) -> sdk.ProtoSet:
    """Return a project's proto as a ProtoSet of the version in its lock.

    Raises: ProjectError if there is no proto, or the lock has no version.
    """
    lock = project.lock
    text = sdk.normalise(project.read_proto())
    descriptors = {release.version: release.descriptor for release in sdk.releases()}
    version = sdk.SdkVersion.parse(lock.sdk_version)
    descriptor = descriptors.get(version)
    return sdk.ProtoSet(version=version, text=text, source=lock.source, commit=lock.sdk_commit, descriptor=descriptor)


def verify(project: Project) -> Verification:
    """Compare a project's proto, its lock and its stubs with one another, and with the index.

    Raises: ProjectError if the proto or a readable lock is missing; ToolError if protoc can't be run.
    """
    lock, protos = project.lock, read_project_proto(project)
    checks = [_proto(lock, protos), _owned(project)]
    try:
        new_stubs = stubs.generate(protos)
    except IntegrityError as error:
        checks.append(Check(name="wire", passed=False, sentence=error.message))
    else:
        checks.append(_wire(lock, new_stubs, protos))
        if differing := _other_tools(lock, new_stubs):
            sentence = f"not compared: {differing}"
            checks += [Check(name=name, passed=None, sentence=sentence) for name in ("floors", "stubs")]
        else:
            checks += [_floors(lock, new_stubs), _stubs(project, new_stubs)]
    return Verification(version=lock.sdk_version, checks=tuple(checks))


def _judge(name: str, problem: str, otherwise: str) -> Check:
    return Check(name=name, passed=not problem, sentence=problem or otherwise)


def _proto(lock: Lock, protos: sdk.ProtoSet) -> Check:
    path = "src/pluginv2/backend.proto"
    is_same = protos.sha256 == lock.proto_sha256
    problem = "" if is_same else f"{path} has sha256 {protos.sha256}, but the lock has {lock.proto_sha256}"
    return _judge("proto", problem, f"{path} is the one in the lock")


def _owned(project: Project) -> Check:
    edited_files = [f"{path} ({what})" for path, what in project.changed_owned().items() if path.startswith(_STUBS)]
    problem = f"differs from the lock: {', '.join(edited_files)}" if edited_files else ""
    return _judge("files", problem, f"every file in {_STUBS} is the one in the lock")


def _wire(lock: Lock, new_stubs: stubs.Stubs, protos: sdk.ProtoSet) -> Check:
    is_same = new_stubs.descriptor == lock.descriptor
    problem = "" if is_same else f"the proto compiles to {new_stubs.descriptor}, but the lock has {lock.descriptor}"
    origin = "as the index says" if protos.descriptor else "a release this gfplug does not know"
    return _judge("wire", problem, f"the wire format is that of SDK {lock.sdk_version}, {origin}")


def _floors(lock: Lock, new_stubs: stubs.Stubs) -> Check:
    ours, theirs = _join(new_stubs.floors), _join(lock.floors)
    problem = "" if ours == theirs else f"the stubs need {ours}, but the lock has {theirs}"
    return _judge("floors", problem, f"the stubs need {theirs} or later")


def _stubs(project: Project, new_stubs: stubs.Stubs) -> Check:
    differing = [path for path, content in new_stubs.files.items() if _read(project, path) != content]
    problem = f"these differ from newly generated ones: {', '.join(differing)}" if differing else ""
    return _judge("stubs", problem, "every stub equals a newly generated one")


def _other_tools(lock: Lock, new_stubs: stubs.Stubs) -> str:
    """List the generators whose versions here differ from those that made the stubs."""
    return ", ".join(
        f"{name} is {new_stubs.tools.get(name, 'absent')} here, {lock.tools.get(name, 'absent')} in the lock"
        for name in sorted({*lock.tools, *new_stubs.tools})
        if lock.tools.get(name) != new_stubs.tools.get(name)
    )


def _read(project: Project, path: str) -> bytes | None:
    """Return a generated file with LF line ends: a checkout may have changed them."""
    try:
        return documents.read_bytes(project.source / path).replace(b"\r\n", b"\n")
    except (OSError, ProjectError):
        return None


def _join(floors: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(floors.items()))
