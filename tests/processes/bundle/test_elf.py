"""Edits of ELF files: a real library and a real program, edited and run afterwards."""

from __future__ import annotations

import ctypes
import io
import random
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import run, succeed
from elftools.elf.elffile import ELFFile

from gfplug.bundle import libc, slim
from gfplug.bundle.elf import Elf, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="ELF is Linux's"),
    pytest.mark.skipif(not shutil.which("cc"), reason="install a C compiler: it compiles small libraries"),
]
SOURCES = {
    "libbase.so.1": ("int base(void) { return 40; }", []),
    "libidle.so.1": ("int idle(void) { return 1; }", []),
    "libtop.so.1": ("int base(void); int top(void) { return base() + 2; }", ["libbase.so.1", "libidle.so.1"]),
}


def compile_library(folder: Path, name: str, source: str, needed: Sequence[str] = ()) -> None:
    """Compile a library that requires all of `needed`, which are in the same folder."""
    (folder / "x.c").write_text(source)
    options = ["-shared", "-fPIC", "-g", f"-Wl,-soname,{name}", "-Wl,--no-as-needed", "-Wl,-rpath,$ORIGIN"]
    succeed("cc", *options, "x.c", *needed, "-o", name, cwd=folder)
    (folder / "x.c").unlink()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Make three libraries: the top one uses `base`, and requires `idle` without using it."""
    for name, (source, needed) in SOURCES.items():
        compile_library(tmp_path, name, source, needed)
    (tmp_path / "libtop.so.1").rename(tmp_path / "top.so")
    return tmp_path


def read(content: bytes) -> ELFFile:
    """Read a file with pyelftools only."""
    return ELFFile(io.BytesIO(content))


def answer(library: Path) -> int:
    """Load a library in a fresh interpreter and call it."""
    output = succeed(sys.executable, "-c", f"import ctypes; print(ctypes.CDLL({str(library)!r}).top())")
    return int(output)


def test_needed_libraries_and_symbols_of_a_library_are_read(package: Path) -> None:
    """The result has its required libraries, its defined symbols and its required symbols."""
    elf = Elf.read(package / "top.so")
    exports, undefined = elf.symbols()

    assert elf.needed[:2] == ("libbase.so.1", "libidle.so.1")
    assert b"top" in exports
    assert b"base" in undefined


def test_unused_libraries_are_removed_and_the_others_load(package: Path) -> None:
    """Libraries without a used symbol are removed; the others stay, and load at once."""
    assert answer(package / "top.so") == 42
    names = slim.drop_unused(package)

    assert names == ["libidle.so.1"]
    assert sorted(path.name for path in package.iterdir()) == ["libbase.so.1", "top.so"]
    assert "libidle.so.1" not in Elf.read(package / "top.so").needed
    assert answer(package / "top.so") == 42


def test_a_library_that_gives_symbols_through_another_stays(package: Path) -> None:
    """`bridge` gives no symbol itself, but without it `base` would not be found."""
    compile_library(package, "libbridge.so.1", "int bridge(void) { return 1; }", ["libbase.so.1"])
    compile_library(package, "last.so", "int base(void); int top(void) { return base() + 3; }", ["libbridge.so.1"])
    slim.drop_unused(package)

    assert (package / "libbridge.so.1").exists()
    assert answer(package / "last.so") == 43


def test_a_stripped_library_is_smaller_and_moves_nothing(package: Path) -> None:
    """It loses symbols and debug information once; segments do not move, tools can read it, and it works."""
    path = package / "top.so"
    before = Elf.read(path)
    slim.strip(path)
    after = Elf.read(path)

    assert len(after.content) < len(before.content)
    assert after.segments == before.segments
    assert answer(path) == 42
    slim.strip(path)
    assert path.read_bytes() == after.content
    headers = run("readelf", "-SW", path)
    assert ".dynsym" in headers.out
    assert ".debug_info" not in headers.out
    assert headers.err == ""


def test_a_program_finds_a_library_beside_it_after_the_edit(package: Path, tmp_path: Path) -> None:
    """It starts only with the search path, even if another tool's bytes follow."""
    (tmp_path / "x.c").write_text("int base(void); int main(void) { return base() - 40; }")
    succeed("cc", "x.c", str(package / "libbase.so.1"), "-o", "program", cwd=tmp_path)
    program = tmp_path / "program"
    (tmp_path / "sub").mkdir()
    (package / "libbase.so.1").rename(tmp_path / "sub/libbase.so.1")
    program.write_bytes(program.read_bytes() + b"data of another tool")
    assert subprocess.run([program], capture_output=True, check=False, timeout=60).returncode == 127

    program.write_bytes(Elf.read(program).set_runpath("$ORIGIN/sub"))

    assert Elf.read(program).strings.endswith(b"\0$ORIGIN/sub\0")
    assert b"data of another tool" in program.read_bytes()
    assert subprocess.run([program], capture_output=True, check=False, timeout=60).returncode == 0


