"""`gfplug sign`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gfplug import console
from gfplug.commands.options import BundleFolder  # noqa: TC001 - typer reads the annotations


def sign(
    target: BundleFolder = Path(),
    *,
    root_url: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="The root_url of a Grafana that may load the plugin; repeat it for more."),
    ] = None,
) -> None:
    """Sign the bundle for your own Grafana.

    Uses the token in GRAFANA_ACCESS_POLICY_TOKEN.
    """
    from gfplug.bundle import dist, packing  # noqa: PLC0415
    from gfplug.bundle import sign as service  # noqa: PLC0415 - a command's imports are its own

    bundle = dist.locate_bundle(target)
    signature = service.sign(bundle.folder, root_urls=root_url or [])
    by = f" by {signature.organisation}" if signature.organisation else ""
    console.note(f"Signed {signature.files} files{by}, for {', '.join(signature.root_urls)}")
    for path in bundle.archives:
        packing.repack(bundle.folder, path)
    console.result(bundle.archives[0] if bundle.archives else bundle.folder)
