"""Our frames in the Go SDK's decoders, and golden files of both."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from commands import succeed
from framesamples import all_types, frames
from hypothesis import HealthCheck, given, settings
from programs import HERE, go_tool
from sdkframes import back, decode_with_sdk, encode_frame, expected, normalise

from gfruntime.frames import arrow
from gfruntime.testing import check_golden, golden

if TYPE_CHECKING:
    from hostclient import Host

    from gfruntime.frames.data import Frame

EXAMPLES = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.shows("frames 3", "frames 4", "frames 9", "frames 18")
@pytest.mark.parametrize("format_", ["arrow", "json"])
@EXAMPLES
@given(frame=frames)
def test_sdk_decodes_what_we_encode(sdk: Host, format_: str, frame: Frame) -> None:
    """The Go SDK decodes random frames to equal ones: types, nulls, NaN, labels, configs, meta, every value."""
    answer = decode_with_sdk(sdk, frame, format_)

    assert normalise(answer["frame"]) == expected(frame)


@pytest.mark.shows("frames 18")
@EXAMPLES
@given(frame=frames)
def test_we_decode_what_the_sdk_encodes(sdk: Host, frame: Frame) -> None:
    """A random frame that the Go SDK decodes and encodes again is equal for us."""
    assert expected(back(decode_with_sdk(sdk, frame))) == expected(frame)


@pytest.mark.shows("frames 5", "frames 34", "frames 36")
@pytest.mark.parametrize("format_", ["arrow", "json"])
def test_every_type_reaches_the_sdk(sdk: Host, format_: str) -> None:
    """The vector of every type, with least and greatest values, NaN, infinities and nulls, arrives unchanged."""
    frame = all_types()

    assert normalise(decode_with_sdk(sdk, frame, format_)["frame"]) == expected(frame)


@pytest.mark.shows("frames 17")
@pytest.mark.network
def test_we_decode_the_sdks_golden_frame_of_all_types(sdk: Host) -> None:
    """The Go SDK's golden frame of all types decodes, encodes to an equal frame, and agrees with its JSON form."""
    folder = Path(go("list", "-m", "-f", "{{.Dir}}", "github.com/grafana/grafana-plugin-sdk-go")) / "data" / "testdata"
    frame = arrow.decode((folder / "all_types.golden.arrow").read_bytes())
    ours = {(field.type, field.nullable) for field in all_types().fields}

    assert arrow.decode(b"".join(arrow.encode(frame))) == frame
    assert normalise(decode_with_sdk(sdk, frame, "arrow")["frame"]) == normalise(
        decode_with_sdk(sdk, frame, "json")["frame"]
    )
    assert {(field.type, field.nullable) for field in frame.fields} == ours


def go(*words: str) -> str:
    """Run Go in the suite's module."""
    return succeed(go_tool(), *words, cwd=HERE).strip()


def is_same(sdk: Host, path: Path, frames_: list[Frame], **more: Any) -> bool:
    """Let the SDK's checker compare frames with a file."""
    answer: dict[str, bool] = sdk.ask(
        "golden", path=str(path), frames=[encode_frame(frame) for frame in frames_], **more
    )
    return answer["same"]


@pytest.mark.shows("frames 55")
@pytest.mark.parametrize("suffix", [".jsonc", ".txt"])
@EXAMPLES
@given(frame=frames)
def test_we_read_what_the_sdk_writes(sdk: Host, tmp_path: Path, suffix: str, frame: Frame) -> None:
    """A golden file from the SDK contains our frame, in the current and in the older form."""
    path = tmp_path / f"x{suffix}"
    path.unlink(missing_ok=True)
    is_same(sdk, path, [frame, frame], update=True)

    check_golden([frame, frame], path)
    with pytest.raises(AssertionError):
        check_golden([frame, frame.with_meta(custom="another")], path)


@pytest.mark.shows("frames 55")
@EXAMPLES
@given(frame=frames)
def test_the_sdk_reads_what_we_write(sdk: Host, tmp_path: Path, frame: Frame) -> None:
    """The SDK's checker accepts our golden file, but not after a change of the frame."""
    path = tmp_path / "x.jsonc"
    golden.write(path, [frame])

    assert is_same(sdk, path, [frame])
    assert not is_same(sdk, path, [frame.with_meta(custom="another")])


@pytest.mark.shows("frames 55")
def test_every_type_is_equal_in_golden_files_of_both(sdk: Host, tmp_path: Path) -> None:
    """The vector of every type is equal in files of both."""
    ours, theirs = tmp_path / "ours.jsonc", tmp_path / "theirs.jsonc"
    golden.write(ours, [all_types()])
    is_same(sdk, theirs, [all_types()], update=True)

    assert is_same(sdk, ours, [all_types()])
    check_golden([all_types()], theirs)
