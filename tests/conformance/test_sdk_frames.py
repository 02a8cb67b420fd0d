"""Our frames through the Go SDK's own decoders, and its functions beside ours on the same frames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import succeed
from framesamples import all_types, frames
from hypothesis import HealthCheck, given, settings
from programs import HERE, go_tool
from sdkframes import back, decoded, expected, normal

from gfruntime.frames import arrow

if TYPE_CHECKING:
    from hostclient import Host

    from gfruntime.frames.data import Frame

EXAMPLES = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("wanted", ["arrow", "json"])
@EXAMPLES
@given(frame=frames)
def test_sdk_decodes_what_we_encode(sdk: Host, wanted: str, frame: Frame) -> None:
    """Random frames are themselves to the Go SDK's decoders: types, nulls, NaN, labels, configs, meta, every value."""
    answer = decoded(sdk, frame, wanted)

    assert normal(answer["frame"]) == expected(frame)


@EXAMPLES
@given(frame=frames)
def test_we_decode_what_the_sdk_encodes(sdk: Host, frame: Frame) -> None:
    """A random frame decoded and encoded again by the Go SDK is itself to us."""
    assert expected(back(decoded(sdk, frame))) == expected(frame)


@pytest.mark.parametrize("wanted", ["arrow", "json"])
def test_every_type_reaches_the_sdk(sdk: Host, wanted: str) -> None:
    """The vector of every type, its least and greatest values, NaN, infinities and nulls included, arrives whole."""
    frame = all_types()

    assert normal(decoded(sdk, frame, wanted)["frame"]) == expected(frame)


@pytest.mark.network
def test_the_sdks_own_vector_is_read_by_us(sdk: Host) -> None:
    """The Go SDK's golden frame of all types decodes, encodes to an equal frame, and agrees with its JSON form."""
    folder = Path(go("list", "-m", "-f", "{{.Dir}}", "github.com/grafana/grafana-plugin-sdk-go")) / "data" / "testdata"
    frame = arrow.decode((folder / "all_types.golden.arrow").read_bytes())
    ours = {(field.type, field.nullable) for field in all_types().fields}

    assert arrow.decode(b"".join(arrow.encode(frame))) == frame
    assert normal(decoded(sdk, frame, "arrow")["frame"]) == normal(decoded(sdk, frame, "json")["frame"])
    assert {(field.type, field.nullable) for field in frame.fields} == ours


def go(*words: str) -> str:
    """Run Go in the suite's module."""
    return succeed(go_tool(), *words, cwd=HERE).strip()
