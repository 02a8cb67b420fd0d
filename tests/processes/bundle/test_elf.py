"""Edits of ELF files: a real library and a real program, changed and used again."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import run, succeed

from gfplug.bundle import libc, slim
from gfplug.bundle.elf import Elf, UnreadableError

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="ELF is Linux's"),
    pytest.mark.skipif(not shutil.which("cc"), reason="install a C compiler: it compiles small libraries"),
]
SOURCES = {
    "libbase.so.1": ("int base(void) { return 40; }", []),
    "libidle.so.1": ("int idle(void) { return 1; }", []),
    "libtop.so.1": ("int base(void); int top(void) { return base() + 2; }", ["libbase.so.1", "libidle.so.1"]),
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Make three libraries: the top one uses base, and asks for idle without need."""
    for name, (source, needed) in SOURCES.items():
        (tmp_path / "x.c").write_text(source)
        options = ["-shared", "-fPIC", "-g", f"-Wl,-soname,{name}", "-Wl,--no-as-needed", "-Wl,-rpath,$ORIGIN"]
        libraries = [str(tmp_path / each) for each in needed]
        succeed("cc", *options, "x.c", *libraries, "-o", name, cwd=tmp_path)
    (tmp_path / "x.c").unlink()
    (tmp_path / "libtop.so.1").rename(tmp_path / "top.so")
    return tmp_path


def answer(library: Path) -> int:
    """Load a library in a fresh interpreter and call it."""
    said = succeed(sys.executable, "-c", f"import ctypes; print(ctypes.CDLL({str(library)!r}).top())")
    return int(said)


def test_a_library_says_what_it_is_and_wants(package: Path) -> None:
    """Its name, what it asks for, what it defines and what it wants."""
    elf = Elf.read(package / "top.so")
    defined, wanted = elf.symbols()

    assert elf.soname == "libtop.so.1"
    assert elf.needed[:2] == ["libbase.so.1", "libidle.so.1"]
    assert elf.search == ["$ORIGIN"]
    assert b"top" in defined
    assert b"base" in wanted


def test_needless_libraries_go_and_the_rest_works(package: Path) -> None:
    """What no symbol comes from is dropped; what is used stays, and loads at once."""
    assert answer(package / "top.so") == 42
    removed = slim.drop_unused(package)

    assert removed == ["libidle.so.1"]
    assert sorted(path.name for path in package.iterdir()) == ["libbase.so.1", "top.so"]
    assert "libidle.so.1" not in Elf.read(package / "top.so").needed
    assert answer(package / "top.so") == 42


def test_a_library_that_gives_symbols_through_another_stays(package: Path, tmp_path: Path) -> None:
    """`bridge` gives no symbol itself, but without it `base` would not be found."""
    for name, source, needed in (
        ("libbridge.so.1", "int bridge(void) { return 1; }", ["libbase.so.1"]),
        ("last.so", "int base(void); int top(void) { return base() + 3; }", ["libbridge.so.1"]),
    ):
        (tmp_path / "x.c").write_text(source)
        options = ["-shared", "-fPIC", f"-Wl,-soname,{name}", "-Wl,--no-as-needed", "-Wl,-rpath,$ORIGIN"]
        libraries = [str(package / each) for each in needed]
        succeed("cc", *options, "x.c", *libraries, "-o", name, cwd=package)
    (tmp_path / "x.c").unlink()
    slim.drop_unused(package)

    assert (package / "libbridge.so.1").exists()
    assert answer(package / "last.so") == 43


def test_a_stripped_library_is_smaller_and_moves_nothing(package: Path) -> None:
    """Symbols and debug information go; segments keep their place, tools still read it, and it works."""
    path = package / "top.so"
    before = Elf.read(path)
    slim.strip(path)
    after = Elf.read(path)

    assert len(after.content) < len(before.content)
    assert after.segments == before.segments
    assert answer(path) == 42
    headers = run("readelf", "-SW", path)
    assert ".dynsym" in headers.out
    assert ".debug_info" not in headers.out
    assert headers.err == ""


def test_stripping_twice_changes_nothing_more(package: Path) -> None:
    """The same input gives the same bytes."""
    slim.strip(package / "top.so")
    once = (package / "top.so").read_bytes()
    slim.strip(package / "top.so")

    assert (package / "top.so").read_bytes() == once


def test_a_program_finds_a_library_beside_it_after_the_edit(package: Path, tmp_path: Path) -> None:
    """Without the search path it does not start; with it, it does, and so with bytes of another tool behind it."""
    (tmp_path / "x.c").write_text("int base(void); int main(void) { return base() - 40; }")
    succeed("cc", "x.c", str(package / "libbase.so.1"), "-o", "program", cwd=tmp_path)
    program = tmp_path / "program"
    (tmp_path / "sub").mkdir()
    (package / "libbase.so.1").rename(tmp_path / "sub/libbase.so.1")
    program.write_bytes(program.read_bytes() + b"data of another tool")
    assert subprocess.run([program], capture_output=True, check=False, timeout=60).returncode == 127

    elf = Elf.read(program)
    elf.set_runpath("$ORIGIN/sub")
    program.write_bytes(elf.content)

    assert Elf.read(program).search == ["$ORIGIN/sub"]
    assert b"data of another tool" in program.read_bytes()
    assert subprocess.run([program], capture_output=True, check=False, timeout=60).returncode == 0


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x02\x01" + b"\0" * 20])
def test_what_is_no_elf_file_is_refused_and_left(tmp_path: Path, content: bytes) -> None:
    """One kind of error, and no change."""
    (tmp_path / "x.so").write_bytes(content)
    with pytest.raises(UnreadableError):
        Elf.read(tmp_path / "x.so")
    slim.strip(tmp_path / "x.so")

    assert (tmp_path / "x.so").read_bytes() == content


def test_a_symbol_is_named_for_a_version_of_glibc() -> None:
    """The C library's own first symbol is wanted by whoever uses it."""
    library = Path(ctypes.__file__).parents[1] / "lib-dynload"
    path = next(iter(sorted(library.glob("_socket*.so"))), None)
    if path is None:
        pytest.skip("this Python has its modules built in")
    newest = max(libc.needs(path))

    assert libc.wanted(path, newest)
    assert libc.wanted(path, (1, 0)) == ""
