"""What makes a bundle smaller, and the same wherever it is made; `test_elf` has what concerns ELF files."""

from pathlib import Path

from gfplug.bundle import slim


def test_metadata_says_nothing_about_the_machine(tmp_path: Path) -> None:
    """Paths and the installer's notes go; what the package says about itself stays."""
    place = tmp_path / "_internal_linux_amd64/acme-1.dist-info"
    (place / "licenses").mkdir(parents=True)
    for name in (
        "METADATA",
        "entry_points.txt",
        "RECORD",
        "INSTALLER",
        "REQUESTED",
        "direct_url.json",
        "uv_cache.json",
    ):
        (place / name).write_text(str(tmp_path))
    (tmp_path / "_internal_linux_amd64/RECORD").write_text("the author's own")
    slim.slim(tmp_path, executable="gpx")

    assert {path.name for path in place.iterdir()} == {"METADATA", "entry_points.txt", "licenses"}
    assert (tmp_path / "_internal_linux_amd64/RECORD").exists()
