"""Names of plugins: a name becomes an id that Grafana accepts, or is refused with a clear message."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfplug.errors import UsageError
from gfplug.project import names

GRAFANA_ID = re.compile(r"^[0-9a-z]+\-([0-9a-z]+\-)?(app|panel|datasource)$")


@pytest.mark.parametrize(
    ("text", "org", "name", "title"),
    [
        ("myds", "", "myds", "Myds"),
        ("MyDS", "", "myds", "MyDS"),
        ("my-ds", "my", "ds", "My Ds"),
        ("acme-sales", "acme", "sales", "Acme Sales"),
        ("acme-sales-datasource", "acme", "sales", "Acme Sales"),
        ("sales-datasource", "", "sales", "Sales"),
        ("datasource", "", "datasource", "Datasource"),
        ("Acme Sales", "acme", "sales", "Acme Sales"),
        ("Acme Web  Sales!", "acme", "websales", "Acme Web Sales!"),
        ("acme sales", "acme", "sales", "Acme Sales"),
        ("it's", "it", "s", "it's"),
        ("O'Neil DB", "o", "neildb", "O'Neil DB"),
        ("ABC", "", "abc", "ABC"),
        ("McDonald's", "mcdonald", "s", "McDonald's"),
        ("iRODS", "", "irods", "iRODS"),
        ("R&D", "r", "d", "R&D"),
        (' "Sales" {{ x }}', "sales", "x", '"Sales" {{ x }}'),
        ("acme_sales.v2", "acme", "salesv2", "Acme Sales V2"),
        ("Café Größen-Ü".replace("ß", "ss"), "cafe", "grossenu", "Café Grössen-Ü"),
        ("42", "", "42", "42"),
    ],
)
def test_a_name_is_split_into_organisation_and_name(text: str, org: str, name: str, title: str) -> None:
    """The first of several words is the organisation; a type at the end is removed."""
    assert names.parse(text) == names.PluginNames(org=org, name=name, title=title)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has no letter and no digit"),
        ("---", "has no letter and no digit"),
        ("売上", "売"),
        ("Größe", "remove: ß"),
        ("./sales", "is a path, not a name"),
        ("a\\b", "is a path, not a name"),
        ("x" * 33, "1 to 32 characters"),
    ],
)
def test_a_name_that_cannot_become_an_id_is_refused(text: str, sentence: str) -> None:
    """The message names the problem."""
    with pytest.raises(UsageError, match=re.escape(sentence)):
        names.parse(text)


@given(st.text(max_size=40))
def test_every_accepted_name_makes_a_valid_plugin_id(text: str) -> None:
    """Random texts give no id that Grafana refuses."""
    try:
        result = names.parse(text)
    except UsageError:
        return

    assert GRAFANA_ID.fullmatch(names.plugin_id(result.org or names.DEFAULT_ORG, result.name))


@pytest.mark.parametrize(("text", "org"), [("acme", "acme"), ("Acme Inc.", "acmeinc"), ("Zoë-Labs", "zoelabs")])
def test_an_organisation_becomes_one_word(text: str, org: str) -> None:
    """Its words are joined; a name without letters or digits is refused."""
    assert org == names.organisation(text)
    with pytest.raises(UsageError):
        names.organisation("!!")
