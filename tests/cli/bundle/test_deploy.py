"""`gfplug deploy`: the lines for each way to run Grafana are valid and name only this plugin."""

import configparser
from pathlib import Path

import pytest
import yaml
from small_bundle import sign

from gfplug.bundle import deploy as service
from gfplug.cli import main
from gfplug.errors import UsageError

ID = "acme-sales-datasource"
OFFLINE = service.DeployedPlugin(id=ID, archive="x.zip", is_signed=False)
ONLINE = service.DeployedPlugin(id=ID, archive="x.zip", is_signed=False, url="https://example.com/x.zip")
SIGNED_PLUGIN = service.DeployedPlugin(id=ID, archive="x.zip", is_signed=True)


@pytest.mark.parametrize("way", service.WAYS)
@pytest.mark.parametrize("plugin", [OFFLINE, ONLINE, SIGNED_PLUGIN])
def test_an_unsigned_plugin_is_allowed_by_its_id(plugin: service.DeployedPlugin, way: str) -> None:
    """A signed plugin gets no exception, which would hide a broken signature; without a URL there is no download."""
    text = service.lines(plugin, way)

    assert ("unsigned" in text.lower()) == ("allow_loading_unsigned_plugins" in text.lower()) == (not plugin.is_signed)
    assert ID in text or plugin.is_signed
    assert ("https://" in text) == bool(plugin.url and way != "ini")
    assert plugin.url or "GF_INSTALL_PLUGINS" not in text


def test_the_ini_lines_are_an_ini_file() -> None:
    """They have Grafana's key in its section."""
    ini = configparser.ConfigParser()
    ini.read_string(service.lines(OFFLINE, "ini"))

    assert ini["plugins"]["allow_loading_unsigned_plugins"] == ID
    assert ini["paths"]["plugins"] == "/var/lib/grafana/plugins"


@pytest.mark.parametrize("plugin", [OFFLINE, ONLINE, SIGNED_PLUGIN])
@pytest.mark.parametrize("way", ["compose", "helm"])
def test_compose_and_helm_lines_are_yaml(plugin: service.DeployedPlugin, way: str) -> None:
    """The values have the right names."""
    document = yaml.safe_load(service.lines(plugin, way))
    if way == "compose":
        grafana = document["services"]["grafana"]
        assert ("volumes" in grafana) == (not plugin.url)
        assert grafana.get("environment", {}).get("GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS", ID) == ID
    else:
        ids = document.get("grafana.ini", {}).get("plugins", {}).get("allow_loading_unsigned_plugins", ID)
        assert ids == ID
        assert ("plugins" in document) == bool(plugin.url)


def test_an_unknown_way_to_deploy_is_refused() -> None:
    """The hint lists the ways."""
    with pytest.raises(UsageError) as excinfo:
        service.lines(OFFLINE, "puppet")
    assert "helm" in excinfo.value.hint


def test_the_deploy_command_detects_whether_the_bundle_is_signed(
    dist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It finds out whether the bundle is signed; without a bundle there is an error."""
    assert main(["deploy", str(dist), "--as", "env"]) == 0
    assert f"GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS={ID}" in capsys.readouterr().out
    sign(dist)
    assert main(["deploy", str(dist), "--as", "env"]) == 0
    assert "UNSIGNED" not in capsys.readouterr().out
    assert main(["deploy", str(dist / "img")]) == 3
