"""What `import gfruntime` gives, and what it costs."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
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
    ("program", "heavy"),
    [
        ("from gfruntime import serve", {"grpc", "pyarrow", "google.protobuf", "msgspec", "asyncio", "logging"}),
        (
            "import gfruntime.serving.process",
            {"pyarrow", "google.protobuf", "msgspec", "numpy", "tempfile", "pathlib", "shutil", "json", "datetime"},
        ),
    ],
    ids=["serve", "the handshake"],
)
def test_nothing_heavy_is_loaded_before_the_line(program: str, heavy: set[str]) -> None:
    """The handshake waits for no module that it does not need: for grpcio alone, and that after the cookie."""
    command = [sys.executable, "-c", f"import sys; {program}; print(*sys.modules)"]
    done = subprocess.run(command, env={"PYTHONPATH": str(SOURCE)}, capture_output=True, check=True, text=True)

    assert not heavy & set(done.stdout.split())


PLAIN = """
import sys
from gfruntime import Frame, Query, Settings
from gfruntime.calls.service import Service
class Datasource:
    def __init__(self, settings: Settings[None]) -> None: ...
    def query(self, query: Query[dict]) -> Frame: ...
before = "pandas" in sys.modules
Service.of(Datasource)
print(before, "pandas" in sys.modules)
"""


def test_the_first_answer_waits_for_no_import() -> None:
    """What pyarrow imports with its first column is there before the first query: pandas, where it is installed."""
    pytest.importorskip("pandas")
    environment = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", PLAIN], env=environment, capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.split() == ["False", "True"]


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


@pytest.mark.slow
def test_mypy_knows_a_data_source_when_it_sees_one(stub_folder: Path, tmp_path: Path) -> None:
    """`serve` accepts the three right shapes, and mypy rejects each wrong one at the call."""
    for name, text in (("good", GOOD), ("bad", BAD)):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(
        [*command, "good.py", "bad.py"],
        cwd=tmp_path,
        env={"MYPYPATH": f"{SOURCE}:{stub_folder}", "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )

    errors = {tuple(line.split(":")[:2]) for line in done.stdout.splitlines() if ": error:" in line}
    lines = [number for number, text in enumerate(BAD.splitlines(), 1) if text.startswith("if input")]
    assert errors == {("bad.py", str(number)) for number in lines}, done.stdout
