"""Go's settings: from the environment, from Go's env file, from Go itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from gfplug.sdk import goenv


@pytest.fixture
def env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Make Go's env file a file of the test."""
    path = tmp_path / "goenv"
    monkeypatch.setenv("GOENV", str(path))
    return path


def test_the_environment_comes_before_the_file(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for every setting of Go."""
    env_file.write_text("GOPROXY=https://file.example\n")
    monkeypatch.setenv("GOPROXY", "https://env.example")

    assert goenv.proxy() == "https://env.example"


def test_the_file_is_read_without_go(env_file: Path) -> None:
    """`go env -w` writes lines of name and value; comments and junk are passed over."""
    env_file.write_text("# a comment\nGOPROXY=https://file.example/a=b,direct\njunk\nGOPATH = /go\n")

    assert goenv.proxy() == "https://file.example/a=b,direct"
    assert goenv.setting("GOPATH") == "/go"


def test_an_empty_variable_counts_as_unset(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`GOPROXY= gfplug ...` means the default, as in Go."""
    env_file.write_text("GOPROXY=https://file.example\n")
    monkeypatch.setenv("GOPROXY", "")

    assert goenv.proxy() == "https://file.example"


def test_an_installed_go_is_asked_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only Go knows the default that its distributor chose."""
    monkeypatch.setattr(goenv, "_ask_go", lambda: "https://go.example,direct")

    assert goenv.proxy() == "https://go.example,direct"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"GOPROXY"])
def test_an_unreadable_file_is_no_failure(env_file: Path, content: bytes) -> None:
    """Go's settings are a help, not a condition."""
    env_file.write_bytes(content)

    assert goenv.proxy() == ""


def test_the_file_is_found_where_go_keeps_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On Linux that follows XDG_CONFIG_HOME."""
    monkeypatch.delenv("GOENV")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "go").mkdir()
    (tmp_path / "go" / "env").write_text("GOPROXY=https://xdg.example\n")

    assert goenv.proxy() == "https://xdg.example"


def test_the_module_cache_follows_gomodcache_then_gopath_then_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Three places, in Go's order."""
    assert goenv.module_cache() == tmp_path / "home" / "go" / "pkg" / "mod"
    monkeypatch.setenv("GOPATH", os.pathsep.join([str(tmp_path / "one"), str(tmp_path / "two")]))
    assert goenv.module_cache() == tmp_path / "one" / "pkg" / "mod"
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "cache"))
    assert goenv.module_cache() == tmp_path / "cache"


def test_without_a_home_there_is_no_module_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers may have neither HOME nor a user."""

    def no_home() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", staticmethod(no_home))

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
    """GOPRIVATE holds globs over the first elements of a path."""
    monkeypatch.setenv("GOPRIVATE", patterns)

    assert goenv.is_private() is private


def test_gonoproxy_overrides_goprivate(monkeypatch: pytest.MonkeyPatch) -> None:
    """`GONOPROXY=none` means that private modules, too, come from the proxy."""
    monkeypatch.setenv("GOPRIVATE", "github.com/*")
    monkeypatch.setenv("GONOPROXY", "none")

    assert not goenv.is_private()
