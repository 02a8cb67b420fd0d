"""The paths that the HTTP client requests are below the data source's path."""

from __future__ import annotations

import pytest

from gfruntime import DownstreamError, QueryError
from gfruntime.http.addresses import Addresses, UrlAddress

pytestmark = pytest.mark.usefixtures("without_proxies")

TENANT = "http://host:81/tenant-a"


def resolve(url: str, *, base: str = TENANT, allowed_hosts: tuple[str, ...] = ()) -> UrlAddress:
    """Resolve an address as the client of a data source does."""
    return Addresses(base, allowed_hosts).resolve(url, None)


CLIMBING = [
    "../admin/users",
    "/../admin",
    "..",
    "x/../../admin",
    "%2e%2e/admin",
    "%2E%2e/admin",
    ".%2e/admin",
    "%2e./admin",
    "..%2fadmin",
    "..%2Fadmin",
    "x%2f..%2f..%2fadmin",
    "%252e%252e/admin",
    "%252e%252e%252fadmin",
    "%25252e%25252e/admin",
    "..\\admin",
    "..%5cadmin",
    "\\..\\admin",
    "x\\..\\..\\admin",
    "..;/admin",
    "..;a=b/admin",
    "%2e%2e;/admin",
    "//../../admin",
    "x//../../../admin",
    ".../../../../admin",
    "./../admin",
    "..\t/admin",
    ".\n./admin",
    "..%00/admin",
    "..%0a/admin",
    ".. /admin",
    "%c0%ae%c0%ae/admin",
    "..%c0%afadmin",
    "%e0%80%ae%e0%80%ae/admin",
    "../tenant-ab/x",
    "../TENANT-A/x",
    "%" + "25" * 12 + "2e%2e/admin",
]


@pytest.mark.shows("errors: a path from a query")
@pytest.mark.parametrize("path", CLIMBING)
def test_a_path_does_not_leave_the_data_sources_path(path: str) -> None:
    """Paths may be encoded once or more, or have backslashes, parameters, or control characters."""
    with pytest.raises(QueryError, match="leaves the data source's path /tenant-a"):
        resolve(path)


@pytest.mark.parametrize("path", CLIMBING)
def test_a_whole_address_does_not_leave_the_data_sources_path(path: str) -> None:
    """The author builds the address with a part from a user."""
    with pytest.raises(QueryError, match="leaves the data source's path /tenant-a"):
        resolve(f"{TENANT}/{path.lstrip('/')}")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/../b", "/tenant-a/b"),
        ("a/./b/", "/tenant-a/a/b/"),
        ("a/..", "/tenant-a/"),
        ("a//b", "/tenant-a/a//b"),
        ("..a/b..", "/tenant-a/..a/b.."),
        ("group%2Fproject", "/tenant-a/group%2Fproject"),
        ("a%20b c", "/tenant-a/a%20b%20c"),
        ("100%", "/tenant-a/100%25"),
        ("é/→", "/tenant-a/%C3%A9/%E2%86%92"),
        ("\ud800", "/tenant-a/%3F"),
        ("a\r\nHost: x", "/tenant-a/a%0D%0AHost:%20x"),
        ("a\\b", "/tenant-a/a%5Cb"),
        ("../tenant-a/x", "/tenant-a/x"),
        ("x?y=é&z=[1]#fragment/../..", "/tenant-a/x?y=%C3%A9&z=[1]"),
        ("x?q=../../y", "/tenant-a/x?q=../../y"),
        ("", "/tenant-a"),
    ],
)
def test_paths_are_normalised(path: str, expected: str) -> None:
    """Paths below the data source's path are sent encoded and without dot segments."""
    assert resolve(path).target == expected


@pytest.mark.shows("errors: a path from a query")
@pytest.mark.parametrize(
    "location",
    [
        "/admin",
        "../../admin",
        "/tenant-a/../admin",
        "/tenant-a/%2e%2e/admin",
        "/tenant-a/..%2fadmin",
        "/tenant-a/..;/admin",
        "/tenant-a/..\\admin",
        "/tenant-a/%252e%252e/admin",
        "http://host:81/admin",
        "/tenant-ab",
    ],
)
def test_a_redirect_does_not_leave_the_data_sources_path(location: str) -> None:
    """Otherwise an upstream that redirects to a path from a query would be a way out."""
    addresses = Addresses(TENANT, ())

    with pytest.raises(DownstreamError, match="outside of the data source's path"):
        addresses.redirect(addresses.resolve("rows/1", None), location)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("2", "/tenant-a/rows/2"),
        ("../other/", "/tenant-a/other/"),
        ("?page=2", "/tenant-a/rows/1?page=2"),
        ("/tenant-a/é", "/tenant-a/%E9"),
        ("/tenant-a/Ã©", "/tenant-a/%C3%A9"),
        ("http://HOST:81/tenant-a", "/tenant-a"),
    ],
)
def test_a_redirect_below_the_data_sources_path_is_followed(location: str, target: str) -> None:
    """The bytes of the path stay unchanged: http.client reads them as Latin-1."""
    addresses = Addresses(TENANT, ())
    result = addresses.redirect(addresses.resolve("rows/1", None), location)

    assert (result.target, result.is_foreign, result.is_confined) == (target, False, True)


@pytest.mark.shows("errors: invalid HTTP")
@pytest.mark.parametrize(
    "location",
    [
        "",
        " ",
        "http://",
        "http:///x",
        "https:",
        "ftp://host/x",
        "file:///etc/passwd",
        "javascript:x",
        "http://host:99999/",
        "http://host:x/",
        "http://[::1/x",
        "http://ho st/",
        "//",
        "http://é\ud800/",
        "gopher://x",
        "http://" + "a" * 300,
    ],
)
def test_a_redirect_to_an_invalid_address_is_a_downstream_error(location: str) -> None:
    """The error is never an exception of Python itself."""
    addresses = Addresses("http://host:81", ())

    with pytest.raises(DownstreamError, match="/x redirects"):
        addresses.redirect(addresses.resolve("x", None), location)
