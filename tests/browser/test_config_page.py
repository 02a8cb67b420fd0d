"""The config page of the linked module.js: the store of each option, and values that are never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from row_source import Wide

if TYPE_CHECKING:
    from linked_module import Evaluate

SETTINGS = "{ url: 'http://a', jsonData: { timeout: 5, other: 1 }, secureJsonFields: { token: true } }"

HTTP = """{
  url: 'http://a', basicAuth: true, basicAuthUser: 'u',
  jsonData: { tlsAuth: true, httpHeaderName1: 'X-A', httpHeaderName2: 'X-B', httpHeaderName3: 'X-C' },
  secureJsonFields: { httpHeaderValue1: true, httpHeaderValue2: true, httpHeaderValue3: true },
  secureJsonData: { httpHeaderValue3: 'typed' },
}"""


def config(settings: str) -> str:
    """Render the config page; `changed` collects the settings that it passes to Grafana."""
    return (
        "((changed) => { const page = elements(plugin.components.ConfigEditor({ options: "
        f"{settings}, onOptionsChange: (options) => changed.push(options) }})); "
        "const control = (id) => page.find((each) => each.props.id === id).props; "
    )


def test_each_option_is_stored_where_grafana_keeps_it(evaluate: Evaluate) -> None:
    """The URL goes to the data source's field, a secret only to secureJsonData, the rest to jsonData; others stay."""
    edits = evaluate(
        config(SETTINGS) + "const type = (id, value) => control(id).onChange({ currentTarget: { value } });"
        " type('gf-config-url', 'http://b'); type('gf-config-key', 's3cret'); type('gf-config-timeout', '7');"
        " return changed; })([])"
    )

    assert [edits[0]["url"], edits[1]["url"]] == ["http://b", "http://a"]
    assert edits[0]["jsonData"] == {"timeout": 5, "other": 1}
    assert edits[1]["secureJsonData"] == {"key": "s3cret"}
    assert edits[1]["jsonData"] == {"timeout": 5, "other": 1}
    assert edits[2]["jsonData"] == {"timeout": 7, "other": 1}


def test_a_stored_secret_shows_only_that_it_is_there(evaluate: Evaluate) -> None:
    """The control has no value; a reset removes the stored secret at the next save."""
    token = evaluate(
        config(SETTINGS) + "const token = control('gf-config-token'); token.onReset();"
        " return [token.isConfigured, token.value, changed[0].secureJsonFields, changed[0].secureJsonData]; })([])"
    )

    assert token == [True, "", {"token": False}, {"token": ""}]


def test_defaults_are_shown_and_not_stored(evaluate: Evaluate) -> None:
    """An unchanged option gets the dataclass's new default."""
    retries = evaluate(
        config("{ url: '', jsonData: {} }") + "return [control('gf-config-retries').value, changed.length]; })([])"
    )

    assert retries == [3, 0]


def test_provisioned_settings_cannot_be_edited(evaluate: Evaluate) -> None:
    """Every control is disabled if the data source is read-only in Grafana."""
    disabled = evaluate(
        config("{ url: '', jsonData: {}, readOnly: true }")
        + "return page.filter((each) => each.props.id).map((each) => each.props.disabled); })([])"
    )

    assert disabled == [True] * 6


def test_rows_of_options_are_edited_in_place(evaluate: Evaluate) -> None:
    """Each field of a row is drawn, and an edit goes to its row in jsonData."""
    edits = evaluate(
        config("{ url: '', jsonData: { tenants: [{ name: 'a' }, { name: 'b' }] } }")
        + "control('gf-config-tenants-1-name').onChange({ currentTarget: { value: 'c' } }); return changed; })([])",
        source=Wide,
    )

    assert [each["jsonData"]["tenants"] for each in edits] == [[{"name": "a"}, {"name": "c"}]]


def test_http_settings_are_stored_where_grafana_reads_them(evaluate: Evaluate) -> None:
    """Basic authentication is in the data source's field, its password in the secrets, TLS in jsonData."""
    edits = evaluate(
        config(HTTP) + "const type = (id, value) => control(id).onChange({ currentTarget: { value } });"
        " control('gf-config-basicAuth').onChange({ currentTarget: { checked: false } });"
        " type('gf-config-basicAuthUser', 'ada'); type('gf-config-basicAuthPassword', 's');"
        " type('gf-config-serverName', 'n');"
        " return changed; })([])",
        source=Wide,
    )

    assert [edits[0]["basicAuth"], edits[1]["basicAuthUser"]] == [False, "ada"]
    assert edits[2]["secureJsonData"]["basicAuthPassword"] == "s"
    assert edits[3]["jsonData"]["serverName"] == "n"


def test_fields_of_a_switch_that_is_off_are_not_shown(evaluate: Evaluate) -> None:
    """The CA certificate's switch is off, so only the client's certificate is shown."""
    ids = evaluate(
        config(HTTP) + "return page.map((each) => each.props.id).filter(Boolean); })([])",
        source=Wide,
    )

    assert "gf-config-tlsClientKey" in ids
    assert not {"gf-config-tlsCACert", "gf-config-cache.seconds"} & set(ids)


def test_the_secure_socks_proxy_is_shown_where_grafana_has_one(evaluate: Evaluate) -> None:
    """The proxy's switch has the key that Grafana's SDKs read; without Grafana's support it is not shown."""
    code = config(HTTP) + "control('gf-config-enableSecureSocksProxy').onChange({ currentTarget: { checked: true } });"
    edits = evaluate(f"{code} return changed; }})([])", source=Wide, socks=True)
    ids = evaluate(config(HTTP) + "return page.map((each) => each.props.id).filter(Boolean); })([])", source=Wide)

    assert edits[0]["jsonData"]["enableSecureSocksProxy"] is True
    assert "gf-config-enableSecureSocksProxy" not in ids


def test_headers_are_numbered_without_a_gap(evaluate: Evaluate) -> None:
    """After a removal the others move up; a typed value moves, too, but a stored one can't and must be typed again."""
    edits = evaluate(
        config(HTTP) + "page.find((each) => each.props['aria-label'] === 'Remove HTTP headers 1').props.onClick();"
        " control('gf-config-header-add').onClick(); return changed; })([])",
        source=Wide,
    )
    names = {key: value for key, value in edits[0]["jsonData"].items() if key.startswith("httpHeader")}

    assert names == {"httpHeaderName1": "X-B", "httpHeaderName2": "X-C"}
    assert edits[0]["secureJsonData"] == {"httpHeaderValue1": "", "httpHeaderValue2": "typed", "httpHeaderValue3": ""}
    assert not any(edits[0]["secureJsonFields"].values())
    assert edits[1]["jsonData"]["httpHeaderName4"] == ""


def test_grafana_13_gets_the_errors_of_invalid_options(evaluate: Evaluate) -> None:
    """Grafana's validation hook gets each error by field, and no error for valid options."""
    complaints = evaluate(
        "[['', true], ['http://a', false]].map(([url, token]) => { const heard = []; let validate;"
        " const options = { url, jsonData: { timeout: token ? 0.5 : 1.5 }, secureJsonFields: { token } };"
        " plugin.components.ConfigEditor({ options, onOptionsChange() {}, validation: {"
        " registerValidation: (run) => { validate = run; }, setError: (name, text) => heard.push([name, text]),"
        " clearError: () => {} } }); return [validate(), heard]; })"
    )

    assert complaints == [
        [False, [["url", "API URL is required"], ["timeout", "Timeout must be at least 1"]]],
        [False, [["token", "API token is required"]]],
    ]
