"""The address of a database: a URI, and the password beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from gfruntime.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseAddress:
    """The parts of `scheme://user:password@host:port/path?name=value`, each decoded.

    >>> Address.parse("postgresql://reader@db.example:5432/shop", password="secret").host
    'db.example'
    """

    scheme: str
    """The part before the colon, in lower case; it names the driver."""

    user: str = ""
    """The user's name."""

    password: str = field(default="", repr=False)
    """The separate password, else the password in the URI."""

    host: str = ""
    """The server's name or IP address."""

    port: int | None = None
    """The server's port; None if the URI has no port."""

    path: str = ""
    """The part after the server, with its first slash: a file's path, or a database's name."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    """The parameters after the question mark."""

    @classmethod
    def parse(cls, uri: str, *, password: str = "") -> DatabaseAddress:
        """Read a URI.

        Raises: QueryError; its text leaves out the URI, which may hold a password.
        """
        try:
            parts = urlsplit(uri.strip())
            return cls(
                scheme=parts.scheme,
                user=unquote(parts.username or ""),
                password=password or unquote(parts.password or ""),
                host=parts.hostname or "",
                port=parts.port,
                path=unquote(parts.path),
                parameters=dict(parse_qsl(parts.query, keep_blank_values=True)),
            )
        except ValueError:
            raise QueryError("the database's address is not a URI such as postgresql://reader@host:5432/shop") from None

    @property
    def database(self) -> str:
        """The path without its first slash."""
        return self.path.removeprefix("/")

    @property
    def server(self) -> str:
        """The host as in a URI: an IPv6 address is in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def to_uri(self, *, scheme: str = "", without: Collection[str] = (), **more: str) -> str:
        """Write the URI with its password, without some parameters, and with default values for others."""
        login = quote(self.user, safe="") + (f":{quote(self.password, safe='')}" if self.password else "")
        parameters = {**more, **{name: value for name, value in self.parameters.items() if name not in without}}
        server = f"{login}{'@' if login else ''}{self.server}{f':{self.port}' if self.port else ''}"
        query = f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""
        return f"{scheme or self.scheme}://{server}{quote(self.path)}{query}"

    def pick(self, *names: str) -> dict[str, str]:
        """Return the parameters; only these names are allowed.

        Raises: QueryError that names any other parameter.
        """
        for name in self.parameters:
            if name not in names:
                choices = ", ".join(names) or "none"
                raise QueryError(f"the database's address: {self.scheme} has no parameter {name!r}; it has {choices}")
        return dict(self.parameters)
