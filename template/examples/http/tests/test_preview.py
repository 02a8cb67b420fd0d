"""The config page, the editor and a panel in a browser, as `gfplug preview` shows them; skipped where there is none."""

import threading

from example_api.server import Server

from gfruntime.testing.preview import Preview

pytest_plugins = ["gfruntime.testing.preview"]
TOKEN = "example-token"  # noqa: S105 - the provisioned one


def test_what_the_config_page_saves_is_asked(preview: Preview) -> None:
    """The example API on a free port: "Save & test" reaches it, and each region becomes a line."""
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
