"""The runtime's public API: where each name is imported from, and its description.

python tests/runtime/public_api.py             print the API of the gfruntime on Python's path
python tests/runtime/public_api.py --update    record it in public_api.json, which a test holds the runtime to, and
                                               new names with this version in public_api_since.json
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import re
import runpy
import sys
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

Api: TypeAlias = dict[str, list[str] | None]
"""Shape: a name → its parameters; None if it can't be called. Names that begin with `gfruntime.` can be imported."""

RECORD = Path(__file__).with_name("public_api.json")
SINCE = Path(__file__).with_name("public_api_since.json")
"""Shape: a public name → the version of gfruntime that had it first."""
MODULES: dict[str, tuple[str, ...]] = {
    "gfruntime": (),
    "gfruntime.calls.admission": ("Kind",),
    "gfruntime.config": ("GrafanaConfig", "OpenFeature", "SocksProxy", "SqlDefaults", "UserAgent"),
    "gfruntime.errors": ("DecodeError",),
    "gfruntime.fakes": (),
    "gfruntime.fixtures": (),
    "gfruntime.frames.frametext": ("encode",),
    "gfruntime.freeze": ("freeze",),
    "gfruntime.http.adapters": ("httpx_async_client", "httpx_client", "requests_session"),
    "gfruntime.http.async_client": ("AsyncHttpClient",),
    "gfruntime.http.client": ("HttpClient",),
    "gfruntime.http.response": ("HttpResponse", "UpstreamError"),
    "gfruntime.http.settings": ("HttpSettings",),
    "gfruntime.sql.database": ("Database", "Limits"),
    "gfruntime.sql.durations": (),
    "gfruntime.sql.formats": (),
    "gfruntime.sql.macros": (),
    "gfruntime.testing": (),
    "gfruntime.testing.fakes": (),
    "gfruntime.testing.fixtures": (),
    "gfruntime.testing.preview": (),
}
"""The modules that authors import from, and their public names: all names of a module, unless some are listed."""

_OPTIONS = {
    "AsyncHttpClient.get": "HttpClient.request",
    "AsyncHttpClient.of": "HttpClient.of",
    "AsyncHttpClient.post": "HttpClient.request",
    "AsyncHttpClient.request": "HttpClient.request",
    "Frame.with_notice": "notice",
    "HttpClient.get": "HttpClient.request",
    "HttpClient.post": "HttpClient.request",
}
"""Methods whose `**options` are passed to a function or method with another name."""
_SPECIAL = {"__call__", "__enter__", "__exit__", "__getitem__", "__len__"}


def describe_api() -> Api:
    """Describe every public name, and the classes of its attributes."""
    api: Api = {}
    classes: list[type] = []
    for module, name in _imports():
        value = getattr(module, name)
        api[f"{module.__name__}.{name}"] = None
        if isinstance(value, type):
            classes.append(value)
        elif isinstance(value, FunctionType):
            api[value.__name__] = _parameters(value)
    while classes:
        cls = classes.pop()
        if cls.__name__ not in api:
            api |= _members(cls)
            classes += _classes_of_attributes(cls)
    for name, parameters in api.items():
        if parameters and parameters[-1] in ("**options", "**more"):
            parameters[-1:] = _options(name, api)
    return dict(sorted(api.items()))


def list_losses(before: Api, after: Api) -> list[str]:
    """List the names and parameters that no longer exist."""
    sentences = []
    for name, parameters in before.items():
        others = after.get(name)
        if name not in after:
            sentences.append(f"{name} is gone")
        elif parameters is None or others is None:
            change = "an attribute became a method" if parameters is None else "a method became an attribute"
            sentences += [] if parameters is others else [f"{name}: {change}"]
        else:
            sentences += [f"{name}: the parameter {each} is gone" for each in parameters if each not in others]
            if [each for each in parameters if each in others] != [each for each in others if each in parameters]:
                sentences.append(f"{name}: the parameters are in another order")
    return sentences


def current_version() -> str:
    """Return the version of this checkout's runtime, which is gfplug's."""
    package = runpy.run_path(str(Path(__file__).parents[2] / "cli" / "gfplug" / "__init__.py"))
    return str(package["__version__"])


