"""Access to the preview: only its own page with the token has access."""

from __future__ import annotations

from email.message import Message

import pytest

from gfplug.host.preview.request_guard import RefusedError, admit

TOKEN = "t0ken"  # noqa: S105 - not a real one
PORT = 4000
OWN = "127.0.0.1:4000"
PAGE = f"http://{OWN}/{TOKEN}/"


def check_access(address: str, *, method: str = "GET", host: str | None = OWN, **headers: str) -> str:
    """Check one request."""
    message = Message()
    if host is not None:
        message["Host"] = host
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return admit(method, address, message, port=PORT, token=TOKEN)


@pytest.mark.parametrize(
    ("address", "below"),
    [
        (f"/{TOKEN}/", ""),
        (f"/{TOKEN}/api/ds/query?ds_type=x", "api/ds/query?ds_type=x"),
        (f"/{TOKEN}/public/plugins/a/module.js", "public/plugins/a/module.js"),
    ],
)
def test_the_token_is_the_first_part_of_each_address(address: str, below: str) -> None:
    """This way scripts, pictures and event streams have it, too."""
    assert check_access(address) == below
    assert check_access(address, host="localhost:4000") == below
    assert check_access(address, Origin=f"http://{OWN}", Sec_Fetch_Site="same-origin") == below


@pytest.mark.parametrize("address", ["/", "/t0ken", "/t0ke/", "/t0kenx/", "/T0KEN/", "/api/ds/query", "//t0ken/", "*"])
def test_a_request_without_the_token_is_refused(address: str) -> None:
    """The page itself also needs the token."""
    with pytest.raises(RefusedError):
        check_access(address)


@pytest.mark.parametrize(
    "host",
    [None, "evil.example:4000", "127.0.0.1", "127.0.0.1:4001", "localhost", f"{OWN}.evil.example", "[::1]:4000"],
)
def test_another_host_is_refused(host: str | None) -> None:
    """An attacker's domain that resolves to this machine (DNS rebinding) is still in the Host header."""
    with pytest.raises(RefusedError, match="Host"):
        check_access(f"/{TOKEN}/", host=host)


def test_two_host_headers_are_refused() -> None:
    """Servers differ in which of them counts."""
    message = Message()
    message["Host"] = OWN
    message["Host"] = "evil.example"
    with pytest.raises(RefusedError, match="Host"):
        admit("GET", f"/{TOKEN}/", message, port=PORT, token=TOKEN)


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "https://127.0.0.1:4000", "http://127.0.0.1:4001", "http://localhost:4000", ""],
)
def test_another_origin_is_refused_even_with_the_token(origin: str) -> None:
    """Another port of this machine is also another origin."""
    with pytest.raises(RefusedError, match="Origin"):
        check_access(f"/{TOKEN}/api/ds/query", method="POST", Origin=origin)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "odd"])
def test_a_request_of_another_site_is_refused_even_with_the_token(site: str) -> None:
    """Pictures and scripts in another page send no Origin; the browser sends Sec-Fetch-Site."""
    with pytest.raises(RefusedError, match="another site"):
        check_access(f"/{TOKEN}/preview/boot", Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors")


def test_a_link_from_another_site_opens_only_the_page() -> None:
    """A link in a mail opens the page, but nothing else, and not inside a frame."""
    visit = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}

    assert check_access(f"/{TOKEN}/", **visit, Sec_Fetch_Dest="document") == ""
    for address, destination, method in [
        (f"/{TOKEN}/", "iframe", "GET"),
        (f"/{TOKEN}/", "document", "POST"),
        (f"/{TOKEN}/preview/boot", "document", "GET"),
    ]:
        with pytest.raises(RefusedError):
            check_access(address, method=method, **visit, Sec_Fetch_Dest=destination)


def test_code_of_the_page_may_request_apis_without_the_token() -> None:
    """`fetch('/api/...')` in a plugin works as in Grafana: the browser sends the page's address."""
    assert check_access("/api/ds/query", Referer=PAGE) == "api/ds/query"
    assert check_access("/public/img/a.svg", Referer=f"{PAGE}app.css") == "public/img/a.svg"


@pytest.mark.parametrize(
    ("address", "referer"),
    [
        ("/api/ds/query", f"http://{OWN}/wrong/"),
        ("/api/ds/query", f"http://{OWN}/{TOKEN}"),
        ("/api/ds/query", f"http://evil.example/{TOKEN}/"),
        ("/api/ds/query", f"http://{OWN}.evil.example/{TOKEN}/"),
        ("/api/ds/query", f"http://{OWN}@evil.example/{TOKEN}/"),
        ("/api/ds/query", f"http://localhost:4000/{TOKEN}/"),
        ("/", PAGE),
        ("/preview/boot", PAGE),
    ],
)
def test_other_pages_and_paths_need_the_token(address: str, referer: str) -> None:
    """The preview's own API always needs it."""
    with pytest.raises(RefusedError):
        check_access(address, Referer=referer)
