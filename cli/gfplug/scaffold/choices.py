"""What `gfplug new` lets people choose; here apart, so that its help does not wait for what makes a project."""

from __future__ import annotations

from typing import Literal, get_args

Example = Literal["signals", "http"]
Mode = Literal["backend", "hybrid"]
Frontend = Literal["schema", "react"]
EXAMPLES: tuple[str, ...] = get_args(Example)
MODES: tuple[str, ...] = get_args(Mode)
FRONTENDS: tuple[str, ...] = get_args(Frontend)
ADOPTED = "adopted"
"""The frontend of a plugin that was there before; `gfplug adopt` answers it, and nobody is asked."""

UPSTREAM = "openapi"
"""The example of a project that is made from an API's description; `--openapi` answers it, and nobody is asked."""

FREE_ANSWERS = ("title", "description", "author")
"""The answers that are any line of text, and are asked for; `--data` sets them."""

DATA = (*FREE_ANSWERS, "gfplug")
"""What `--data` sets."""