def first_versions(api: Api, versions: dict[str, str], *, version: str) -> dict[str, str]:
    """Return the first version of each name: the recorded one, else this version."""
    return {name: versions.get(name, version) for name in api}


def _imports() -> Iterator[tuple[ModuleType, str]]:
    """List every public name with its module; an older runtime lacks some modules."""
    for name, names in MODULES.items():
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        for each in names or _exports(module):
            if hasattr(module, each):
                yield module, each


def _exports(module: ModuleType) -> Sequence[str]:
    """List the names that a module exports: its `__all__`, else those that it defines or gets by `import *`."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    names: list[str] = []
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.ImportFrom) and node.module and node.names[0].name == "*":
            names += _exports(importlib.import_module(node.module))
    return [name for name in names if not name.startswith("_") and not isinstance(getattr(module, name), TypeVar)]


def _bases(cls: type) -> list[type]:
    """List a class and its base classes of the runtime."""
    return [base for base in cls.__mro__ if base.__module__.startswith("gfruntime")]


def _members(cls: type) -> Api:
    """Describe a class, its methods, and its attributes except those that have a parameter's name."""
    bases = _bases(cls)
    has_init = any("__init__" in vars(base) for base in bases) and not getattr(cls, "_is_protocol", False)
    parameters = _parameters(cls) if has_init else None
    api: Api = {cls.__name__: parameters}
    names = {name for base in bases for name in [*vars(base), *inspect.get_annotations(base), *_init_attributes(base)]}
    for name in names - {parameter.partition("=")[0] for parameter in parameters or []}:
        if name in _SPECIAL or not name.startswith("_"):
            is_method = isinstance(inspect.getattr_static(cls, name, None), FunctionType | classmethod | staticmethod)
            api[f"{cls.__name__}.{name}"] = _parameters(getattr(cls, name)) if is_method else None
    return api


def _init_attributes(cls: type) -> set[str]:
    """List the attributes that a class sets in its own `__init__`."""
    init = vars(cls).get("__init__")
    source = "" if init is None or "<string>" in init.__code__.co_filename else inspect.getsource(init)
    return set(re.findall(r"\bself\.([a-z]\w*)(?:: [^=\n]+)? = ", source))


def _classes_of_attributes(cls: type) -> Iterator[type]:
    """List the runtime's classes in the annotations of a class's attributes and properties."""
    for base in _bases(cls):
        properties = [value.fget for value in vars(base).values() if isinstance(value, property)]
        annotations = [
            *inspect.get_annotations(base).values(),
            *(each.__annotations__["return"] for each in properties),
        ]
        for word in re.findall(r"\w+", " ".join(map(str, annotations))):
            value = getattr(sys.modules[base.__module__], word, None)
            if isinstance(value, type) and value.__module__.startswith("gfruntime"):
                yield value


def _parameters(function: Any) -> list[str]:
    """List the parameters of a function or class, without `self`; `*` stands before keyword-only ones."""
    texts: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not any(text.startswith("*") for text in texts):
            texts.append("*")
        texts.append(str(parameter.replace(annotation=parameter.empty)))
    return texts[1:] if texts[:1] == ["self"] else texts


def _options(name: str, api: Api) -> list[str]:
    """List the options that a method passes on: the keywords of the function with its name, or with another."""
    target = _OPTIONS.get(name, name.rpartition(".")[2])
    parameters = api.get(target) or _parameters(_function_in_frames(target))
    return parameters[parameters.index("*") :]


def _function_in_frames(name: str) -> Any:
    """Find a function in any of the modules about frames."""
    modules = pkgutil.iter_modules(importlib.import_module("gfruntime.frames").__path__, "gfruntime.frames.")
    scopes = [vars(importlib.import_module(module.name)) for module in modules]
    return next(scope[name] for scope in scopes if isinstance(scope.get(name), FunctionType))


def _as_text(value: Api | dict[str, str]) -> str:
    lines = [f"  {json.dumps(name)}: {json.dumps(item)}" for name, item in value.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _update() -> None:
    api, versions = describe_api(), json.loads(SINCE.read_text(encoding="utf-8"))
    RECORD.write_text(_as_text(api), encoding="utf-8")
    SINCE.write_text(_as_text(first_versions(api, versions, version=current_version())), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        _update()
    else:
        sys.stdout.write(_as_text(describe_api()))
