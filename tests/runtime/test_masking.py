"""Secrets and their removal."""

from __future__ import annotations

import base64
import html
import json
import re
import time
import timeit
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest

from gfruntime.logs import masking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "-----BEGIN KEY-----\nQUJDREVGRw\nSElKS0xNTg\n-----END KEY-----"


@pytest.mark.parametrize(
    ("secrets", "text", "expected"),
    [
        (["a.b+c", "a.b+c-longer"], "x a.b+c y a.b+c-longer z, aXb+c", "x *** y *** z, aXb+c"),
        ([KEY], "-----BEGIN KEY----- SElKS0xNTg", "-----BEGIN KEY----- ***"),
        (["abc", ""], "abc", "abc"),
    ],
    ids=["the longest first", "a key by the line, its armour not", "three letters are no secret"],
)
def test_remembered_secrets_are_hidden(secrets: list[str], text: str, expected: str) -> None:
    """Every occurrence is replaced; characters with a meaning in regular expressions are taken literally."""
    masking.remember(secrets)

    assert masking.hide(text) == expected


@pytest.mark.parametrize("before", [0, 65_520, 65_535, 65_536, 65_538, 131_071, 200_000])
def test_long_texts_are_searched_in_pieces(monkeypatch: pytest.MonkeyPatch, before: int) -> None:
    """A secret is found at any place; other threads run between two pieces."""
    sizes: list[int] = []
    grams = masking._grams
    masking.remember(["secret-of-words"])

    def measure(data: bytes) -> Iterator[int]:
        sizes.append(len(data))
        return grams(data)

    monkeypatch.setattr(masking, "_grams", measure)

    assert masking.hide("x" * before + "secret-of-words" + "y" * 70_000) == "x" * before + "***" + "y" * 70_000
    assert len(sizes) >= 2
    assert max(sizes) <= 65_536 + 3


def test_escaped_secrets_are_hidden() -> None:
    """Secrets are hidden in a literal, in JSON and in a URL."""
    secret = 'zu"lu\\/+ü'  # noqa: S105  # made up
    masking.remember([secret])
    spellings = [repr(secret), json.dumps(secret), json.dumps(secret, ensure_ascii=False), quote(secret, safe="")]

    assert [masking.hide(text).strip("'\"") for text in spellings] == ["***"] * 4


def test_settings_with_secret_names_are_masked() -> None:
    """The settings come from Grafana's configuration or the environment."""
    masking.remember(
        masking.named_secrets({"GF_PLUGIN_APP_CLIENT_SECRET": "sesame-client", "GF_APP_URL": "http://plain"})
    )

    assert masking.hide("sesame-client at http://plain") == "*** at http://plain"


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "repr": repr,
    "repr of bytes": lambda secret: repr(secret.encode()),
    "ascii": ascii,
    "JSON": json.dumps,
    "JSON, not ASCII": lambda secret: json.dumps(secret, ensure_ascii=False),
    "HTML": html.escape,
    "URL": quote,
    "URL, slashes too": lambda secret: quote(secret, safe=""),
    "URL, form": quote_plus,
    "URL, lower case": lambda secret: re.sub("%..", lambda match: match[0].lower(), quote(secret)),
    "hex": lambda secret: secret.encode().hex(),
    "HEX": lambda secret: secret.encode().hex().upper(),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64, no padding": lambda secret: base64.b64encode(secret.encode()).decode().rstrip("="),
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
    "base64 after one byte": lambda secret: base64.b64encode(f":{secret}".encode()).decode(),
    "base64 after two bytes": lambda secret: base64.b64encode(f"u:{secret}".encode()).decode(),
    "base64 amid others": lambda secret: base64.b64encode(f"eve:{secret}:end".encode()).decode(),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize(
    "secret", ["q7#x", "Zq9v", "sesame-öffne dich", 'a"b\\c/d<e>&f+g', "7x" * 700, "\n tab\t ~?>", "日本語の鍵"]
)
def test_secrets_are_hidden_in_every_spelling(secret: str, spell: Callable[[str], str]) -> None:
    """Secrets of four characters and more are hidden in any encoding; almost no part of them stays."""
    secrets = masking.Secrets()
    secrets.remember([secret])
    spelling = spell(secret)
    text = secrets.hide(f"before {spelling} after")

    assert "***" in text
    assert len(text.replace("***", "").replace("before", "").replace("after", "").strip("\"'= ")) <= 12
    assert secret not in text


