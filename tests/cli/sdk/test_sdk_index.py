"""The shipped index: complete, compact, and consistent with the code."""

import json
import re
import runpy

from gfplug import resources
from gfplug.sdk import FLOOR, index, versions
from gfplug.sdk.versions import SdkVersion

_TEXT = (resources.folder("proto") / "versions.json").read_text(encoding="utf-8")
INDEX = index.Index.from_json(json.loads(_TEXT))


def test_the_index_equals_the_output_of_its_script() -> None:
    """Reading and writing it changes nothing."""
    script = runpy.run_path(str(resources.folder("proto") / "refresh.py"))

    assert script["to_text"](INDEX) == _TEXT


def test_the_index_and_the_code_have_the_same_oldest_version() -> None:
    """Three places have the version; all must be equal."""
    assert INDEX.floor == FLOOR == versions.FLOOR
    assert min(INDEX.entries) == FLOOR


def test_the_default_is_the_newest_release_of_its_proto() -> None:
    """New projects start with the latest release."""
    same = [version for version in INDEX.entries if INDEX.same_wire(version, INDEX.default)]

    assert max(same) == INDEX.default == max(INDEX.entries)


def test_every_entry_is_valid() -> None:
    """Digests, checksums, commits and times have their formats."""
    for entry in INDEX.entries.values():
        assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", entry.descriptor)
        assert re.fullmatch(r"h1:[A-Za-z0-9+/]{43}=", entry.h1)
        assert entry.commit is None or re.fullmatch(r"[0-9a-f]{40}", entry.commit)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry.time)


def test_every_proto_since_the_floor_is_listed() -> None:
    """Fourteen releases changed the proto."""
    changes = ("97", "121", "135", "142", "177", "179", "230", "232", "243", "272", "286", "289", "290", "291")
    versions = [SdkVersion.parse(f"v0.{minor}.0") for minor in changes]

    assert len({INDEX.entries[version].descriptor for version in versions}) == len(versions)
    assert len({entry.descriptor for entry in INDEX.entries.values()}) == len(versions)
