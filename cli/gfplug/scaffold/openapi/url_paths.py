"""The path of an operation, and the parameters in it: each `{name}` has one, and each one has its place."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.nodes import FlawError, quoted
from gfplug.scaffold.openapi.parameters import text_parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gfplug.scaffold.openapi.model import Parameter
    from gfplug.scaffold.openapi.remarks import Remarks

_FIELD = re.compile(r"\{([^{}]*)\}")
_LITERAL = re.compile(r"[^{}?#\\\x00-\x20\x7f-\xa0\u2028\u2029]*")
_EXTRAS = re.compile(r"^[+./;?&*#]|[*+]$|:.*$|=.*$")
_LONGEST = 500


def match_path(
    path: str, parameters: Sequence[Parameter], *, place: str, remarks: Remarks
) -> tuple[str, list[Parameter]]:
    """Return a path whose every `{name}` is a parameter's, and the parameters without those that have no place in it.

    A name that nothing describes is a text. Raises: FlawError for what is not a path.
    """
    path = "/" + path.partition("#")[0].removeprefix("/")  # a fragment only tells operations of one path apart
    if len(path) > _LONGEST or not _LITERAL.fullmatch(_FIELD.sub("", path)):
        raise FlawError(place, f"{quoted(path)} is not a path: it has a query, a space, or a lone brace")
    described = {parameter.name: parameter for parameter in parameters if parameter.location == "path"}
    path_parameters: dict[str, Parameter] = {}

    def field(match: re.Match[str]) -> str:
        name = match[1] if match[1] in described else _EXTRAS.sub("", match[1])
        if not name:
            raise FlawError(place, f"{quoted(path)} has braces without a name")
        if name not in described and name not in path_parameters:
            remarks.leave_out_part(place, f"no parameter describes {quoted(name)} of the path: it is taken for a text")
        parameter = path_parameters.get(name) or described.get(name) or text_parameter(name)
        allows = parameter.allows_reserved or match[1].startswith("+") or match[1].endswith("+")
        path_parameters[name] = replace(parameter, allows_reserved=allows)
        return f"{{{name}}}"

    path = _FIELD.sub(field, path)
    for name in described:
        if name not in path_parameters:
            remarks.leave_out_part(place, f"the parameter {quoted(name)} is in the path, which does not name it")
    others = [parameter for parameter in parameters if parameter.location != "path"]
    return path, [*path_parameters.values(), *others]
