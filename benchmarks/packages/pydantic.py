"""pydantic."""

import pydantic

from gfruntime import Frame


class Reading(pydantic.BaseModel):
    """A reading."""

    value: pydantic.PositiveInt


def answer() -> Frame:
    """Validate."""
    return Frame.of(value=[Reading.model_validate_json('{"value": "42"}').value])
