"""docs/operators.md: its commands replace an archive with another, and undo this."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "operators.md").read_text(encoding="utf-8")


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="the commands are those of a POSIX shell")
def test_the_commands_install_an_archive_and_roll_it_back(tmp_path: Path) -> None:
    """The first block checks the checksum and swaps the folders; the second block swaps them back."""
    forth, back = re.findall(r"^```sh\n(id=.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    tools, grafana = tmp_path / "tools", tmp_path / "grafana"
    tools.mkdir()
    (tools / "systemctl").write_text(f'#!/bin/sh\necho "$*" >> {tools}/log\n', encoding="utf-8")
    (tools / "systemctl").chmod(0o755)
    plugin = grafana / "plugins" / "acme-sales-datasource"
    plugin.mkdir(parents=True)
    (plugin / "plugin.json").write_text("old", encoding="utf-8")
    archive = tmp_path / "acme-sales-datasource-0.2.0.linux_amd64.zip"
    with zipfile.ZipFile(archive, "w") as zip_file:
        zip_file.writestr("acme-sales-datasource/plugin.json", "new")
    digest = subprocess.run(["sha256sum", archive.name], cwd=tmp_path, capture_output=True, check=True)
    archive.with_name(f"{archive.name}.sha256").write_bytes(digest.stdout)
    env = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}

    def run(script: str) -> int:
        text = script.replace("/var/lib/grafana", str(grafana))
        return subprocess.run(["bash", "-c", text], cwd=tmp_path, env=env, check=False).returncode

    assert run(forth) == 0
    assert (plugin / "plugin.json").read_text(encoding="utf-8") == "new"
    assert [path.parent.name for path in (grafana / "plugins").rglob("plugin.json")] == ["acme-sales-datasource"]
    assert run(back) == 0
    assert (plugin / "plugin.json").read_text(encoding="utf-8") == "old"
    assert (tools / "log").read_text(encoding="utf-8") == "stop grafana-server\nstart grafana-server\n" * 2

    archive.write_bytes(archive.read_bytes() + b"cut")
    assert run(forth) != 0
    assert (plugin / "plugin.json").read_text(encoding="utf-8") == "old"
