"""Golden files between the two: what the Go SDK writes we read, what we write it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from framesamples import all_types, frames
from hypothesis import HealthCheck, given, settings
from sdkframes import encoded

from gfruntime.testing import check_golden, golden

if TYPE_CHECKING:
    from pathlib import Path

    from hostclient import Host

    from gfruntime.frames.data import Frame

EXAMPLES = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def is_same(sdk: Host, path: Path, frames_: list[Frame], **more: Any) -> bool:
    """Let the SDK's checker compare frames with a file."""
    answer: dict[str, bool] = sdk.ask("golden", path=str(path), frames=[encoded(frame) for frame in frames_], **more)
    return answer["same"]


@pytest.mark.parametrize("suffix", [".jsonc", ".txt"])
@EXAMPLES
@given(frame=frames)
def test_we_read_what_the_sdk_writes(sdk: Host, tmp_path: Path, suffix: str, frame: Frame) -> None:
    """A golden file that the SDK wrote holds our frame, in its form of today and in the older one."""
    path = tmp_path / f"x{suffix}"
    path.unlink(missing_ok=True)
    is_same(sdk, path, [frame, frame], update=True)

    check_golden([frame, frame], path)
    with pytest.raises(AssertionError):
        check_golden([frame, frame.with_meta(custom="another")], path)


@EXAMPLES
@given(frame=frames)
def test_the_sdk_reads_what_we_write(sdk: Host, tmp_path: Path, frame: Frame) -> None:
    """A golden file that we wrote is the same to the SDK's checker, and not when the frame changed."""
    path = tmp_path / "x.jsonc"
    golden.write(path, [frame])

    assert is_same(sdk, path, [frame])
    assert not is_same(sdk, path, [frame.with_meta(custom="another")])


def test_every_type_is_the_same_to_both(sdk: Host, tmp_path: Path) -> None:
    """The vector of every type is equal in a file from either side."""
    ours, theirs = tmp_path / "ours.jsonc", tmp_path / "theirs.jsonc"
    golden.write(ours, [all_types()])
    is_same(sdk, theirs, [all_types()], update=True)

    assert is_same(sdk, ours, [all_types()])
    check_golden([all_types()], theirs)
