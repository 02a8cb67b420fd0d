"""protoc: compile an SDK proto to a descriptor and typed Python stubs.

protoc runs as a child process: in this process its errors would go to file descriptor 2, where gfplug can't catch them.
An exit code of 0 proves nothing (an empty file compiles), so the result is checked. Code is generated from the
descriptor, which has no comments: a comment in an untrusted proto could end a docstring and be executed.
"""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug import process
from gfplug.errors import IntegrityError, ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    from gfplug.sdk import ProtoSet

PACKAGE = "pluginv2"
TOOLS = ("grpcio-tools", "mypy-protobuf")
OWN_VERSION = ("gfplug-stubs", "3")
"""The version of gfplug's calls of the tools; it increases if the same proto gives other code.

2: without the proto's comments. 3: without the code of the services, which nothing imports.
"""

_FILE = "backend.proto"
_SERVICE_CODE = f"{PACKAGE}/backend_pb2_grpc.py"  # it names the oldest grpcio, and no project contains it
_SERVICES = {"Resource", "Data", "Diagnostics", "Stream"}
_GRPC_FLOOR = re.compile(r"^GRPC_GENERATED_VERSION = '([0-9.]+)'$", re.MULTILINE)
_PROTOBUF_FLOOR = re.compile(r"^# Protobuf Python Version: ([0-9.]+)$", re.MULTILINE)
_PROTOC_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stubs:
    """Generated code.

    Shape: `files` maps a path relative to `src/` to bytes; `floors` maps a package to the oldest version that the stubs
    accept; `tools` maps a generator to its version; `descriptor` is `digest` of the compiled proto.
    """

    files: Mapping[str, bytes]
    descriptor: str
    floors: Mapping[str, str]
    tools: Mapping[str, str]


def generate(protos: ProtoSet) -> Stubs:
    """Generate the package `pluginv2`: the proto, the Python code of its messages, and types for them.

    The same proto and tools give the same bytes.
    Raises: IntegrityError if the proto does not compile, is not the plugin protocol, or has another wire format than
    the index says; ToolError if protoc or its plugins can't be run.
    """
    options = ["--python_out=out", "--grpc_python_out=out", *_type_options()]
    outputs = _compile(protos.text, options, is_known=protos.descriptor is not None)
    descriptor_set = _parse(outputs.pop("described"))
    check(descriptor_set)
    descriptor = digest(descriptor_set)
    if protos.descriptor is not None and descriptor != protos.descriptor:
        raise IntegrityError(
            f"the proto of SDK {protos.version} from {protos.source} compiles to {descriptor}, "
            f"but the index has {protos.descriptor}",
            hint="fetch the proto again, or reinstall gfplug if it came with it",
        )
    code = {name: content.replace(b"\r\n", b"\n") for name, content in outputs.items()}
    files = {f"{PACKAGE}/__init__.py": b"", f"{PACKAGE}/{_FILE}": protos.text}
    return Stubs(
        files={**{name: content for name, content in code.items() if name != _SERVICE_CODE}, **files},
        descriptor=descriptor,
        floors=_floors(code),
        tools=tool_versions(),
    )


def describe(protos: ProtoSet) -> FileDescriptorSet:
    """Compile a proto to its descriptors: one file named `pluginv2/backend.proto`, after the files that it imports.

    Raises: IntegrityError if the proto does not compile; ToolError if protoc can't be run.
    """
    return _parse(_compile(protos.text)["described"])


def digest(descriptor_set: FileDescriptorSet) -> str:
    """Return a digest of the wire format, without comments, file options, file names and imported files."""
    from google.protobuf.descriptor_pb2 import FileDescriptorProto  # noqa: PLC0415 - only commands that compile pay for it

    hasher = hashlib.sha256()
    for file in descriptor_set.file:
        if file.package.startswith("google."):
            continue
        bare = FileDescriptorProto()
        bare.CopyFrom(file)
        for name in ("name", "options", "source_code_info"):
            bare.ClearField(name)
        hasher.update(bare.SerializeToString(deterministic=True))
    return f"sha256:{hasher.hexdigest()}"


def check(descriptor_set: FileDescriptorSet) -> None:
    """Refuse a proto that compiles but is not the plugin protocol.

    Raises: IntegrityError if the package is not `pluginv2`, or lacks one of the four services of every plugin.
    """
    files = [file for file in descriptor_set.file if file.package == PACKAGE]
    services = {service.name for file in files for service in file.service}
    if not files:
        raise IntegrityError(f"the proto does not declare the package {PACKAGE}", hint="check its source")
    if missing := sorted(_SERVICES - services):
        raise IntegrityError(
            f"the proto lacks the services {', '.join(missing)} of the plugin protocol", hint="check its source"
        )


