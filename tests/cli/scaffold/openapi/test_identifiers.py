"""Python identifiers from names of a description."""

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfplug.scaffold.openapi.identifiers import Identifiers, identifier


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("listUsers", "list_users"),
        ("HTTPServer", "http_server"),
        ("userIDs", "user_ids"),
        ("OAuth2", "oauth2"),
        ("filter[name]", "filter_name"),
        ("@odata.nextLink", "odata_next_link"),
        ("page2", "page2"),
        ("2fa", "thing_2_fa"),
        ("class", "class_"),
        ("None", "none_value"),
        ("_", "thing"),
        ("", "thing"),
        ("x" * 100, "x" * 52),
    ],
)
def test_a_name_becomes_a_snake_case_identifier(name: str, expected: str) -> None:
    """It is never a keyword of Python."""
    assert identifier(name, fallback="thing") == expected


@given(st.lists(st.text(max_size=70) | st.sampled_from(["a", "A", "a_", "a2", "a_2", "class", "class_"]), max_size=30))
def test_identifiers_are_unique(names: list[str]) -> None:
    """They also differ without case and underscores, as names of classes."""
    identifiers = Identifiers()
    results = [identifiers.take(name, fallback="thing") for name in names]

    assert all(name.isidentifier() and name.isascii() and name.islower() and len(name) <= 60 for name in results)
    assert not any(keyword.iskeyword(name) or keyword.issoftkeyword(name) for name in results)
    assert len({name.replace("_", "") for name in results}) == len(names)
