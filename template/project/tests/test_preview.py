"""Test the editor and a panel in a browser, on the page of `gfplug preview`; skipped without a browser or that page."""

from gfruntime.testing.preview import Preview

pytest_plugins = ["gfruntime.testing.preview"]


def test_the_panel_draws_the_query_of_the_editor(preview: Preview) -> None:
    """Two series are two lines."""
    preview.query("A").fill("Series", 2)

    assert len(preview.panel().series) == 2
