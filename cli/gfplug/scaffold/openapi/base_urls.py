"""The base URLs of an API: OpenAPI 3's `servers`, and Swagger 2's `schemes`, `host` and `basePath`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from gfplug.scaffold.openapi.model import BaseUrl, UrlVariable
from gfplug.scaffold.openapi.nodes import Node, cut, quote

if TYPE_CHECKING:
    from gfplug.scaffold.openapi.identifiers import Identifiers
    from gfplug.scaffold.openapi.remarks import Remarks

_VARIABLE = re.compile(r"\{([^{}]{1,100})\}")
_ADDRESS = re.compile(r"[!-~]{1,500}", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_PATH = re.compile(r"/[!-~]{0,200}", re.ASCII)
_MAX_SERVERS = 20
_MOST_CHOICES = 200


class BaseUrlReader:
    """Reads the base URLs of an API and its operations; `source` is the URL of the description, or empty."""

    def __init__(self, source: str, names: Identifiers, remarks: Remarks) -> None:
        """Store the URL that relative URLs are joined to, and the identifiers of the URLs' variables."""
        self._source = source  # without credentials
        self._names = names
        self._remarks = remarks
        self._identifiers: dict[str, str] = {}
        self.path = ""
        """The path of the first relative URL: the URL that the user enters must end with it."""

    def of_root(self, root: Node) -> tuple[BaseUrl, ...]:
        """Return the base URLs of a whole description."""
        if root.has("swagger"):
            return self._of_swagger(root)
        if root.child("servers").value or not self._source:
            return self.of_servers(root)
        default = Node({"url": "/"}, root.file, "/servers")  # OpenAPI's default
        return tuple(url for url in [self._read(default)] if url is not None)

    def of_servers(self, owner: Node) -> tuple[BaseUrl, ...]:
        """Return the base URLs of a description, a path or an operation, without duplicates."""
        urls: dict[str, BaseUrl] = {}
        for node in list(owner.items("servers"))[:_MAX_SERVERS]:
            url = self._read(node)
            if url is not None:
                urls.setdefault(url.template, url)
        return tuple(sorted(urls.values(), key=lambda url: _to_https(url.template) in urls))

    def _of_swagger(self, root: Node) -> tuple[BaseUrl, ...]:
        schemes = [item.value for item in root.items("schemes") if item.value in ("https", "http")]
        host, path = root.text("host"), root.text("basePath")
        own = urlsplit(self._source)
        host, schemes = host or own.netloc.rpartition("@")[2], schemes or [own.scheme or "https"]
        if not host:
            self.path = _clean_path(path)
            return ()
        addresses = [f"{scheme}://{host}/{path.lstrip('/')}" for scheme in sorted(schemes, reverse=True)]
        urls = [self._read(Node({"url": address}, root.file, "/host")) for address in addresses]
        return tuple({url.template: url for url in urls if url is not None}.values())

    def _read(self, node: Node) -> BaseUrl | None:
        """Return a server's base URL; None if it is relative and there is no source, or if it is not a web address."""
        template = node.text("url") or "/"
        template = f"https:{template}" if template.startswith("//") else template
        if not _SCHEME.match(template) and not template.startswith("{"):
            if not self._source:
                self.path = self.path or _clean_path(template)
                return None
            template = _join(self._source, template)
        template = template.rstrip("/")
        variables, url = [], template
        for name in dict.fromkeys(_VARIABLE.findall(template)):
            variable = self._variable(node.child("variables").child(name), name)
            variables.append(variable)
            url = url.replace(f"{{{name}}}", variable.default)
        has_defaults = all(variable.default for variable in variables)
        if not has_defaults or not is_web_address(url) or "{" in url or "}" in url:
            self._remarks.leave_out_part(
                node.place,
                f"the server {quote(template)} is not an http or https address, or has a variable without a value",
            )
            return None
        return BaseUrl(template=template, url=url, variables=tuple(variables), description=node.text("description"))

    def _variable(self, node: Node, name: str) -> UrlVariable:
        if name not in self._identifiers:
            self._identifiers[name] = self._names.take(name, fallback="variable")
        choices = [str(item.value) for item in node.items("enum") if _ADDRESS.fullmatch(str(item.value))]
        default = node.child("default").value
        return UrlVariable(
            name=name,
            identifier=self._identifiers[name],
            default=cut(str(default), 200) if isinstance(default, str | int | float) else next(iter(choices), ""),
            choices=tuple(dict.fromkeys(choices))[:_MOST_CHOICES],
            description=node.text("description"),
        )


def _to_https(template: str) -> str:
    """Return an http address as https; empty for any other address."""
    return f"https:{template.removeprefix('http:')}" if template.startswith("http:") else ""


def _join(source: str, address: str) -> str:
    try:
        return urljoin(source, address)
    except ValueError:
        return address


def _clean_path(path: str) -> str:
    """Return a path with a slash at its start but not at its end; empty if the text is not a path."""
    path = "/" + path.strip("/")
    return path if path != "/" and _PATH.fullmatch(path) else ""


def is_web_address(url: str) -> bool:
    """Whether a text is an absolute http or https URL in ASCII, without credentials, query and fragment."""
    if not _ADDRESS.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(host)
        and "@" not in parts.netloc
        and not parts.query + parts.fragment
    )
