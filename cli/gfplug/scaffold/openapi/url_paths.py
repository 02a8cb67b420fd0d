"""Match the path of an operation with its parameters: one path parameter for each `{name}`, and no others."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.nodes import FlawError, quote
from gfplug.scaffold.openapi.parameters import text_parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gfplug.scaffold.openapi.model import Parameter
    from gfplug.scaffold.openapi.remarks import Remarks

_FIELD = re.compile(r"\{([^{}]*)\}")
_LITERAL = re.compile(r"[^{}?#\\\x00-\x20\x7f-\xa0\u2028\u2029]*")
_EXTRAS = re.compile(r"^[+./;?&*#]|[*+]$|:.*$|=.*$")
_MAX_CHARACTERS = 500


def match_path(
    path: str, parameters: Sequence[Parameter], *, place: str, remarks: Remarks
) -> tuple[str, list[Parameter]]:
    """Return the path with a `{name}` for each path parameter, and the parameters without unused path parameters.

    A name without a description is a text. Raises: FlawError if `path` is not a path.
    """
    path = "/" + path.partition("#")[0].removeprefix("/")  # a fragment only distinguishes operations with the same path
    if len(path) > _MAX_CHARACTERS or not _LITERAL.fullmatch(_FIELD.sub("", path)):
        raise FlawError(place, f"{quote(path)} is not a path: it has a query, a space, or an unmatched brace")
    described = {parameter.name: parameter for parameter in parameters if parameter.location == "path"}
    path_parameters: dict[str, Parameter] = {}

    def field(match: re.Match[str]) -> str:
        name = match[1] if match[1] in described else _EXTRAS.sub("", match[1])
        if not name:
            raise FlawError(place, f"{quote(path)} has braces without a name")
        if name not in described and name not in path_parameters:
            remarks.leave_out_part(place, f"the path has {quote(name)}, but no parameter describes it: it is text")
        parameter = path_parameters.get(name) or described.get(name) or text_parameter(name)
        allows = parameter.allows_reserved or match[1].startswith("+") or match[1].endswith("+")
        path_parameters[name] = replace(parameter, allows_reserved=allows)
        return f"{{{name}}}"

    path = _FIELD.sub(field, path)
    for name in described:
        if name not in path_parameters:
            remarks.leave_out_part(place, f"the path parameter {quote(name)} is not in the path: it is left out")
    others = [parameter for parameter in parameters if parameter.location != "path"]
    return path, [*path_parameters.values(), *others]
