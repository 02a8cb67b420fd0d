"""JSON into the author's types."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest

from gfruntime.author.ui import Secret, Ui
from gfruntime.calls import decode
from gfruntime.errors import DecodeError


@dataclass(frozen=True)
class Model:
    """What a query editor sends."""

    table: str = "sales"
    limit: int = 10
    kind: Literal["sum", "mean"] = "sum"
    tags: list[str] = field(default_factory=list)
    maybe: float | None = None


@dataclass(frozen=True)
class Strict:
    """A model with a rule of its own and a key without a default."""

    name: str
    size: int = 1

    def __post_init__(self) -> None:
        """Refuse nothing."""
        if self.size <= 0:
            raise ValueError("size must be positive")


@dataclass(frozen=True)
class Options:
    """What a config page saves."""

    url: Annotated[str, Ui(store="url")] = "http://default"
    token: Secret = Secret("")  # noqa: RUF009  # immutable
    pin: Annotated[Secret, Ui(label="PIN")] = Secret("none")  # noqa: RUF009
    timeout: float = 10.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", Model()),
        (b"{}", Model()),
        (b"null", Model()),
        (b'{"table":"x","limit":"5","refId":"A","datasource":{"uid":"u"}}', Model(table="x", limit=5)),
        (b'{"table":null,"limit":null,"maybe":null}', Model()),
        (b'{"limit":null,"tags":["a"],"maybe":"1.5"}', Model(tags=["a"], maybe=1.5)),
    ],
)
def test_models_are_decoded_leniently(text: bytes, expected: Model) -> None:
    """Text is accepted for a number, null means the default, unknown keys are ignored."""
    assert decode.decoder(Model, what="the query")(text) == expected


@pytest.mark.parametrize(
    ("wanted", "text", "message"),
    [
        (Model, b'{"limit":"many"}', "the query: limit: expected int, got str"),
        (Model, b'{"kind":"max"}', "the query: kind: invalid enum value 'max'"),
        (Model, b'{"tags":["a",1]}', "the query: tags[1]: expected str, got int"),
        (Model, b"{", "the query: not JSON: "),
        (Model, b"[1]", "the query: expected an object, got list"),
        (Strict, b"{}", "the query: object missing required field name"),
        (Strict, b'{"name":null}', "the query: name: expected str, got null"),
        (Strict, b'{"name":"a","size":0}', "the query: size must be positive"),
        (Model, b"\xff", "the query: not JSON: "),
    ],
)
def test_mismatches_name_the_key(wanted: type, text: bytes, message: str) -> None:
    """An error says which key is wrong, what was expected and what came."""
    with pytest.raises(DecodeError) as caught:
        decode.decoder(wanted, what="the query")(text)

    assert str(caught.value).startswith(message)


def test_without_a_model_the_object_is_a_dict() -> None:
    """An author who annotates nothing gets the JSON object."""
    assert decode.decoder(dict[str, Any], what="the query")(b'{"a":[1]}') == {"a": [1]}


def test_options_come_from_where_the_page_keeps_them() -> None:
    """Secrets come from the secure store, the url from the data source's own, the rest from jsonData."""
    secrets = {"token": "sesame", "other": "x"}
    options = decode.options(
        Options, json_data=b'{"timeout":"3","token":"fake","url":"fake"}', url="http://x", secrets=secrets
    )

    assert options == Options(url="http://x", token=Secret("sesame"), timeout=3.0)
    assert isinstance(options.token, Secret)
    assert "sesame" not in repr(options)


def test_options_without_values_are_the_defaults() -> None:
    """A data source that was never configured has the defaults."""
    assert decode.options(Options, json_data=b"", url="", secrets={}) == Options()


def test_models_that_validate_themselves_do() -> None:
    """A pydantic model is asked to decode itself, and its refusal shows keys, never values."""
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("model", limit=(int, 3))
    decoded = decode.decoder(model, what="the query")

    assert decoded(b'{"limit":"4"}').limit == 4
    with pytest.raises(DecodeError, match=r"the query: limit: .*integer") as caught:
        decoded(b'{"limit":"sesame"}')
    assert "sesame" not in str(caught.value)
