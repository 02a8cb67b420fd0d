"""Replacements for the programs of binutils: a real program gets a section and still runs."""

from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path

import pytest
from commands import Ended, run, succeed
from elftools.elf.elffile import ELFFile

from gfplug.bundle import binutils
from gfplug.bundle.elf import Elf

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="PyInstaller calls binutils on Linux only")
SHELL = Path("/bin/sh")
WHOLE = SHELL.read_bytes() if SHELL.exists() else b""
DATA = b"PK\0archive" * 1000


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Copy a program of this machine."""
    return Path(shutil.copy(SHELL, tmp_path / "program"))


def answer(program: Path) -> str:
    """Run a shell and return its output."""
    ran = succeed(program, "-c", "echo 42")
    return ran.strip()


def section(content: bytes, name: str) -> bytes:
    """Return a section's content, read by another reader of ELF files."""
    entry = ELFFile(io.BytesIO(content)).get_section_by_name(name)
    assert entry, name
    return entry.data()


def call(name: str, *words: str | Path, programs: Path) -> Ended:
    """Call a program by its name, as PyInstaller does, with only gfplug's programs on the PATH."""
    return run(name, *words, env={"PATH": str(programs)})


def test_a_section_is_added_and_nothing_that_is_loaded_moves(program: Path) -> None:
    """Another reader of ELF files reads the old sections and the new one; the program runs."""
    before = program.read_bytes()
    after = binutils.add_section(before, "pydata", DATA)
    program.write_bytes(after)

    old, new = ELFFile(io.BytesIO(before)), ELFFile(io.BytesIO(after))
    contents = {section.name: section.data() for section in old.iter_sections() if section.name != ".shstrtab"}
    assert {each.name: each.data() for each in new.iter_sections() if each.name != ".shstrtab"} == {
        **contents,
        "pydata": DATA,
    }
    assert Elf.parse(after).segments == Elf.parse(before).segments
    assert answer(program) == "42"


def test_adding_a_section_is_reproducible_and_keeps_no_old_tables(program: Path) -> None:
    """Two runs give the same bytes; the tables at the file's end are replaced, not duplicated."""
    before = program.read_bytes()
    after = binutils.add_section(before, "pydata", DATA)

    assert after == binutils.add_section(before, "pydata", DATA)
    assert len(after) - len(before) < len(DATA) + 200


def test_the_section_survives_a_search_path_and_further_sections(program: Path) -> None:
    """A build sets the executable's library path after it has added the data."""
    content = binutils.add_section(binutils.add_section(program.read_bytes(), "pydata", DATA), "more", b"x")
    content = Elf.parse(content).set_runpath("$ORIGIN/_internal")
    program.write_bytes(content)

    assert section(content, "pydata") == DATA
    assert Elf.parse(content).strings.endswith(b"\0$ORIGIN/_internal\0")
    assert answer(program) == "42"


@pytest.mark.parametrize(
    ("content", "is_elf"),
    [
        (WHOLE, True),
        (WHOLE[:-1], False),
        (WHOLE[:40], False),
        (b"\x7fELF\x01\x02" + WHOLE[6:], True),
        (b"\x7fELF\x07\x01" + WHOLE[6:], False),
        (b"", False),
    ],
    ids=["whole", "cut off at its end", "cut off in its header", "of another machine", "of no machine", "empty"],
)
def test_objdump_tells_what_is_an_elf_file(tmp_path: Path, content: bytes, *, is_elf: bool) -> None:
    """The exit code is 0 for an ELF file, and another one for other files."""
    programs = binutils.write_programs(tmp_path / "with a space", python=Path(sys.executable))
    (tmp_path / "x.so").write_bytes(content)

    assert (call("objdump", "-a", tmp_path / "x.so", programs=programs).code == 0) is is_elf


def test_objcopy_adds_a_section_in_place(program: Path, tmp_path: Path) -> None:
    """With PyInstaller's arguments, it changes the file, which stays executable, and prints nothing."""
    programs = binutils.write_programs(tmp_path / "it's a folder", python=Path(sys.executable))
    (tmp_path / "data.pkg").write_bytes(DATA)
    mode = program.stat().st_mode
    ran = call("objcopy", "--add-section", f"pydata={tmp_path}/data.pkg", program, programs=programs)

    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert section(program.read_bytes(), "pydata") == DATA
    assert program.stat().st_mode == mode
    assert answer(program) == "42"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--add-section", "pydata=/bin/sh"], "/x: not a whole 64-bit"),
        (["--strip-all"], "does only what PyInstaller needs, not: --strip-all"),
    ],
)
def test_objcopy_refuses_what_it_cannot_do(tmp_path: Path, words: list[str], sentence: str) -> None:
    """A file of another kind stays unchanged; the error for a plugin.spec that needs other options gives the reason."""
    programs = binutils.write_programs(tmp_path / "programs", python=Path(sys.executable))
    (tmp_path / "x").write_bytes(b"MZ")
    ran = call("objcopy", *words, tmp_path / "x", programs=programs)

    assert ran.code == 1
    assert sentence in ran.err
    assert (tmp_path / "x").read_bytes() == b"MZ"


@pytest.mark.skipif(not shutil.which("strip"), reason="install binutils: its own strip is compared")
def test_strip_keeps_the_section(program: Path) -> None:
    """It removes bytes behind the last section, so the data must be in a section."""
    program.write_bytes(binutils.add_section(program.read_bytes(), "pydata", DATA))
    succeed("strip", program, env=dict(os.environ))

    assert section(program.read_bytes(), "pydata") == DATA
    assert answer(program) == "42"
