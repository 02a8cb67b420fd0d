"""Write `src/upstream/endpoints.py`: an API's URL and credentials, and each operation's request and response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.model import FORM
from gfplug.scaffold.openapi.operation_fields import is_id, is_page_parameter
from gfplug.scaffold.openapi.python_text import Bracket, call, called_names, doc, layout, mapping, one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from gfplug.scaffold.openapi.model import Auth, BaseUrl, Column, DataSource, Pagination, Parameter
    from gfplug.scaffold.openapi.operation_fields import QueryClass
    from gfplug.scaffold.openapi.option_fields import OptionNames

_LONGEST_TITLE = 60


def write_endpoints(source: DataSource, classes: Sequence[QueryClass], options: OptionNames) -> str:
    """Write the module."""
    by_identifier = {each.operation.identifier: each for each in classes}
    scheme_names = {each.name for each in source.auth}
    title = one_line(source.title, longest=_LONGEST_TITLE) or "the API"
    base = _address(source.base_urls[0], options) if source.base_urls else None
    credentials = mapping({each.name: _credential(each, options) for each in source.auth})
    endpoints = mapping({each.name: _endpoint(each, by_identifier, options, scheme_names) for each in classes})
    class_names = {"Address", "Credential", "Endpoint"}.union(*map(called_names, (endpoints, base, credentials)))
    free = [each for each in classes if each.needs_nothing]
    health_operation = next((each.name for each in free if each.operation.auth), next((each.name for each in free), ""))
    return "\n".join(
        [
            doc(f"The URL and the credentials of {title}, and the request and response of each operation."),
            "",
            f"from gfruntime.openapi.operation import {', '.join(sorted(class_names))}",
            "",
            *layout("ADDRESS: Address | None = ", base),
            *layout("CREDENTIALS: dict[str, Credential] = ", credentials),
            *layout("CHECKED = ", health_operation, "  # the operation that *Save & test* calls"),
            *layout("ENDPOINTS: dict[str, Endpoint] = ", endpoints),
            "",
        ]
    )


def _credential(each: Auth, options: OptionNames) -> Bracket:
    kind = each.key_location or "header" if each.kind == "api_key" else each.kind
    return call("Credential", kind=kind, option=options.secrets.get(each.name), name=each.key_name or None)


def _address(base: BaseUrl, options: OptionNames) -> Bracket:
    variables = tuple((each.name, options.variables[each.identifier]) for each in base.variables)
    return call("Address", template=base.template, variables=variables or None)


def _endpoint(
    each: QueryClass, classes: Mapping[str, QueryClass], options: OptionNames, scheme_names: Collection[str]
) -> Bracket:
    operation, response = each.operation, each.operation.response
    parameters = {
        each.names[one.identifier]: _parameter(one, is_form=operation.body_type == FORM) for one in operation.parameters
    }
    choices = {
        field.name: _choices(field.parameter, classes)
        for field in each.fields
        if field.parameter is not None and field.ui.get("options_from")
    }
    return call(
        "Endpoint",
        method=operation.method,
        path=operation.path,
        accept=None if operation.accept == "application/json" else operation.accept,
        parameters=mapping(parameters) if parameters else None,
        body_type=operation.body_type or None,
        auth=tuple(names for names in operation.auth if set(names) <= set(scheme_names)) or None,
        optional_auth=tuple(name for name in operation.optional_auth if name in scheme_names) or None,
        address=_address(operation.base_urls[0], options) if operation.base_urls else None,
        pages=_pages(operation.pagination, each) if operation.pagination else None,
        rows=response.row_path or None,
        shape=None if response.shape == "array" else response.shape,
        columns=tuple(_column(column) for column in response.columns),
        error_keys=operation.error_path or None,
        choices=mapping(choices) if choices else None,
    )


def _parameter(parameter: Parameter, *, is_form: bool) -> Bracket:
    is_bound = bool(parameter.bound)
    location = "form" if parameter.location == "body" and is_form else parameter.location
    return call(
        "Parameter",
        name=parameter.name,
        location=None if location == "query" else location,
        keys=parameter.path or None if location == "body" else None,
        separator=parameter.separator or None,
        prefix=parameter.prefix or None,
        allows_reserved=parameter.allows_reserved or None,
        is_json=parameter.type.kind == "json" or None,
        bound=parameter.bound or None,
        wire=parameter.type.wire if is_bound else None,
        is_required=(parameter.is_required and is_bound) or None,
    )


def _choices(parameter: Parameter, classes: Mapping[str, QueryClass]) -> Bracket:
    source = parameter.options_from
    if source is None:
        raise AssertionError(parameter.name)  # the caller checks this
    return call("Choices", operation=classes[source.operation].name, value=source.value, label=source.label)


def _pages(pages: Pagination, each: QueryClass) -> Bracket:
    size = next((one for one in each.operation.parameters if one.identifier == pages.size_parameter), None)
    sets_size = size is not None and is_page_parameter(size, each.operation)
    return call(
        "Pages",
        kind=pages.kind,
        parameter=each.names[pages.parameter] if pages.parameter else None,
        size_parameter=each.names[pages.size_parameter] if pages.size_parameter else None,
        size=pages.size if sets_size or pages.size else None,
        first=None if pages.first == 1 else pages.first,
        next_keys=pages.next_path or None,
        last_row_keys=pages.last_row_path or None,
        has_more_keys=pages.has_more_path or None,
        total_keys=pages.total_path or None,
        most=None if pages.most_pages == 20 else pages.most_pages,  # noqa: PLR2004 - the default of `Pages`
    )


def _column(column: Column) -> Bracket:
    return call(
        "Column",
        name=column.name,
        keys=column.path or None,
        kind=None if column.kind == "string" else column.kind,
        wire=column.wire or None,
        is_key=column.is_key or None,
        is_id=is_id(column) or None,
        is_labels=(column.is_label and column.kind == "json") or None,
    )
