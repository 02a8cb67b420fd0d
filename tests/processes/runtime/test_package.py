"""The public names of `import gfruntime`, and the modules that it imports."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from commands import python, succeed
from places import SOURCE

import gfruntime

if TYPE_CHECKING:
    from pathlib import Path


def test_all_names_exist_and_are_sorted() -> None:
    """Each public name can be imported; an unknown one is an error."""
    assert gfruntime.__all__ == sorted(gfruntime.__all__)
    assert all(getattr(gfruntime, name) is not None for name in gfruntime.__all__)
    with pytest.raises(AttributeError, match="nowhere"):
        gfruntime.nowhere  # noqa: B018  # the access is the test


@pytest.mark.parametrize(
    ("imports", "heavy"),
    [
        ("from gfruntime import serve", "grpc pyarrow google.protobuf msgspec asyncio logging"),
        (
            "import gfruntime.serving.process",
            "pyarrow google.protobuf msgspec numpy tempfile pathlib shutil json datetime",
        ),
    ],
    ids=["serve", "until the handshake line"],
)
def test_importing_loads_nothing_heavy(imports: str, heavy: str) -> None:
    """The handshake does not wait for libraries and slow modules that it does not need."""
    script = f"import sys; {imports}; print(*sys.modules)"
    modules = succeed(sys.executable, "-c", script, env={"PYTHONPATH": str(SOURCE)}).split()

    assert "gfruntime" in modules
    assert not set(heavy.split()) & set(modules)


GOOD = """
from dataclasses import dataclass
from gfruntime import Frame, Query, Settings, serve
@dataclass(frozen=True)
class Options: url: str = ""
@dataclass(frozen=True)
class Model: table: str = ""
class Sync:
    def __init__(self, settings: Settings[Options]) -> None: ...
    def query(self, query: Query[Model]) -> Frame: return Frame.of(v=[1])
class Async:
    def __init__(self, settings: Settings[Options]) -> None: ...
    async def query(self, query: Query[Model]) -> list[Frame]: return []
class Batch:
    def __init__(self, settings: Settings[Options]) -> None: ...
    def query_batch(self, queries: list[Query[Model]]) -> dict[str, Frame]: return {}
if input() == "1": serve(lambda: Sync)
if input() == "2": serve(lambda: Async)
if input() == "3": serve(lambda: Batch)
"""
BAD = """
from gfruntime import Frame, Query, Settings, serve
class NoQuery:
    def __init__(self, settings: Settings[int]) -> None: ...
class WrongAnswer:
    def __init__(self, settings: Settings[int]) -> None: ...
    def query(self, query: Query[int]) -> str: return ""
class WrongArgument:
    def __init__(self, settings: Settings[int]) -> None: ...
    def query(self, query: int) -> Frame: return Frame.of(v=[1])
class NoSettings:
    def __init__(self) -> None: ...
    def query(self, query: Query[int]) -> Frame: return Frame.of(v=[1])
if input() == "1": serve(lambda: NoQuery)
if input() == "2": serve(lambda: WrongAnswer)
if input() == "3": serve(lambda: WrongArgument)
if input() == "4": serve(lambda: NoSettings)
"""


@pytest.mark.long
def test_mypy_accepts_valid_data_sources_and_rejects_others(stub_folder: Path, tmp_path: Path) -> None:
    """`serve` accepts the three valid types, and mypy rejects each invalid type at the call."""
    for name, text in (("good", GOOD), ("bad", BAD)):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    done = python(
        *("mypy", "--strict", "--no-error-summary", "--cache-dir", tmp_path / "cache", "good.py", "bad.py"),
        cwd=tmp_path,
        env={"MYPYPATH": f"{SOURCE}:{stub_folder}", "PATH": "/usr/bin"},
    )

    errors = {tuple(line.split(":")[:2]) for line in done.out.splitlines() if ": error:" in line}
    lines = [number for number, text in enumerate(BAD.splitlines(), 1) if text.startswith("if input")]
    assert errors == {("bad.py", str(number)) for number in lines}, done.out


def test_frames_need_no_library_except_the_one_in_use() -> None:
    """Frames can be made and encoded if numpy, pandas and polars can't be imported.

    If pandas is installed, pyarrow imports it with its first list; gfruntime imports none of the three.
    """
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('numpy', 'pandas', 'polars')));"
        "from gfruntime.frames import arrow, frametext; from gfruntime.frames.data import Frame;"
        "frames = [Frame.of(v=[1.5], s=['a']), Frame.from_records([{'a': [1]}])];"
        "frames += Frame.of(g=[1], v=[2]).group_by('g');"
        "print(sum(bool(arrow.encode(frame) and frametext.encode(frame)) for frame in frames))"
    )
    done = succeed(sys.executable, "-c", code, env={"PYTHONPATH": ":".join(sys.path)})

    assert done.strip() == "3"
