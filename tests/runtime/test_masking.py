"""Secrets and their removal."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from gfruntime.logs import masking

KEY = "-----BEGIN KEY-----\nQUJDREVGRw\nSElKS0xNTg\n-----END KEY-----"


@pytest.mark.parametrize(
    ("secrets", "text", "hidden"),
    [
        (["a.b+c", "a.b+c-longer"], "x a.b+c y a.b+c-longer z, aXb+c", "x *** y *** z, aXb+c"),
        ([KEY], "-----BEGIN KEY----- SElKS0xNTg", "-----BEGIN KEY----- ***"),
        (["abc", ""], "abc", "abc"),
    ],
    ids=["the longest first", "a key by the line, its armour not", "three letters are no secret"],
)
def test_remembered_secrets_are_hidden(secrets: list[str], text: str, hidden: str) -> None:
    """Every occurrence is replaced; regular-expression signs mean themselves."""
    masking.remember(secrets)

    assert masking.hide(text) == hidden


def test_secrets_are_hidden_as_texts_spell_them() -> None:
    """Escaped in a literal, in JSON and in a URL, too."""
    secret = 'zu"lu\\/+ü'  # noqa: S105  # made up
    masking.remember([secret])
    spelled = [repr(secret), json.dumps(secret), json.dumps(secret, ensure_ascii=False), quote(secret, safe="")]

    assert [masking.hide(text).strip("'\"") for text in spelled] == ["***"] * 4


def test_settings_with_telling_names_are_secrets() -> None:
    """Grafana's own, from its configuration or the environment."""
    masking.remember_settings({"GF_PLUGIN_APP_CLIENT_SECRET": "sesame-client", "GF_APP_URL": "http://plain"})

    assert masking.hide("sesame-client at http://plain") == "*** at http://plain"


def test_many_secrets_are_found_in_any_text() -> None:
    """However many rotated, in short texts as in long ones; the oldest of very many are forgotten."""
    masking.remember(f"rotated-{number}-x" for number in range(3000))

    assert masking.hide("rotated-2999-x, rotated-2500-x") == "***, ***"
    assert masking.hide("y" * 100_000 + "rotated-2999-x") == "y" * 100_000 + "***"
    assert masking.hide("rotated-1-x") == "rotated-1-x"
