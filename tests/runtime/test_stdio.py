"""Printed output, cut into lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gfruntime.serving import stdio


@given(st.lists(st.binary(max_size=10)))
def test_each_nonblank_printed_line_is_returned(chunks: list[bytes]) -> None:
    """For any chunks, the lines and the rest have every byte except newlines and blank lines."""
    lines, pending = [], b""
    for chunk in chunks:
        whole, pending = stdio.lines(pending, chunk)
        lines += whole

    expected = [line for line in b"".join(chunks).split(b"\n")[:-1] if line.strip()]
    assert lines == expected
    assert pending == b"".join(chunks).split(b"\n")[-1]


def test_endless_lines_are_handed_out_in_pieces() -> None:
    """A line without an end is not stored for ever."""
    whole, pending = stdio.lines(b"", b"x" * 40_000)

    assert [len(piece) for piece in whole] == [16_384, 16_384]
    assert len(pending) == 40_000 - 2 * 16_384
