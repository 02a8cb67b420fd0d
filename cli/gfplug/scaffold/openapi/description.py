"""Read an API's description as a data source: OpenAPI 3.0 to 3.2 or Swagger 2.0, YAML or JSON, a file or a URL."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from gfplug.errors import ProjectError, UsageError
from gfplug.scaffold.openapi.auth_schemes import AuthReader
from gfplug.scaffold.openapi.base_urls import BaseUrlReader
from gfplug.scaffold.openapi.description_files import DescriptionFiles, is_url
from gfplug.scaffold.openapi.identifiers import Identifiers, identifier
from gfplug.scaffold.openapi.model import DataSource, LeftOut, Operation
from gfplug.scaffold.openapi.nodes import FlawError, Node, NoQueryError, quote
from gfplug.scaffold.openapi.operation_reader import Entry, OperationReader, entry_name
from gfplug.scaffold.openapi.option_lists import add_options
from gfplug.scaffold.openapi.remarks import Remarks
from gfplug.scaffold.openapi.server_hosts import find_foreign_hosts
from gfplug.scaffold.openapi.validation import find_violations
from gfplug.sdk.addresses import redact

if TYPE_CHECKING:
    from collections.abc import Sequence

_METHODS = ("get", "post", "put", "patch", "delete")
_VERSION = re.compile(r"3\.[0-2](\.\d+)?([-.+].*)?")
_MOST_OPERATIONS = 10_000
_LONGEST_TITLE = 200
_MOST_SUGGESTIONS = 5
_NEW_METHOD = "gfplug does not support this method, which is new in OpenAPI 3.2"


def read(source: str, *, operations: Sequence[str] = (), previous: Sequence[str] = ()) -> DataSource:
    """Read a description: `source` is a path, or an http or https URL.

    `operations` chooses operations by operationId, identifier, or method and path (`GET /users`). Without `operations`,
    the names in `previous` choose, and those that no longer exist are ignored.

    Raises: FetchError or IntegrityError if the description cannot be fetched; ProjectError if it is invalid, or has no
    query; UsageError for an operation that the description does not have.
    """
    files = DescriptionFiles(source)
    is_swagger = _is_swagger(files.main, source)
    shared = Remarks()
    names = Identifiers()
    urls = BaseUrlReader(files.url, names, shared)
    base_urls = urls.of_root(files.main)
    auth = AuthReader(files, base_urls[0].url if base_urls else "", names, shared)
    reader = OperationReader(files, auth, urls, is_swagger=is_swagger)
    entries, flaws = _entries(files)
    entries = _select(entries, operations) if operations else _select_existing(entries, previous)
    if len(entries) > _MOST_OPERATIONS:
        raise ProjectError(
            f"the description has more than {_MOST_OPERATIONS:,} operations",
            hint="choose some of them: --operations NAME,NAME",
        )
    queries: list[Operation] = []
    repeated = [LeftOut(kind="flawed", place="/", operation="", reason=sentence) for sentence in files.repeated]
    left_out: list[LeftOut] = repeated if operations or previous else [*repeated, *flaws]
    for entry in entries:
        remarks = Remarks(entry.name)
        try:
            queries.append(reader.read(entry, remarks))
        except FlawError as flaw:
            left_out.append(_left_out_entry(entry, flaw))
        else:
            left_out.extend(remarks.parts)
    if not queries:
        raise _no_query(source, left_out)
    identifiers = Identifiers()
    queries = [replace(query, identifier=identifiers.take(query.name, fallback="operation")) for query in queries]
    scheme_names = {name for query in queries for way in (*query.auth, query.optional_auth) for name in way}
    info = files.main.child("info")
    schemes = tuple(scheme for scheme in auth.supported.values() if scheme.name in scheme_names)
    return DataSource(
        title=info.text("title", most=_LONGEST_TITLE),
        version=info.text("version", most=_LONGEST_TITLE),
        description=info.text("description") or info.text("summary"),
        base_urls=base_urls,
        base_path="" if base_urls else urls.path,
        auth=schemes,
        operations=tuple(add_options(queries)),
        left_out=(*shared.parts, *left_out, *find_foreign_hosts(base_urls, queries, schemes)),
        violations=find_violations(files.main.value, entries),
    )


def _is_swagger(root: Node, source: str) -> bool:
    """Return whether a description is Swagger 2.0.

    Raises: ProjectError if the description is neither Swagger 2.0 nor OpenAPI 3.
    """
    version, swagger = root.child("openapi").value, root.child("swagger").value
    if _VERSION.fullmatch(root.text("openapi")):
        return False
    if root.text("swagger") == "2.0" and version is None:
        return True
    if version is None and swagger is None:
        raise ProjectError(
            f"{_name(source)} is not an API description: it has neither the key `openapi` nor `swagger`",
            hint="use an OpenAPI 3.0 to 3.2 or Swagger 2.0 description",
        )
    format_name = f"OpenAPI {quote(version)}" if version is not None else f"Swagger {quote(swagger)}"
    raise ProjectError(
        f"{_name(source)} is {format_name}, which gfplug cannot read", hint="use OpenAPI 3.0 to 3.2, or Swagger 2.0"
    )


def _entries(files: DescriptionFiles) -> tuple[list[Entry], list[LeftOut]]:
    """List the operations, and the flaws of paths that cannot be read."""
    entries, flaws = [], []
    for path, reference in files.main.mapping("paths"):
        if path.startswith("x-"):
            continue
        try:
            item = files.resolve(reference)
            if not isinstance(item.value, dict):
                raise FlawError(reference.place, f"the path is {quote(item.value)}, not a mapping")  # noqa: TRY301
        except FlawError as flaw:
            flaws.append(LeftOut(kind="flawed", place=flaw.place, operation=path[:_LONGEST_TITLE], reason=flaw.message))
            continue
        for owner in [item] if item is reference else [reference, item]:  # keys beside a `$ref` also count
            for method in _METHODS:
                node = owner.child(method)
                name = entry_name(method.upper(), path, node)
                if isinstance(node.value, dict):
                    entries.append(Entry(name=name, method=method, path=path, item=item, node=node))
                elif owner.has(method):
                    reason = f"the operation is {quote(node.value)}, not a mapping"
                    flaws.append(LeftOut(kind="flawed", place=node.place, operation=name, reason=reason))
            for key in (key for key in ("query", "additionalOperations") if owner.has(key)):
                name = f"{key} {path}"[:_LONGEST_TITLE]
                flaws.append(
                    LeftOut(kind="not_a_query", place=owner.child(key).place, operation=name, reason=_NEW_METHOD)
                )
    return entries, flaws


def _select(entries: Sequence[Entry], operations: Sequence[str]) -> list[Entry]:
    """Return the operations with these names, in the description's order; all operations if there are no names.

    Raises: UsageError for an unknown name.
    """
    if not operations:
        return list(entries)
    selection: set[int] = set()
    for name in operations:
        numbers = [number for number, entry in enumerate(entries) if name in _names(entry)]
        if not numbers:
            near = difflib.get_close_matches(name, [entry.name for entry in entries], n=_MOST_SUGGESTIONS, cutoff=0.4)
            raise UsageError(
                f"the description has no operation {quote(name)}",
                hint=f"it has, for example: {', '.join(near or [entry.name for entry in entries[:_MOST_SUGGESTIONS]])}",
            )
        selection.update(numbers)
    return [entries[number] for number in sorted(selection)]


def _select_existing(entries: Sequence[Entry], names: Sequence[str]) -> list[Entry]:
    """Return the operations with these names that still exist; all operations if none exists."""
    return [entry for entry in entries if entry.name in names] or list(entries)


def _names(entry: Entry) -> tuple[str, ...]:
    return entry.name, identifier(entry.name, fallback="operation"), f"{entry.method.upper()} {entry.path}"


def _left_out_entry(entry: Entry, flaw: FlawError) -> LeftOut:
    kind: Literal["not_a_query", "flawed"] = "not_a_query" if isinstance(flaw, NoQueryError) else "flawed"
    return LeftOut(kind=kind, place=flaw.place, operation=entry.name, reason=flaw.message)


def _name(source: str) -> str:
    """Return the source for messages: a URL without its credentials."""
    return redact(source) if is_url(source) else source


def _no_query(source: str, left_out: Sequence[LeftOut]) -> ProjectError:
    reasons = [f"{each.operation}: {each.reason}" for each in left_out if each.kind != "part"]
    return ProjectError(
        f"{_name(source)} has no operation that can be a query",
        hint="a query is a GET, or a POST that only reads, with a JSON response",
        details="\n".join(reasons[:20]),
    )
