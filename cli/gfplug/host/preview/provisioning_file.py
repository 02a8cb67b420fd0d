"""Create a provisioning file from the config page's values, for a data source that no file provisions yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from gfplug import files
from gfplug.errors import ConflictError
from gfplug.host.preview import provisioning_edit
from gfplug.host.preview.provisioning_edit import WriteResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_LINE_WIDTH = 1_000_000


def place_file(folders: Sequence[Path], plugin_id: str) -> Path | None:
    """Return the path of the new file: below the first folder `provisioning/`; None if there is no such folder."""
    names = ("datasource.yaml", f"{plugin_id}.yaml")
    paths = [folder / "datasources" / name for folder in folders[:1] for name in names]
    return next((path for path in paths if not path.exists()), None)


def create_file(path: Path, *, plugin_id: str, source: Mapping[str, Any]) -> WriteResult:
    """Write a file with one data source, with the keys of provisioning files; its secrets become variables.

    Raises: ConflictError if the file exists, or can't be written.
    """
    values = provisioning_edit.changes({}, source, provisioned={}, prefix=plugin_id)
    secrets: dict[str, str] = values.get("secureJsonData", {})
    entry = {"name": values.pop("name"), "uid": source["uid"], "type": plugin_id, "access": "proxy", **values}
    content = {"apiVersion": 1, "datasources": [entry]}
    text = yaml.safe_dump(provisioning_edit.to_json(content), allow_unicode=True, sort_keys=False, width=_LINE_WIDTH)
    if path.exists():
        raise ConflictError(f"{path.name} exists already: nothing was written")
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_atomic(path, text.encode())
    diff = "".join(f"+{line}\n" for line in text.splitlines())
    return WriteResult(diff=diff, variables={key: variable[1:] for key, variable in secrets.items()})
