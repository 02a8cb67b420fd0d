"""Write a project's folder `src/upstream/`: the modules of the description, and the modules that all projects share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfplug import files, resources
from gfplug.scaffold.openapi import first_query, stored_model
from gfplug.scaffold.openapi.class_names import ClassNames
from gfplug.scaffold.openapi.endpoints_module import write_endpoints
from gfplug.scaffold.openapi.models_module import write_models
from gfplug.scaffold.openapi.operation_fields import plan_classes
from gfplug.scaffold.openapi.option_fields import option_names

if TYPE_CHECKING:
    from gfplug.scaffold.openapi.stored_model import StoredModel

FOLDER = "src/upstream"
EXAMPLE = "openapi"
"""The answer `example` of a project with this folder; `gfplug new` does not offer it."""

_LAYER = "examples/openapi"


@dataclass(frozen=True, slots=True)
class Upstream:
    """The part of a project that comes from an API's description: the folder's files, and values for the template."""

    files: dict[str, bytes]
    data: dict[str, Any]


def write_upstream(stored: StoredModel) -> Upstream:
    """Write the folder; equal models give equal bytes."""
    source = stored.source
    names, options = ClassNames(), option_names(source)
    classes = plan_classes(source, names)
    examples = {each.name: first_query.example_call(each) for each in classes}
    texts = {
        "models.py": write_models(source, classes, options, names, examples),
        "endpoints.py": write_endpoints(source, classes, options),
    }
    shipped = resources.folder("template") / _LAYER / FOLDER
    shared = {
        path.relative_to(shipped).as_posix(): path.read_bytes() for path in files.walk(shipped) if path.suffix == ".py"
    }
    generated = {name: text.encode() for name, text in texts.items()}
    first = first_query.first_queries(source, classes, list(options.secrets.values()))
    return Upstream(
        files={
            **{f"{FOLDER}/{name}": content for name, content in {**shared, **generated}.items()},
            stored_model.NAME: stored_model.encode(stored),
        },
        data=first.to_template(),
    )
