"""Go's checksum database: it shows whether other users got the same bytes of a release that gfplug's index lacks.

The `go` command asks the database, following its own settings (GOSUMDB, GONOSUMDB, GOPRIVATE), and verifies the answer.
Source: go1.26.8, cmd/go/internal/modfetch/fetch.go (checkMod, haveModSumLocked, useSumDB).
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug import process
from gfplug.errors import IntegrityError, ToolError
from gfplug.sdk import goenv
from gfplug.sdk.index import MODULE

if TYPE_CHECKING:
    from gfplug.sdk.versions import SdkVersion

_GO_TIMEOUT_SECONDS = 60.0
_ALARMS = ("SECURITY ERROR", "checksum mismatch")


def compare(version: SdkVersion, h1: str | None) -> str:
    """Compare a module zip's checksum with Go's checksum database; return the reason if that is impossible, else "".

    Raises: IntegrityError if they differ.
    """
    if h1 is None:
        return "this source has no checksum"
    if goenv.setting("GOSUMDB") == "off" or goenv.is_without_checksums():
        return "Go's settings turn the checksum database off"
    try:
        database_sum = _ask_go(version)
    except ToolError as error:
        if any(alarm in error.details for alarm in _ALARMS):
            raise IntegrityError(
                f"Go's checksum database refuses SDK {version}", hint="do not use it", details=error.details
            ) from error
        return error.message
    if database_sum != h1:
        raise IntegrityError(
            f"the module zip of SDK {version} has the checksum {h1}, but Go's checksum database has {database_sum}",
            hint="the zip was changed in transit; try another source",
        )
    return ""


def _ask_go(version: SdkVersion) -> str:
    """Let Go download and check the release, from a folder without a go.mod, which could make Go fetch another Go."""
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": ""}
    command = ["go", "mod", "download", "-json", f"{MODULE}@{version}"]
    with tempfile.TemporaryDirectory(prefix="gfplug-go-") as folder:
        answer = process.run(command, cwd=Path(folder), env=environment, timeout=_GO_TIMEOUT_SECONDS)
    try:
        return str(json.loads(answer)["Sum"])
    except (ValueError, LookupError, TypeError) as error:
        raise ToolError(f"{' '.join(command)} did not return a checksum") from error
