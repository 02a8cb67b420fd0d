"""The rules of a bundle, in a folder or in an archive: executables, modes, links, signature, size.

Source: grafana/grafana v13.0.0, pkg/plugins/storage/fs.go (unpacking), pkg/plugins/manager/signature (manifest),
pkg/plugins/backendplugin (names of executables).
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from gfplug import files
from gfplug.bundle.rules import advisories, machine, manifest_rules, named_files
from gfplug.bundle.rules.finding import Finding, error, note, warning
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gfplug.bundle.rules.contents import BundledFile, Contents

SIGNATURE = "MANIFEST.txt"
LARGE_BUNDLE_BYTES = 250_000_000
_MESSAGE, _SIGNATURE = "-----BEGIN PGP SIGNED MESSAGE-----", "\n-----BEGIN PGP SIGNATURE-----"
_PLATFORM = re.compile(r"(linux|darwin|windows|freebsd)_(amd64|arm64|arm|386)(\.exe)?")
_ASSETS = (".js", ".css", ".json", ".svg", ".png", ".jpg", ".gif", ".md", ".txt", ".map", ".html", ".woff", ".woff2")
_INSIDE = re.compile(r"_internal_[0-9a-z]+_[0-9a-z]+/")


def check(contents: Contents) -> Iterator[Finding]:
    """Check a bundle."""
    if len(contents.roots) > 1:
        yield error("archive-roots", "archive", f"it has {len(contents.roots)} folders at its top, not one")
    if manifest_rules.FILE not in contents.items:
        yield error("manifest-missing", manifest_rules.FILE, "it is missing: Grafana finds no plugin here")
        return
    try:
        content = named_files.read_document(contents.items[manifest_rules.FILE].read())
    except ValueError as failure:
        yield error("manifest-json", manifest_rules.FILE, f"it is not JSON: {failure}")
        return
    if not isinstance(content, dict):
        yield error("manifest-json", manifest_rules.FILE, "it is not a JSON object")
        return
    if contents.roots and contents.roots[0] != content.get("id"):
        yield warning("archive-roots", "archive", f"its folder is {contents.roots[0]}, not the id {content.get('id')}")
    yield from manifest_rules.check(content, is_built=True)
    readers = {name: _target(contents, item).read for name, item in contents.items.items()}
    yield from named_files.check(content, readers, manifest=manifest_rules.FILE, place="the bundle")
    if "module.js" not in contents.items:
        yield error("module", "module.js", "it is missing: Grafana cannot show the data source's pages")
    programs = executables(contents, str(content.get("executable", "")))
    yield from _programs(content, programs)
    yield from _files(contents, programs)
    yield from signature(contents, content)
    yield from _size(contents)
    yield from advisories.check(contents)


def _target(contents: Contents, item: BundledFile) -> BundledFile:
    """Return the target of a link, if it is in the bundle and a regular file."""
    if not item.is_link:
        return item
    return contents.items.get(_leads_to(item), item)


def _leads_to(link: BundledFile) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(link.name), link.read().decode(errors="replace")))


def executables(contents: Contents, name: str) -> dict[str, BundledFile]:
    """Map each platform of a bundle to its executable."""
    by_platform = {}
    for item in contents.items.values():
        platform = item.name.removeprefix(f"{name}_")
        if platform != item.name and _PLATFORM.fullmatch(platform):
            by_platform[platform.removesuffix(".exe")] = item
    return by_platform


def _programs(content: dict[str, Any], programs: dict[str, BundledFile]) -> Iterator[Finding]:
    if not programs:
        yield error(
            "executable-missing",
            str(content.get("executable")),
            "no executable for any platform: Grafana starts <executable>_<os>_<arch>",
            "run `gfplug build`",
        )
    for platform, item in sorted(programs.items()):
        made_for = machine.detect_platform(item.read()[:4096])
        if made_for not in {platform, "a script"} and not (made_for == "darwin_universal" and "darwin" in platform):
            yield error("executable-machine", item.name, f"it is built for {made_for or 'no known machine'}")
        if not item.is_executable and not platform.startswith("windows"):
            yield error("executable-mode", item.name, "it is not executable", f"chmod 755 {item.name}")


def _files(contents: Contents, programs: dict[str, BundledFile]) -> Iterator[Finding]:
    for item in contents.items.values():
        if item.is_link:
            target = _leads_to(item)
            if target.startswith(("/", "..")):
                yield error("link-outside", item.name, f"this link leads out of the plugin, to {target}", "remove it")
            elif target not in contents.items:
                yield error(
                    "link-nowhere", item.name, f"this link leads to {target}, which does not exist", "remove it"
                )
            else:
                yield warning("link", item.name, "this is a link: some archivers store its target twice")
        elif item.is_executable and item not in programs.values() and item.name.endswith(_ASSETS):
            yield error(
                "asset-mode", item.name, "Grafana does not serve executable files to browsers", f"chmod 644 {item.name}"
            )
        elif item.name.endswith(".bin") and "/" not in item.name and not item.is_executable:
            yield error("executable-mode", item.name, "the launcher's program is not executable")


def signature(contents: Contents, content: dict[str, Any]) -> Iterator[Finding]:
    """Check that the files of a signed bundle match its signature."""
    if SIGNATURE not in contents.items:
        yield note(
            "unsigned",
            SIGNATURE,
            "the plugin is not signed: Grafana must be configured to load it",
            "`gfplug deploy` prints the configuration; or sign it for your own Grafana with `gfplug sign`",
        )
        return
    signed = signed_content(contents.items[SIGNATURE].read())
    if signed is None:
        yield error("signature", SIGNATURE, "it has no signed manifest")
        return
    yield note(
        "signature", SIGNATURE, "the bundle has a signature, which gfplug cannot verify: only Grafana has the key"
    )
    info: dict[str, Any] = content["info"] if isinstance(content.get("info"), dict) else {}
    for key, signed_value, value in (
        ("plugin", signed.get("plugin"), content.get("id")),
        ("version", signed.get("version"), info.get("version")),
    ):
        if signed_value != value:
            text = f"it was signed for {key} {signed_value}, but plugin.json has {value}"
            yield error("signature", SIGNATURE, text, "sign it again")
    digests: dict[str, Any] = signed["files"] if isinstance(signed.get("files"), dict) else {}
    present = {name: item for name, item in contents.items.items() if name != SIGNATURE}
    for name in sorted(present.keys() - digests.keys()):
        yield error("signature-unlisted", name, "not in the signature: Grafana refuses the plugin as modified")
    for name in sorted(digests.keys() - present.keys()):
        yield error("signature-missing", name, "signed, but missing")
    for name in sorted(present.keys() & digests.keys()):
        if files.sha256(present[name].read()) != digests[name]:
            yield error("signature-modified", name, "changed after it was signed", "sign it again")


def signed_content(text: bytes) -> dict[str, Any] | None:
    """Return the signed content of a MANIFEST.txt; None if it is invalid. Only Grafana verifies the signature."""
    _, _, rest = text.decode("utf-8", errors="replace").replace("\r\n", "\n").partition(_MESSAGE)
    message, is_signed, _ = rest.partition("\n\n")[2].partition(_SIGNATURE)
    try:
        content = documents.parse_json(message) if is_signed else None
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _size(contents: Contents) -> Iterator[Finding]:
    size = sum(item.size for item in contents.items.values())
    if size > LARGE_BUNDLE_BYTES * max(1, len({match[0] for name in contents.items if (match := _INSIDE.match(name))})):
        yield warning("size", "bundle", f"{size / 1e6:.0f} MB unpacked: Grafana hashes a signed plugin at each start")
    yield note(
        "catalog",
        "plugin",
        "Grafana's public catalog accepts only backends in Go; anyone can use the plugin unsigned or privately signed",
    )
