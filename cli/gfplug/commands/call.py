"""`gfplug call`."""

import typer

app = typer.Typer()
