"""The OAuth2 settings of a data source: the values of the fields of `OAuth2Options`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from gfruntime.errors import QueryError
from gfruntime.http.addresses import origin_of

if TYPE_CHECKING:
    from gfruntime.request.vocabulary import Settings

Grant = Literal["client_credentials", "client_credentials_jwt", "jwt_bearer", "password", "refresh_token"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2Settings:
    """The OAuth2 settings of a data source; fields that a grant does not need stay empty.

    >>> OAuth2Settings(token_url="https://login.example/token", client_id="id").grant
    'client_credentials'
    """

    token_url: str = field(default="", repr=False)
    """The URL of the token endpoint."""

    grant: Grant = "client_credentials"
    """The grant; `client_credentials_jwt` signs an assertion instead of sending a client secret."""

    client_id: str = ""
    """The client's id, and the assertion's `iss`. For Google, the service account's address."""

    client_secret: str = field(default="", repr=False)
    """The client's secret."""

    secret_in_body: bool = False
    """Send the client's secret in the body, not in a header: `client_secret_post` instead of `client_secret_basic`."""

    scopes: str = ""
    """The requested scopes, separated by spaces."""

    audience: str = ""
    """The parameter `audience`; for `jwt_bearer` the assertion's `aud`, which defaults to the token URL."""

    subject: str = ""
    """The `sub` of a `jwt_bearer` assertion: the user to act for."""

    private_key: str = field(default="", repr=False)
    """The key that signs assertions, PEM."""

    key_id: str = ""
    """The key's id, `kid`, if the server needs it."""

    user: str = ""
    """The user of the password grant."""

    password: str = field(default="", repr=False)
    """The password of the password grant."""

    refresh_token: str = field(default="", repr=False)
    """The refresh token; if the server sends a newer one, the instance uses it."""

    @classmethod
    def of(cls, settings: Settings[Any]) -> OAuth2Settings:
        """Read the values of the fields of `OAuth2Options`.

        Raises: QueryError if the grant is unknown.
        """
        data, hidden = settings.json_data, settings.secrets
        grant: Any = data.get("oauth2Grant")
        if grant not in get_args(Grant):
            raise QueryError(f"oauth2Grant is {str(grant)[:100]!r}; it must be one of {', '.join(get_args(Grant))}")
        return cls(
            token_url=str(data.get("oauth2TokenUrl") or "").strip(),
            grant=grant,
            client_id=str(data.get("oauth2ClientId") or ""),
            client_secret=hidden.get("oauth2ClientSecret", ""),
            secret_in_body=data.get("oauth2SecretInBody") is True,
            scopes=str(data.get("oauth2Scopes") or ""),
            audience=str(data.get("oauth2Audience") or ""),
            subject=str(data.get("oauth2Subject") or ""),
            private_key=hidden.get("oauth2PrivateKey", ""),
            key_id=str(data.get("oauth2KeyId") or ""),
            user=str(data.get("oauth2User") or ""),
            password=hidden.get("oauth2Password", ""),
            refresh_token=hidden.get("oauth2RefreshToken", ""),
        )

    def check(self) -> None:
        """Refuse settings that lack a value that their grant needs.

        Raises: QueryError naming the field of the config page.
        """
        try:
            origin_of(self.token_url)
        except QueryError:
            raise QueryError("the OAuth2 token URL must begin with http:// or https://, and name a host") from None
        client, key = ("client ID", self.client_id), ("private key", self.private_key)
        needed = {
            "client_credentials": [client, ("client secret", self.client_secret)],
            "client_credentials_jwt": [client, key],
            "jwt_bearer": [client, key],
            "password": [("user", self.user), ("password", self.password)],
            "refresh_token": [("refresh token", self.refresh_token)],
        }[self.grant]
        missing = [label for label, value in needed if not value]
        if missing:
            raise QueryError(f"the data source's OAuth2 settings have no {' and no '.join(missing)}")
