"""The editor and a panel in a browser, as `gfplug preview` shows them; skipped where there is no browser or no page."""

from gfruntime.testing.preview import Preview

pytest_plugins = ["gfruntime.testing.preview"]


def test_the_editor_asks_and_the_panel_draws(preview: Preview) -> None:
    """Two series, of which each has its line."""
    preview.query("A").fill("Series", 2)

    assert len(preview.panel().series) == 2