def tool_versions() -> dict[str, str]:
    """Return the versions of the generators in use.

    Raises: ToolError if a generator is not installed.
    """
    from importlib import metadata  # noqa: PLC0415 - only commands that compile pay for it

    try:
        return dict([*((name, metadata.version(name)) for name in TOOLS), OWN_VERSION])
    except metadata.PackageNotFoundError as error:
        raise ToolError(f"{error.name} is not installed", hint="install gfplug again, with its dependencies") from error


def _compile(text: bytes, options: Sequence[str] = (), *, is_known: bool = True) -> dict[str, bytes]:
    """Compile in a separate folder, with relative paths only: protoc splits `-I` at colons, which TMPDIR may contain.

    With options, code is generated from the descriptor; if the index lacks the proto, the code is imported as a test.
    """
    import tempfile  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory(prefix="gfplug-protoc-") as name:
        folder = Path(name)
        (folder / _FILE).write_bytes(text)
        (folder / "out").mkdir()
        _protoc(folder, f"-I{PACKAGE}=.", "--descriptor_set_out=described", "--include_imports")
        if options:
            _protoc(folder, "--descriptor_set_in=described", *options)
        if options and not is_known:
            _require_importable(folder / "out")
        paths = {path.relative_to(folder / "out").as_posix(): path for path in (folder / "out").rglob("*.py*")}
        paths = {name: path for name, path in paths.items() if path.suffix in {".py", ".pyi"}}
        return {name: path.read_bytes() for name, path in sorted({**paths, "described": folder / "described"}.items())}


def _protoc(folder: Path, *options: str) -> None:
    command = [sys.executable, "-m", "grpc_tools.protoc", *options, f"{PACKAGE}/{_FILE}"]
    try:
        process.run(command, cwd=folder, what="protoc", timeout=_PROTOC_SECONDS)
    except ToolError as error:
        if _FILE not in error.details:  # protoc itself failed, not the proto
            raise
        raise IntegrityError("the proto does not compile", hint="check its source", details=error.details) from error


def _require_importable(folder: Path) -> None:
    """Import the generated code in another process, because a method may have the name of a keyword."""
    command = [sys.executable, "-B", "-c", f"import {PACKAGE}.backend_pb2_grpc"]
    try:
        process.run(command, cwd=folder, what="importing the generated code", timeout=_PROTOC_SECONDS)
    except ToolError as error:
        raise IntegrityError(
            "Python cannot import the code generated from the proto", hint="check its source", details=error.details
        ) from error


def _parse(content: bytes) -> FileDescriptorSet:
    from google.protobuf.descriptor_pb2 import FileDescriptorSet  # noqa: PLC0415 - as above

    return FileDescriptorSet.FromString(content)


def _type_options() -> list[str]:
    return [f"--plugin=protoc-gen-mypy={_script('protoc-gen-mypy')}", "--mypy_out=quiet:out"]


def _script(name: str) -> Path:
    """Find a script of mypy-protobuf: where its installation recorded it, else beside Python, else on the PATH."""
    import shutil  # noqa: PLC0415 - as above
    import sysconfig  # noqa: PLC0415 - as above
    from importlib import metadata  # noqa: PLC0415 - as above

    names = {name, f"{name}.exe"}
    recorded = metadata.files("mypy-protobuf") or []
    scripts = [Path(str(file.locate())) for file in recorded if file.name in names]
    beside = Path(sysconfig.get_path("scripts")) / name
    on_path = shutil.which(name)
    for candidate in (*scripts, beside, *([Path(on_path)] if on_path else [])):
        if candidate.is_file():
            return candidate.resolve()
    raise ToolError(f"{name} was not found", hint="install gfplug again: it depends on mypy-protobuf")


def _floors(code: Mapping[str, bytes]) -> dict[str, str]:
    """Read the oldest versions of grpcio and protobuf that the generated code accepts."""
    text = {name: content.decode() for name, content in code.items()}
    grpcio = _GRPC_FLOOR.search(text.get(_SERVICE_CODE, ""))
    protobuf = _PROTOBUF_FLOOR.search(text.get(f"{PACKAGE}/backend_pb2.py", ""))
    if grpcio is None or protobuf is None:
        raise ToolError("protoc's output names no versions of grpcio and protobuf", hint="report this to gfplug")
    return {"grpcio": grpcio[1], "protobuf": protobuf[1]}