@pytest.mark.parametrize("text", ["12345678", "0012345678", "'12345678'", "12345678.5", "key-12345678"])
def test_a_secret_of_digits_is_hidden_as_a_number(text: str) -> None:
    """Such a secret is hidden without its leading zeros, too."""
    secrets = masking.Secrets()
    secrets.remember(["0012345678"])

    assert "12345678" not in secrets.hide(text)


def test_certificates_and_public_keys_are_not_secrets() -> None:
    """A bundle of a hundred certificates hides nothing; in a certificate with its key, only the key is hidden."""
    line = "MIIDdzCCAl+gAwIBAgIE"
    certificate = f"-----BEGIN CERTIFICATE-----\n{line}cert\n-----END CERTIFICATE-----\n"
    public = f"-----BEGIN PUBLIC KEY-----\n{line}public\n-----END PUBLIC KEY-----\n"
    private = f"-----BEGIN EC PRIVATE KEY-----\n{line}private\n-----END EC PRIVATE KEY-----\n"
    secrets = masking.Secrets()
    secrets.keep([certificate * 100, public, certificate + private])

    assert secrets.hide(certificate) == certificate
    assert secrets.hide(public) == public
    assert secrets.hide(f"{line}private") == "***"


@pytest.mark.slow
def test_any_number_of_secrets_is_hidden() -> None:
    """The number has no limit; the first and the last secrets are hidden, in short and in long texts."""
    secrets = masking.Secrets()
    secrets.keep(f"token-{number}-x" for number in range(5000))

    assert secrets.hide("token-0-x, token-2500-x, token-4999-x") == "***, ***, ***"
    assert secrets.hide("y" * 100_000 + "token-1-x") == "y" * 100_000 + "***"


def test_secrets_are_hidden_while_kept_and_some_minutes_longer() -> None:
    """Secrets of instances are hidden as long as an instance has them, secrets of requests for a few minutes."""
    now = 0.0
    secrets = masking.Secrets(clock=lambda: now)

    def pass_minutes(count: int) -> None:
        nonlocal now
        for _ in range(count):
            now += 60
            secrets.remember(["of another request"])

    secrets.remember(["of one request"])
    secrets.keep(["of two instances"])
    secrets.keep(["of two instances"])
    pass_minutes(4)
    assert secrets.hide("of one request") == "***"
    pass_minutes(30)
    assert secrets.hide("of one request, of two instances") == "of one request, ***"
    secrets.release(["of two instances"])
    pass_minutes(30)
    assert secrets.hide("of two instances") == "***"
    secrets.release(["of two instances"])
    pass_minutes(4)
    assert secrets.hide("of two instances") == "***"
    pass_minutes(30)
    assert secrets.hide("of two instances, of another request") == "of two instances, ***"
    assert len(secrets) == 1


def test_the_memory_for_secrets_of_requests_is_bounded(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory for secrets of requests is bounded, and the log says when the bound is reached."""
    monkeypatch.setattr(masking, "_MOST_BYTES", 1 << 20)
    secrets = masking.Secrets()
    secrets.keep(["of an instance"])
    for number in range(40):
        secrets.remember([f"{number}-" + "s" * 10_000])

    assert "Requests had more than 1 MB of secrets" in caplog.text
    assert secrets.hide("of an instance") == "***"
    assert len(secrets) < 20


@pytest.mark.slow
def test_a_line_costs_the_same_with_ten_thousand_secrets() -> None:
    """An index finds the few secrets that a text may contain."""
    few, many = masking.Secrets(), masking.Secrets()
    few.keep(["glsa_00000_0123456789abcdef"])
    many.keep(f"glsa_{number:05}_0123456789abcdef" for number in range(10_000))
    line = "Plugin Request Completed, traceId 4bf92f3577b34da6a3ce929d0e0e4736, duration 12.345ms " * 4

    def cost(secrets: masking.Secrets) -> float:
        return min(timeit.repeat(lambda: secrets.hide(line), number=200, repeat=5, timer=time.thread_time))

    assert cost(many) < 4 * cost(few)
