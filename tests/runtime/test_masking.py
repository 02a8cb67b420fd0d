"""Secrets and their removal."""

from __future__ import annotations

from gfruntime import masking


def test_remembered_secrets_are_hidden() -> None:
    """Every occurrence is replaced, the longest first; regular-expression signs mean themselves."""
    masking.remember(["a.b+c", "a.b+c-longer"])

    assert masking.hide("x a.b+c y a.b+c-longer z") == "x *** y *** z"
    assert masking.hide("aXb+c") == "aXb+c"


def test_keys_are_hidden_by_the_line() -> None:
    """Each line of a key is hidden, its armour is not."""
    masking.remember(["-----BEGIN KEY-----\nQUJDREVGRw\nSElKS0xNTg\n-----END KEY-----"])

    assert masking.hide("-----BEGIN KEY----- SElKS0xNTg") == "-----BEGIN KEY----- ***"


def test_short_texts_are_no_secrets() -> None:
    """Hiding a text of three letters would only garble the logs."""
    masking.remember(["abc", ""])

    assert masking.hide("abc") == "abc"
