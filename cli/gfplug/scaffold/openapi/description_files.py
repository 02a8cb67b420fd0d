"""The files of a description: the main file, and the files that it refers to. Each is read once, within limits.

A file may refer to files in its folder; a URL may refer to URLs of its origin. Text is parsed as JSON, else as YAML.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from gfplug.errors import FetchError, GfplugError, ProjectError
from gfplug.scaffold.openapi.nodes import FlawError, Node, quote
from gfplug.sdk import web
from gfplug.sdk.addresses import redact
from gfplug.untrusted import documents

MOST_BYTES = 32 << 20
"""The maximum size of all files of a description together, in bytes; large cloud providers' descriptions have 10 MB."""

_MOST_FILES = 200
_MOST_REPEATED = 20  # messages about one file
_MOST_STEPS = 40  # references that follow one another
_FETCH_TIMEOUT_SECONDS = 120.0


class DescriptionFiles:
    """A description's main file, as `main`, and the files that it refers to, which are read when they are needed."""

    def __init__(self, source: str) -> None:
        """Read the main file: a path, or an http or https URL.

        Raises: FetchError or IntegrityError if the file cannot be read; ProjectError if it is neither JSON nor YAML.
        """
        self._deadline = web.Deadline(_FETCH_TIMEOUT_SECONDS)
        self._bytes_left = MOST_BYTES
        self.url, self._credentials = _split_credentials(source) if is_url(source) else ("", "")
        self._path = Path() if self.url else _absolute(source)
        self._files: dict[str, object] = {}
        self._flaws: dict[str, str] = {}
        self.repeated: list[str] = []
        """Messages about keys that appear twice; the first value is used."""

        self.main = Node(self._read(self.url or self._path))

    def resolve(self, node: Node) -> Node:
        """Follow a node's `$ref`, and further references; return a node that is not a reference.

        Raises: FlawError if a reference has no target, is circular, or leaves the description's folder.
        """
        for _ in range(_MOST_STEPS):
            reference = node.value.get("$ref") if isinstance(node.value, dict) else None
            if not isinstance(reference, str):
                return node
            node = self.follow(node, reference)
        raise FlawError(node.place, f"the reference {quote(node.value['$ref'])} is circular")

    def follow(self, node: Node, reference: str) -> Node:
        """Return the target of one reference of a node."""
        address, _, fragment = reference.partition("#")
        file = self._name(node, address) if address else node.file
        try:
            pointer = unquote(fragment, errors="strict")
        except UnicodeDecodeError:
            pointer = "?"
        if pointer and not pointer.startswith("/"):
            raise FlawError(node.place, f"the reference {quote(reference)} is not a JSON pointer")
        target = Node(self._document(node, file) if file else self.main.value, file)
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            is_index = isinstance(target.value, list) and key.isascii() and key.isdigit()
            target = target.child(int(key[:9]) if is_index else key)
        if target.value is None:
            raise FlawError(node.place, f"the reference {quote(reference)} has no target")
        return target

    def _name(self, node: Node, address: str) -> str:
        """Return the name of another file: a URL, or a path relative to the main file's folder."""
        refusal = FlawError(node.place, f"the reference {quote(address)} leaves the description's folder")
        if self.url:
            try:
                url = urljoin(node.file or self.url, address)
                inside = urlsplit(url)[:2] == urlsplit(self.url)[:2]
            except ValueError:
                raise refusal from None
            if not inside:
                raise FlawError(node.place, f"the reference {quote(address)} is to another server")
            return "" if url == self.url else url
        if is_url(address):
            raise FlawError(node.place, f"the reference {quote(address)} is a URL, but the description is a file")
        folder = self._path.parent
        try:
            path = ((folder / node.file).parent if node.file else folder) / unquote(address)
            name = path.resolve().relative_to(folder.resolve()).as_posix()
        except (ValueError, OSError, RuntimeError):
            raise refusal from None
        if not _is_description(name):
            raise FlawError(node.place, f"the reference {quote(address)} is not to a .json, .yaml or .yml file")
        return "" if (folder / name) == self._path else name

    def _document(self, node: Node, file: str) -> object:
        """Return the value of another file."""
        if file in self._flaws:
            raise FlawError(node.place, self._flaws[file])
        if file not in self._files:
            if len(self._files) >= _MOST_FILES:
                raise FlawError(node.place, f"the description has more than {_MOST_FILES} files")
            try:
                self._files[file] = self._read(file if self.url else self._path.parent / file)
            except GfplugError as error:
                self._flaws[file] = f"the reference to {quote(file)} cannot be read: {error.message}"
                raise FlawError(node.place, self._flaws[file]) from error
        return self._files[file]

    def _read(self, address: str | Path) -> object:
        if isinstance(address, Path):
            name = str(address)
            try:
                content = documents.read_bytes(address, most=self._bytes_left)
            except FileNotFoundError:
                raise FetchError(
                    f"{name} does not exist", hint="give the path of a file, or an http or https URL"
                ) from None
        else:
            name = redact(address)
            scheme, rest = address.split("//", 1)
            content = web.get(f"{scheme}//{self._credentials}{rest}", deadline=self._deadline, limit=self._bytes_left)
        self._bytes_left -= len(content)
        repeated: list[str] = []
        value = _parse(content, name, repeated)
        self.repeated += [f"{name}: {sentence}: the first value is used" for sentence in repeated[:_MOST_REPEATED]]
        return value


def _is_description(name: str) -> bool:
    """Whether a file in the main file's folder may be a part of the description: JSON or YAML, and not hidden."""
    is_hidden = any(step.startswith(".") for step in name.split("/"))
    return not is_hidden and name.lower().endswith((".json", ".yaml", ".yml"))


def is_url(source: str) -> bool:
    """Whether a text is an http or https URL."""
    return source.lower().startswith(("http://", "https://"))


def _split_credentials(source: str) -> tuple[str, str]:
    """Return a URL without its credentials, and the credentials with the `@` after them."""
    scheme, _, rest = source.partition("//")
    end = next((place for place, character in enumerate(rest) if character in "/?#\\"), len(rest))
    before, _, host = rest[:end].rpartition("@")
    return f"{scheme}//{host}{rest[end:]}", f"{before}@" if before else ""


def _absolute(source: str) -> Path:
    if "\0" in source:
        raise ProjectError(f"{quote(source)} is not a path")
    return Path(source).absolute()


def _parse(content: bytes, name: str, repeated: list[str]) -> object:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProjectError(f"{name} is not UTF-8: {error.reason} at byte {error.start}") from error
    if text.lstrip()[:1] in ("{", "["):
        try:
            again: list[str] = []
            value = documents.parse_json(text, repeated=again)
        except ValueError as error:
            if not name.lower().endswith((".yaml", ".yml")):  # YAML's flow style begins as JSON does
                raise ProjectError(f"{name} is not valid JSON: {error}", hint="fix that line") from error
        else:
            repeated += again
            return value
    return documents.parse_large_yaml(text, name=name, repeated=repeated)
