"""The schema of CycloneDX 1.6 from its Python package, read by a validator that starts at once."""

import json
from importlib.resources import files
from typing import Any

import jsonschema_rs

ADDRESS = "http://cyclonedx.org/schema/"
SUFFIX = ".SNAPSHOT.schema.json"


def _schema(name: str) -> Any:
    text = files("cyclonedx.schema").joinpath("_res", name + SUFFIX).read_text(encoding="utf-8")
    return json.loads(text)


def mistakes(text: bytes) -> list[str]:
    """Return the mistakes in a list of components, one sentence for each; formats are also checked."""
    registry = jsonschema_rs.Registry([(ADDRESS + name + SUFFIX, _schema(name)) for name in ("jsf-0.82", "spdx")])
    validator = jsonschema_rs.validator_for(_schema("bom-1.6"), registry=registry, validate_formats=True)
    return [error.message for error in validator.iter_errors(json.loads(text))]
