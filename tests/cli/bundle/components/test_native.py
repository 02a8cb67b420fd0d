"""The project and version of native libraries, read from their bytes; other versions stay unknown."""

from pathlib import Path

import pytest

from gfplug.bundle.components import native, upstreams

MARKS = {
    "libbz2.so.1.0": ("bzip2", b"\x001.0.8, 13-Jul-2019\0", "1.0.8"),
    "libcrypto.so.3": ("openssl", b"OpenSSL 3.0.15 3 Sep 2024\0", "3.0.15"),
    "libexpat.so.1": ("expat", b"expat_2.5.0\0", "2.5.0"),
    "liblzma.so.5": ("xz", b"\x005.4.1\0", "5.4.1"),
    "libncursesw.so.6": ("ncurses", b"ncurses 6.4.20221231\0", "6.4.20221231"),
    "libsqlite3.so.0": ("sqlite", b"\x003.40.1\0", "3.40.1"),
    "libc.so.6": ("glibc", b"GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n", "2.36"),
    "libz.so.1": ("zlib", b" deflate 1.2.13 Copyright 1995 \0 inflate 1.2.13 Copyright 1995", "1.2.13"),
    "libcrypto-3-x64.dll": ("openssl", b"OpenSSL 3.0.15 3 Sep 2024\0", "3.0.15"),
    "libcrypto.1.1.dylib": ("openssl", b"OpenSSL 1.1.1w  11 Sep 2023\0", "1.1.1w"),
    "zlib1.dll": ("zlib", b" inflate 1.3.1 Copyright 1995", "1.3.1"),
    "libssl-ae5d3c8b.so.3": ("openssl", b"OpenSSL 3.0.15 3 Sep 2024\0", "3.0.15"),
    "libcrypto-3-x64-ba0a2b91c7d0f3ea4d1c1f0e5b7a9c33.dll": ("openssl", b"OpenSSL 3.0.15 3 Sep 2024\0", "3.0.15"),
    "libgfortran-040039e1-0352e75f.so.5.0.0": ("gcc", b"", ""),
    "libffi.so.8": ("libffi", b"nothing", ""),
    "libstdc++.so.6": ("gcc", b"GLIBCXX_3.4.30", ""),
    "libpython3.12.so.1.0": ("python", b"", ""),
    "python312.dll": ("python", b"", ""),
    "libweird-2.so.1": ("libweird", b"weird 2.0", ""),
}


def write(folder: Path, contents: dict[str, bytes]) -> dict[str, Path]:
    """Write libraries and return their paths."""
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: folder / name for name in contents}


def identify(folder: Path, contents: dict[str, bytes]) -> dict[str, tuple[str, str]]:
    """Return the project and version of each library."""
    libraries = native.identify(write(folder, contents), root=folder)
    return {library.file: (library.upstream, library.version) for library in libraries}


@pytest.mark.parametrize("name", MARKS)
def test_a_library_has_a_project_and_a_version(tmp_path: Path, name: str) -> None:
    """Both come from the file's name and the text in it, however the system spells the name."""
    project, content, version = MARKS[name]

    assert identify(tmp_path, {name: content}) == {name: (project, version)}


def test_libssl_has_the_version_of_the_libcrypto_beside_it(tmp_path: Path) -> None:
    """Both belong to one project, and only libcrypto contains the version."""
    contents = {"libssl.so.3": b"", "libcrypto.so.3": b"OpenSSL 3.0.15 3 Sep 2024"}

    assert identify(tmp_path, contents)["libssl.so.3"] == ("openssl", "3.0.15")


def test_two_versions_in_a_file_count_as_unknown(tmp_path: Path) -> None:
    """It is unknown which of the two is right."""
    assert identify(tmp_path, {"liblzma.so.5": b"\x005.4.1\0\x005.2.0\0"})["liblzma.so.5"] == ("xz", "")


def test_libraries_linked_into_python_are_found(tmp_path: Path) -> None:
    """They are recognised by texts that only they contain; a version number alone counts only in its own module."""
    contents = {
        "libpython3.12.so.1.0": b"OpenSSL 3.0.15 3 Sep 2024\0 deflate 1.3.1 Copyright \x005.4.1\0\x003.40.1\0",
        "_decimal.cpython-312-x86_64-linux-gnu.so": b"\x002.5.1\0",
        "_other.so": b"\x002.5.1\0",
    }
    libraries = native.search(write(tmp_path, contents))

    assert {(each.file.partition(".")[0], each.upstream, each.version) for each in libraries} == {
        ("libpython3", "openssl", "3.0.15"),
        ("libpython3", "zlib", "1.3.1"),
        ("_decimal", "mpdecimal", "2.5.1"),
    }
    assert all(each.is_inside for each in libraries)


@pytest.mark.parametrize(
    ("project", "version", "license_id"),
    [
        ("openssl", "1.1.1w", "OpenSSL"),
        ("openssl", "3.0.15", "Apache-2.0"),
        ("openssl", "", "Apache-2.0"),
        ("xz", "5.4.1", "LicenseRef-Public-Domain"),
        ("xz", "5.8.0", "0BSD"),
        ("libweird", "1.0", None),
    ],
)
def test_the_licence_of_a_library_depends_on_its_version(project: str, version: str, license_id: str | None) -> None:
    """OpenSSL 3 and XZ 5.6 changed their licences; the licence of an unknown project is not guessed."""
    upstream = upstreams.describe_version(project, version)

    assert (upstream and upstream.license) == license_id
