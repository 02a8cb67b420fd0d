"""SDK versions: valid ones, invalid ones, and their order."""

import pytest

from gfplug.errors import CompatError, UsageError
from gfplug.sdk import SdkVersion
from gfplug.sdk.versions import require_supported


@pytest.mark.parametrize("text", ["v0.298.0", "0.298.0", "v10.0.999999", "0.0.0"])
def test_a_version_is_read_with_and_without_its_v(text: str) -> None:
    """It is always written with the v."""
    assert str(SdkVersion.parse(text)) == f"v{text.removeprefix('v')}"


@pytest.mark.parametrize(
    "text",
    [
        *("", "v", "v1", "main", "v0.280", "v01.2.3", "v0.298.0+meta", "v0.298.0-beta.1", "vv0.1.2", "V0.1.2"),
        *("../..", "v0.298.0/../x", "v0.298.0\n", " v0.298.0", "v0.-1.0", "v0.298.0.1", "v0x1.2.3", "v1_0.0.0"),
        *("v0.\uff12\uff19\uff18.0", "v0.\u00b298.0", "v0.\u0662\u0669\u0668.0", f"v0.{'9' * 5000}.0"),
        "v0.292.2-0.20260703205439-e61270664e2c",
    ],
)
def test_a_version_that_is_not_a_release_is_refused(text: str) -> None:
    """Branches, pre-releases, pseudo-versions, other digits and long numbers get a short message."""
    with pytest.raises(UsageError) as excinfo:
        SdkVersion.parse(text)

    assert len(str(excinfo.value)) < 120
    assert "\n" not in str(excinfo.value)


def test_versions_are_ordered_as_numbers() -> None:
    """v0.100.0 is later than v0.97.0."""
    assert SdkVersion.parse("v0.100.0") > SdkVersion.parse("v0.97.0")


def test_the_floor_is_the_first_supported_version() -> None:
    """Releases before v0.97.0 have an incompatible proto."""
    assert require_supported(SdkVersion(0, 97, 0)) == SdkVersion(0, 97, 0)
    with pytest.raises(CompatError, match=r"v0\.96\.0 is too old: gfplug supports v0\.97\.0 and later"):
        require_supported(SdkVersion(0, 96, 0))
