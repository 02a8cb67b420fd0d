"""Go's settings, read as Go reads them: the environment, then Go's env file, then the output of `go env`."""

from __future__ import annotations

import os
import sys
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from gfplug import process
from gfplug.errors import ToolError
from gfplug.sdk.index import MODULE

_GO_SECONDS = 10.0


def proxy() -> str:
    """Return GOPROXY; empty if neither the user nor an installed Go sets it."""
    return setting("GOPROXY") or _ask_go()


def module_cache() -> Path | None:
    """Return Go's module cache; None if there is no folder for one."""
    if folder := setting("GOMODCACHE"):
        return Path(folder)
    first = setting("GOPATH").split(os.pathsep)[0]
    home = _home()
    root = Path(first) if first else home / "go" if home else None
    return root / "pkg" / "mod" if root else None


def is_private() -> bool:
    """Tell whether GONOPROXY, or else GOPRIVATE, excludes the SDK from proxies.

    Source: go1.26.8, cmd/vendor/golang.org/x/mod, module.MatchPrefixPatterns.
    """
    return _is_listed(setting("GONOPROXY") or setting("GOPRIVATE"))


def is_without_checksums() -> bool:
    """Tell whether GONOSUMDB, or else GOPRIVATE, excludes the SDK from the checksum database."""
    return _is_listed(setting("GONOSUMDB") or setting("GOPRIVATE"))


def setting(name: str) -> str:
    """Return a setting from the environment or Go's env file; as in Go, an empty setting counts as unset."""
    return (os.environ.get(name) or _read_file().get(name, "")).strip()


def _is_listed(patterns: str) -> bool:
    return any(_matches(pattern.strip().rstrip("/")) for pattern in patterns.split(",") if pattern.strip())


def _matches(pattern: str) -> bool:
    pattern_parts, parts = pattern.split("/"), MODULE.split("/")
    return len(parts) >= len(pattern_parts) and all(map(fnmatchcase, parts, pattern_parts))


def _read_file() -> dict[str, str]:
    path = _file()
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path else []
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}


def _file() -> Path | None:
    """Return the file that `go env -w` writes; None for GOENV=off."""
    setting_text = os.environ.get("GOENV", "")
    if setting_text:
        return None if setting_text == "off" else Path(setting_text)
    home = _home()
    if sys.platform == "win32":
        base = Path(os.environ["APPDATA"]) if os.environ.get("APPDATA") else None
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support" if home else None
    else:
        configured = os.environ.get("XDG_CONFIG_HOME")
        base = Path(configured) if configured else home / ".config" if home else None
    return base / "go" / "env" if base else None


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None


@cache
def _ask_go() -> str:
    """Return Go's built-in GOPROXY; Go runs in a folder without go.mod, which could make it download another Go."""
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": ""}
    try:
        answer = process.run(["go", "env", "GOPROXY"], cwd=Path(__file__).parent, env=environment, timeout=_GO_SECONDS)
    except ToolError:
        return ""
    return answer.strip()
