"""`gfplug proto`."""

import typer

app = typer.Typer()
