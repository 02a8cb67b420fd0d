"""The index that ships: whole, compact, and in step with the code beside it."""

import json
import re
import runpy

from gfplug import resources
from gfplug.sdk import FLOOR, index, versions
from gfplug.sdk.versions import SdkVersion

_TEXT = (resources.folder("proto") / "versions.json").read_text(encoding="utf-8")
INDEX = index.Index.from_json(json.loads(_TEXT))


def test_the_file_is_written_as_the_script_would_write_it() -> None:
    """No hand has reformatted it, and writing loses nothing."""
    script = runpy.run_path(str(resources.folder("proto") / "refresh.py"))

    assert script["to_text"](INDEX) == _TEXT


def test_the_floor_in_the_file_is_the_floor_in_the_code() -> None:
    """One fact, stated in two places, checked here."""
    assert INDEX.floor == FLOOR == versions.FLOOR
    assert min(INDEX.entries) == FLOOR


def test_the_default_is_the_newest_release_of_its_wire() -> None:
    """New projects start from the latest there is."""
    same = [version for version in INDEX.entries if INDEX.same_wire(version, INDEX.default)]

    assert max(same) == INDEX.default == max(INDEX.entries)


def test_every_entry_is_of_the_right_form() -> None:
    """Digests, checksums, commits and times are what they claim to be."""
    for entry in INDEX.entries.values():
        assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", entry.descriptor)
        assert re.fullmatch(r"h1:[A-Za-z0-9+/]{43}=", entry.h1)
        assert entry.commit is None or re.fullmatch(r"[0-9a-f]{40}", entry.commit)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry.time)


def test_every_wire_since_the_floor_is_there() -> None:
    """The fourteen releases that changed the wire begin one each."""
    changes = ("97", "121", "135", "142", "177", "179", "230", "232", "243", "272", "286", "289", "290", "291")
    versions = [SdkVersion.parse(f"v0.{minor}.0") for minor in changes]

    assert len({INDEX.entries[version].descriptor for version in versions}) == len(versions)
    assert len({entry.descriptor for entry in INDEX.entries.values()}) == len(versions)
