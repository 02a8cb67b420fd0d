"""Test the config page, the editor and a panel in a browser, on the page of `gfplug preview`; skipped without them."""

import threading

from example_api.server import Server

from gfruntime.testing.preview import Preview

pytest_plugins = ["gfruntime.testing.preview"]
TOKEN = "example-token"  # noqa: S105 - the token in provisioning/


def test_the_data_source_uses_the_saved_url(preview: Preview) -> None:
    """The example API listens on a free port: "Save & test" reaches it, and each region becomes a line."""
    with Server(TOKEN) as api:
        thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        preview.config().fill("URL", api.url)
        health = preview.save()
        preview.query("A")
        panel = preview.panel()
        api.shutdown()
        thread.join()

    assert health["status"] == "success"
    assert (panel.state, len(panel.series)) == ("Done", 2)
