"""Files of Debian packages, looked up in a small dpkg database."""

import hashlib
from pathlib import Path

import pytest
from packageurl import PackageURL

from gfplug.bundle.components import debian, native

STATUS = """\
Package: libbz2-1.0
Status: install ok installed
Architecture: {other}
Version: 9

Package: libbz2-1.0
Status: install ok installed
Architecture: amd64
Source: bzip2 (1.0.8-5)
Version: 1:1.0.8-5+b1
Description: a library
 Version: not this one

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a system with one package, whose file list has the path from before /lib became a link."""
    library = tmp_path / "usr/lib/libbz2.so.1.0.4"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"\x001.0.8, 13-Jul-2019\0")
    (library.parent / "libbz2.so.1.0").symlink_to(library.name)
    info = tmp_path / "var/lib/dpkg/info"
    info.mkdir(parents=True)
    (info.parent / "status").write_text(STATUS.format(other="i386"))
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text('PRETTY_NAME="Debian"\nID=debian\nVERSION_ID="12"\n')
    return tmp_path


def own(root: Path, package: str = "libbz2-1.0:amd64", *, digest: str = "") -> Path:
    """Record that the package has the library; its real path is the one below the root."""
    library = root / "usr/lib/libbz2.so.1.0.4"
    info = root / "var/lib/dpkg/info"
    link = str(library.with_name("libbz2.so.1.0"))
    (info / f"{package}.list").write_text(f"/.\n{link}\n{library}\n")
    digest = digest or hashlib.md5(library.read_bytes(), usedforsecurity=False).hexdigest()
    (info / f"{package}.md5sums").write_text(f"{digest}  {str(library).removeprefix('/')}\n")
    return library.with_name("libbz2.so.1.0")


def test_a_file_belongs_to_the_package_that_lists_it(root: Path) -> None:
    """The owner has version, architecture, source and release, as scanners expect them in a package URL."""
    path = own(root)
    (package,) = debian.find_owners([path], root).values()

    expected = "pkg:deb/debian/libbz2-1.0@1:1.0.8-5%2Bb1?arch=amd64&distro=debian-12&upstream=bzip2%401.0.8-5"
    assert package.purl == expected
    assert PackageURL.from_string(expected).to_string() == expected
    assert package.version == "1:1.0.8-5+b1"


def test_a_library_has_its_own_version_and_that_of_its_package(root: Path) -> None:
    """It has the package's version, and the version in the library's bytes; the package's copyright file is named."""
    (library,) = native.identify({"libbz2.so.1.0": own(root)}, root=root)

    assert (library.upstream, library.version, library.package_version) == ("bzip2", "1.0.8", "1:1.0.8-5+b1")
    assert library.text == str(root / "usr/share/doc/libbz2-1.0/copyright")


def test_lib_and_usr_lib_are_the_same_folder() -> None:
    """A list may say /lib for a file in /usr/lib, and the other way round."""
    assert {"/lib/x/a.so", "/usr/lib/x/a.so"} <= debian._possible_paths(Path("/lib/x/a.so"))
    assert {"/lib/x/a.so", "/usr/lib/x/a.so"} <= debian._possible_paths(Path("/usr/lib/x/a.so"))


@pytest.mark.parametrize(
    ("package", "digest"), [("gone", ""), ("unheard-of", ""), ("libbz2-1.0:amd64", "0" * 32)], ids=str
)
def test_a_removed_or_changed_file_has_no_owner(root: Path, package: str, digest: str) -> None:
    """The list of a removed package may still exist, and another file may have replaced the package's file."""
    assert debian.find_owners([own(root, package, digest=digest)], root) == {}


def test_a_system_without_dpkg_has_no_owners(tmp_path: Path) -> None:
    """Nothing is looked up, and nothing fails."""
    assert debian.find_owners([tmp_path / "libz.so.1"], tmp_path) == {}
