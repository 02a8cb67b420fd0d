"""The code around the pages' excerpts of Python, so that they can run: a `datasource.py` with `BLOCK` in it."""

import re
import textwrap
from dataclasses import dataclass

WHOLE = ("docs/how-to.md", "docs/migration.md")
"""Pages in which each Python block is a whole file."""

_HEAD = """\
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from gfruntime import *

"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """The text around a block, the arguments of `gfplug call` that test it, and a part of the expected answer."""

    around: str
    asks: dict[str, str]

    def files(self, block: str) -> list[str]:
        """Return the data sources to try: one, or one for each of several definitions of a name."""
        (indent,) = re.findall(r"^( *)BLOCK$", self.around, re.MULTILINE)
        return [
            _HEAD + self.around.replace(f"{indent}BLOCK", textwrap.indent(part.rstrip(), indent))
            for part in _alternatives(block)
        ]


def _alternatives(block: str) -> list[str]:
    parts = re.split(r"\n\n\n(?=\S)", block)
    names = [re.sub(r"^async ", "", part).partition("(")[0] for part in parts]
    return parts if len(parts) > 1 and len(set(names)) == 1 else [block]


_PLAIN = """\
class Datasource:
    def __init__(self, settings: Settings) -> None: ...

    def query(self, query: Query) -> Frame:
        return Frame.of(value=[1])
"""

EXCERPTS: dict[tuple[str, str], Excerpt] = {
    ("README.md", "@dataclass(frozen=True)"): Excerpt(around="BLOCK\n", asks={"health": "OK: ready", "query": "42"}),
    ("runtime/README.md", "class Datasource:"): Excerpt(
        around="""\
@dataclass(frozen=True)
class Options:
    url: str = ""


@dataclass(frozen=True)
class Model:
    table: str = "sales"


BLOCK
""",
        asks={"health": "OK: ready", "query": "42"},
    ),
    (
        "docs/frontend.md",
        "def query_variable(self, query: Query[Names]) -> Frame:  # columns `text` and `value`, or one column of texts",
    ): Excerpt(
        around=f"""\
@dataclass(frozen=True)
class Names:
    of: str = "tables"


@dataclass(frozen=True)
class Events:
    kind: str = ""


{_PLAIN}
    BLOCK
""",
        asks={"query --set queryType=variable": "south", "resource gfplug/schema": '"variable"'},
    ),
    (
        "docs/frontend.md",
        "def get_tag_keys(self, request: TagRequest) -> list[str]:  # or dictionaries with `value` and `label`",
    ): Excerpt(
        around="""\
class Datasource:
    def __init__(self, settings: Settings) -> None: ...

    BLOCK
""",
        asks={
            "query --json": "[1, 2]",
            """query --json --set 'adhocFilters=[{"key": "region", "operator": "=", "value": "south"}]'""": "[2]",
            "resource gfplug/tag-keys --method POST": '"product"',
            """resource gfplug/tag-values --method POST --body '{"key": "region"}'""": '"south"',
        },
    ),
    ("docs/frontend.md", "class Datasource:"): Excerpt(
        around="""\
@dataclass(frozen=True)
class Model:
    table: str = "sales"


BLOCK

    def __init__(self, settings: Settings) -> None: ...

    def query(self, query: Query[Model]) -> Frame:
        return Frame.of(value=[1])
""",
        asks={"query": "1", "resource gfplug/schema": "the newest first."},
    ),
    ("docs/services.md", "class Datasource:"): Excerpt(
        around="""\
class Database:
    def tables(self) -> list[str]:
        return ["sales", "orders"]


BLOCK

    def __init__(self, settings: Settings) -> None:
        self.database = Database()

    def csv(self, table: str) -> bytes:
        return f"{table},1".encode()

    def query(self, query: Query) -> Frame:
        return Frame.of(value=[1])
""",
        asks={"resource tables": '"orders"', "resource tables/sales/rows": "sales,1"},
    ),
    ("docs/services.md", "def call_resource(self, request: Request) -> Response:"): Excerpt(
        around=f"""\
def app(*asked):  # to WSGI and to ASGI
    if len(asked) == 2:
        asked[1]("200 OK", [("Content-Type", "text/plain")])
        return [b"an application answered"]
    return answer(asked[2])


async def answer(send):
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body", "body": b"an application answered"}})


{_PLAIN}
    app = staticmethod(app)

    BLOCK
""",
        asks={"resource anything": "an application answered"},
    ),
    (
        "docs/services.md",
        "def run_stream(self, request: StreamRequest) -> Iterator[Frame]:  # once per channel, for all who look at it",
    ): Excerpt(
        around=f"""\
{_PLAIN}
    def read(self, path: str) -> float:
        return 7.5

    def latest(self, path: str) -> Frame:
        return Frame.of(time=[datetime.now(UTC)], value=[6.5])

    def knows(self, path: str) -> bool:
        return path == "wave"

    BLOCK
""",
        asks={"stream wave --count 2": "7.5"},
    ),
    ("docs/services.md", "def __init__(self, settings: Settings[Options]) -> None:"): Excerpt(
        around="""\
@dataclass(frozen=True)
class Options:
    http: HttpOptions = HttpOptions()


@dataclass(frozen=True)
class Model:
    table: str = "sales"


class Datasource:
    BLOCK
        return Frame.from_records(rows)
""",
        asks={"query --url UPSTREAM": "42"},
    ),
    ("docs/services.md", "client = httpx_async_client(settings)"): Excerpt(
        around="""\
import httpx  # so that the test is skipped where it is not installed


@dataclass(frozen=True)
class Options:
    http: HttpOptions = HttpOptions()


class Datasource:
    def __init__(self, settings: Settings[Options]) -> None:
        self.settings = settings

    async def query(self, query: Query) -> Frame:
        settings = self.settings
        BLOCK
        async with client:
            return Frame.from_records((await client.get("/rows")).json())
""",
        asks={"query --url UPSTREAM": "42"},
    ),
    ("docs/services.md", "def test_sales(upstream: Upstream, golden: Golden) -> None:"): Excerpt(
        around="""\
import json
from urllib.request import urlopen

from gfruntime.testing.fixtures import Golden
from gfruntime.testing.fakes import Upstream
from gfruntime.testing import ask, query, settings


@dataclass(frozen=True)
class Options:
    url: str = ""


@dataclass(frozen=True)
class Model: ...


class Datasource:
    def __init__(self, settings: Settings[Options]) -> None:
        self.url = settings.options.url

    def query(self, query: Query[Model]) -> Frame:
        with urlopen(f"{self.url}/sales") as answer:
            return Frame.from_records(json.load(answer))


BLOCK
""",
        asks={},  # this one is a test: test_code.py runs pytest
    ),
}
"""Page and first line of an excerpt, and its surrounding code."""
