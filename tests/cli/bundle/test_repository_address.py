"""The address of a repository as plugin.json shows it."""

import pytest

from gfplug.bundle import build_info


@pytest.mark.parametrize(
    ("origin", "address"),
    [
        ("https://github.com/acme/sales.git", "https://github.com/acme/sales"),
        ("https://me:ghp_secret@github.com/acme/sales", "https://github.com/acme/sales"),
        ("https://ghp_secret@git.example.com:8443/acme/sales.git/", "https://git.example.com:8443/acme/sales"),
        ("https://github.com/acme/sales?token=secret#x", "https://github.com/acme/sales"),
        ("http://git.example.com/acme/sales", "http://git.example.com/acme/sales"),
        ("git@github.com:acme/sales.git", "https://github.com/acme/sales"),
        ("github.com:acme/sales", "https://github.com/acme/sales"),
        ("ssh://git@github.com:22/acme/sales.git", "https://github.com/acme/sales"),
        ("git://example.com/acme/sales.git", "https://example.com/acme/sales"),
        ("/home/me/sales", ""),
        ("file:///home/me/sales", ""),
        ("../sales", ""),
        ("C:/Users/me/sales", ""),
        ("C:\\Users\\me\\sales", ""),
        ("ext::sh -c secret", ""),
        ("https://example.com:port/x", ""),
        ("https://[::1]/x", ""),
        ("https://example.com/a\x1b[31m", ""),
        ("https://example.com", ""),
        ("", ""),
    ],
)
def test_the_repository_address_is_public(origin: str, address: str) -> None:
    """All clone addresses become one web address, without logins; local folders and invalid addresses are left out."""
    assert build_info.public_address(origin) == address
