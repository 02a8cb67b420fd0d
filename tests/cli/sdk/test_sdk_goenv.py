"""Go's settings, from the environment, from Go's env file, and from Go itself."""

import os
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from gfplug.sdk import goenv


@pytest.fixture
def env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Use a test file as Go's env file."""
    path = tmp_path / "goenv"
    monkeypatch.setenv("GOENV", str(path))
    return path


FILE = b"# a comment\nGOPROXY=https://file.example/a=b,direct\njunk\nGOPATH = /go\n"


@pytest.mark.parametrize(
    ("variable", "content", "expected"),
    [
        ("https://env.example", FILE, "https://env.example"),
        (None, FILE, "https://file.example/a=b,direct"),
        ("", FILE, "https://file.example/a=b,direct"),
        *((None, content, "") for content in (b"\xff\xfe", b"", b"GOPROXY")),
    ],
)
def test_a_setting_comes_from_the_environment_then_from_the_file(
    env_file: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None, content: bytes, expected: str
) -> None:
    """`go env -w` writes the file; an empty variable counts as unset, an unreadable file as absent."""
    env_file.write_bytes(content)
    if variable is not None:
        monkeypatch.setenv("GOPROXY", variable)

    assert goenv.proxy() == expected
    assert goenv.setting("GOPATH") == ("/go" if content == FILE else "")


def test_an_installed_go_is_the_last_source_of_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only Go knows its distributor's default."""
    monkeypatch.setattr(goenv, "_ask_go", lambda: "https://go.example,direct")

    assert goenv.proxy() == "https://go.example,direct"


def test_gos_env_file_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On Linux its folder follows XDG_CONFIG_HOME."""
    monkeypatch.delenv("GOENV")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "go").mkdir()
    (tmp_path / "go" / "env").write_text("GOPROXY=https://xdg.example\n")

    assert goenv.proxy() == "https://xdg.example"


def test_the_module_cache_follows_gomodcache_then_gopath_then_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Go has the same order."""
    assert goenv.module_cache() == tmp_path / "home" / "go" / "pkg" / "mod"
    monkeypatch.setenv("GOPATH", os.pathsep.join([str(tmp_path / "one"), str(tmp_path / "two")]))
    assert goenv.module_cache() == tmp_path / "one" / "pkg" / "mod"
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "cache"))
    assert goenv.module_cache() == tmp_path / "cache"


def test_without_a_home_there_is_no_module_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may have neither HOME nor a user."""
    monkeypatch.setattr(Path, "home", Mock(side_effect=RuntimeError))

    assert goenv.module_cache() is None


@pytest.mark.parametrize(
    ("patterns", "private"),
    [
        ("github.com/grafana/*", True),
        ("github.com/grafana", True),
        ("github.com/grafana/", True),
        ("*.com", True),
        ("github.com/graf*/grafana-plugin-sdk-go", True),
        ("corp.example, github.com/grafana/grafana-plugin-sdk-go", True),
        ("github.com/grafana/grafana-plugin-sdk-go/sub", False),
        ("github.com/graf", False),
        ("hub.com/*", False),
        ("none", False),
        ("", False),
    ],
)
def test_private_patterns_match_whole_elements(
    monkeypatch: pytest.MonkeyPatch, patterns: str, *, private: bool
) -> None:
    """GOPRIVATE has patterns for the first elements of a path; `GONOPROXY=none` overrides it."""
    monkeypatch.setenv("GOPRIVATE", patterns)

    assert goenv.is_private() is private
    monkeypatch.setenv("GONOPROXY", "none")
    assert not goenv.is_private()
