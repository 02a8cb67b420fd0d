"""The modules of the weather API, its mock, and helpers for its tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gfruntime import Secret, Settings

if TYPE_CHECKING:
    from types import ModuleType


TOKEN = {"token": "test-token"}


class World:
    """The modules of the weather API, and its mock."""

    def __init__(self, modules: dict[str, ModuleType], mock: Any) -> None:
        """Store the modules and the mock."""
        self.modules, self.mock = modules, mock

    def api(self, secrets: dict[str, str] | None = None, *, basic: bool = False) -> Any:
        """Make the API of a configured data source."""
        options = self.modules["models"].Options(**{name: Secret(text) for name, text in (secrets or {}).items()})
        login: dict[str, Any] = {"basic_auth_enabled": True, "basic_auth_user": "ada"} if basic else {}
        settings = Settings(options=options, url=self.mock.url, **login)
        return self.modules["api"].Api(settings)

    def model(self, name: str, **fields: Any) -> Any:
        """Make a query for one operation."""
        operations = self.modules["models"]
        kind = operations.QUERIES[name]
        return operations.Model(operation=name, **({name: kind(**fields)} if kind.__dataclass_fields__ else {}))


def notices(frame: Any) -> list[str]:
    """List the texts of a frame's notices."""
    return [notice["text"] for notice in frame.meta["notices"]]