def test_added_bytes_can_be_mapped_with_every_page_size(package: Path) -> None:
    """Linux on arm64 may have pages of 64 KB: the added bytes have the same offset in the pages of file and memory."""
    path = package / "top.so"
    before = [each.header for each in read(path.read_bytes()).iter_segments("PT_LOAD")]
    path.write_bytes(Elf.read(path).set_runpath("$ORIGIN/sub:$ORIGIN"))
    *rest, new_segment = [each.header for each in read(path.read_bytes()).iter_segments("PT_LOAD")]

    assert rest == before
    assert new_segment.p_align == 0x10000
    assert new_segment.p_offset % 0x10000 == new_segment.p_vaddr % 0x10000
    assert new_segment.p_vaddr // 0x10000 > max(each.p_vaddr + each.p_memsz - 1 for each in before) // 0x10000
    assert answer(path) == 42


def test_the_last_library_that_is_asked_for_stays(package: Path) -> None:
    """There is no entry to put in its place."""
    content = Elf.read(package / "top.so").drop_needed(["libbase.so.1", "libidle.so.1", "libc.so.6"])

    assert set(Elf.parse(content).needed) == {"libbase.so.1"}


def test_a_damaged_file_is_refused_or_read(package: Path) -> None:
    """Damaged headers and tables raise one kind of error."""
    path = package / "top.so"
    content = path.read_bytes()
    [dynamic], header = read(content).iter_segments("PT_DYNAMIC"), read(content).header
    places = [range(64), range(64, 64 + 56 * header.e_phnum), range(header.e_shoff, len(content)), range(len(content))]
    places.append(range(dynamic["p_offset"], dynamic["p_offset"] + dynamic["p_filesz"]))
    chance = random.Random(1)  # noqa: S311 - damage, not secrets
    for place in places * 40:
        damaged = bytearray(content)
        for at in chance.choices(place, k=chance.randint(1, 8)):
            damaged[at] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        path.write_bytes(damaged)
        libc.needs(path)
        for edit in (Elf.strip, Elf.symbols, lambda elf: elf.set_runpath("x"), lambda elf: elf.drop_needed(["m"])):
            with suppress(UnreadableError):
                edit(Elf.read(path))


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x02\x01" + b"\0" * 20])
def test_a_file_that_is_not_elf_is_refused_and_unchanged(tmp_path: Path, content: bytes) -> None:
    """It raises the same kind of error, and the file does not change."""
    (tmp_path / "x.so").write_bytes(content)
    with pytest.raises(UnreadableError):
        Elf.read(tmp_path / "x.so")
    slim.strip(tmp_path / "x.so")

    assert (tmp_path / "x.so").read_bytes() == content


def test_a_symbol_that_needs_a_version_of_glibc_is_found() -> None:
    """The newest version that a file needs has a symbol; a version that it does not need has none."""
    library = Path(ctypes.__file__).parents[1] / "lib-dynload"
    path = next(iter(sorted(library.glob("_socket*.so"))), None)
    if path is None:
        pytest.skip("this Python has its modules built in")
    newest = max(libc.needs(path))

    assert libc.find_needed_symbol(path, newest)
    assert libc.find_needed_symbol(path, (1, 0)) == ""
