"""How the pages of an answer are read: to the end, or with a notice that says what is missing."""

from __future__ import annotations

import json
from http.client import HTTPMessage
from typing import TYPE_CHECKING, Any

import pytest

from gfruntime import DownstreamError, HttpResponse
from gfruntime.openapi import operation, pages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Answer = Callable[[Mapping[str, Any], str], Any]


class Reading:
    """Reads the pages of one operation, whose rows are in `items`, and records its requests."""

    def __init__(self) -> None:
        """Start without requests."""
        self.requests: list[tuple[dict[str, Any], str]] = []
        self.values: dict[str, Any] = {}
        self.is_cut = False

    def __call__(self, answer: Answer, kind: Any, **more: Any) -> tuple[int, list[str]]:
        """Return the number of rows and the notices."""
        parameter: dict[str, Any] = {} if kind in ("link", "next_url", "unknown") else {"parameter": "at"}
        endpoint = operation.Endpoint(
            method="GET",
            path="/things",
            rows=("items",),
            columns=(operation.Column(name="id", keys=("id",), kind="integer"),),
            pages=operation.Pages(kind=kind, **parameter, **more),
        )

        def ask(values: Mapping[str, Any], url: str) -> HttpResponse:
            self.requests.append((dict(values), url))
            body = answer(values, url)
            headers = HTTPMessage()
            if isinstance(body, tuple):
                body, link = body
                headers["Link"] = link
            return HttpResponse(status=200, reason="OK", headers=headers, body=json.dumps(body).encode())

        read = pages.read_pages(ask, endpoint, self.values)
        ids = [row["id"] for _, row in read.rows if isinstance(row, dict)]
        assert len(ids) == len(set(ids)), "a row was read twice"
        self.is_cut = read.is_cut
        return len(read.rows), list(read.notices)


@pytest.fixture
def reading() -> Reading:
    """Return a new reader."""
    return Reading()


def rows(first: int, last: int) -> list[dict[str, int]]:
    """Make rows from `first` up to, but without, `last`."""
    return [{"id": number} for number in range(first, last)]


def by_offset(count: int, *, most: int, first: int = 0, **more: Any) -> Answer:
    """Answer at most `most` rows of a list at once; `more` is in every answer."""

    def answer(values: Mapping[str, Any], _url: str) -> Any:
        start = values["at"] - first
        length = min(values.get("size", most), most)
        return {"items": rows(start, min(start + length, count)), **more}

    return answer


def by_number(count: int, *, most: int, first: int = 1) -> Answer:
    """Answer pages by their numbers."""

    def answer(values: Mapping[str, Any], _url: str) -> Any:
        start = (values["at"] - first) * most
        return {"items": rows(start, min(start + most, count))}

    return answer


MORE = "Only the first 2 rows were read: the API says that there are more"
SIZED = {"size_parameter": "size", "size": 1000, "first": 0}


def test_a_server_that_caps_pages_is_read_to_its_total(reading: Reading) -> None:
    """Its first page is shorter than the requested size."""
    assert reading(by_offset(250, most=100, total=250), "offset", total_keys=("total",), **SIZED) == (250, [])
    assert [values["at"] for values, _ in reading.requests] == [0, 100, 200]


def test_a_server_that_caps_pages_without_a_total_is_read_to_an_empty_page(reading: Reading) -> None:
    """A short first page proves no end; the empty page after the last one does."""
    assert reading(by_offset(250, most=100), "offset", **SIZED) == (250, [])
    assert [values["at"] for values, _ in reading.requests] == [0, 100, 200, 250]
    assert reading(by_number(30, most=10), "page", size_parameter="size", size=100) == (30, [])


def test_a_short_page_is_the_last_if_the_server_keeps_the_size(reading: Reading) -> None:
    """The second page is shorter than the first, so no third request is sent."""
    assert reading(by_offset(1500, most=1000), "offset", **SIZED) == (1500, [])
    assert [values["at"] for values, _ in reading.requests] == [0, 1000]


def test_pages_are_read_while_has_more_is_true(reading: Reading) -> None:
    """The length of the pages does not matter."""

    def answer(values: Mapping[str, Any], _url: str) -> Any:
        return {"items": rows(values["at"], values["at"] + 3), "more": values["at"] < 9}

    assert reading(answer, "offset", has_more_keys=("more",), **SIZED) == (12, [])


def test_a_total_that_is_not_reached_gives_a_notice(reading: Reading) -> None:
    """The API may have no more pages, or the bound of pages is reached."""
    empty = by_offset(100, most=100, total=5000)
    assert reading(empty, "offset", total_keys=("total",), **SIZED) == (
        100,
        ["Only 100 of 5000 rows were read"],
    )
    assert reading(by_offset(5000, most=100, total="5000"), "offset", total_keys=("total",), **SIZED) == (
        2000,
        ["Only the first 2000 rows were read: there are more"],
    )
    assert reading(by_offset(9000, most=100), "offset", **SIZED) == (
        2000,
        ["Only the first 2000 rows were read: there may be more"],
    )


def test_a_total_that_counts_only_the_page_is_ignored(reading: Reading) -> None:
    """The first page is full, so a second is read."""

    def answer(values: Mapping[str, Any], _url: str) -> Any:
        page = rows(values["at"], min(values["at"] + 100, 150))
        return {"items": page, "total": len(page)}

    count, _ = reading(answer, "offset", total_keys=("total",), size_parameter="size", size=100, first=0)

    assert count == 150


@pytest.mark.parametrize("status", [404, 400, 416, 422])
def test_a_missing_page_is_the_end_unless_the_total_promised_it(reading: Reading, status: int) -> None:
    """Django answers 404 for page 2 of one page; with a total of more rows it is an error."""

    def answer(values: Mapping[str, Any], _url: str) -> Any:
        if values["at"] > 1:
            raise DownstreamError("no such page", status=status)
        return {"items": rows(0, 10), "total": 20}

    assert reading(answer, "page", size_parameter="size", size=100) == (10, [])
    with pytest.raises(DownstreamError, match="no such page"):
        reading(answer, "page", total_keys=("total",), size_parameter="size", size=100)


def test_a_failing_server_is_an_error_and_not_the_end(reading: Reading) -> None:
    """Otherwise the rows so far would look complete."""

    def answer(values: Mapping[str, Any], _url: str) -> Any:
        if values["at"] > 1:
            raise DownstreamError("overloaded", status=503)
        return {"items": rows(0, 10)}

    with pytest.raises(DownstreamError, match="overloaded"):
        reading(answer, "page", size_parameter="size", size=100)


@pytest.mark.parametrize("more", [{"total": 2}, {"total": 1}, {}, {"more": None}, {"more": True}])
def test_a_cursor_is_followed_with_any_total_and_flag(reading: Reading, more: dict[str, Any]) -> None:
    """The total may count only a page, and the flag may be missing."""

    def answer(values: Mapping[str, Any], _url: str) -> Any:
        at = values.get("at", 0)
        return {"items": rows(at, at + 2), "next": at + 2 if at < 4 else None, **(more if at < 4 else {})}

    keys = {"next_keys": ("next",), "total_keys": ("total",), "has_more_keys": ("more",)}
    assert reading(answer, "cursor", **keys) == (6, [])


def test_has_more_that_is_false_ends_a_cursors_pages(reading: Reading) -> None:
    """Some APIs send a cursor with every page."""

    def answer(values: Mapping[str, Any], _url: str) -> Any:
        at = values.get("at", 0)
        return {"items": rows(at, at + 2), "next": at + 2, "more": at < 2}

    assert reading(answer, "cursor", next_keys=("next",), has_more_keys=("more",)) == (4, [])


def test_a_cursor_may_be_an_address(reading: Reading) -> None:
    """The next request goes to this address."""

    def answer(_values: Mapping[str, Any], url: str) -> Any:
        return {"items": rows(2, 3)} if url else {"items": rows(0, 2), "next": "https://api.example/things?at=2"}

    assert reading(answer, "cursor", next_keys=("next",)) == (3, [])
    assert reading.requests[1] == ({}, "https://api.example/things?at=2")


@pytest.mark.parametrize("kind", ["cursor", "next_url"])
def test_a_repeated_page_gives_a_notice(reading: Reading, kind: str) -> None:
    """The API ignored the parameter, so later pages are unknown."""

    def answer(_values: Mapping[str, Any], url: str) -> Any:
        return {"items": rows(0, 2), "next": f"{url}x"}

    assert reading(answer, kind, next_keys=("next",)) == (
        2,
        ["The API returned one page twice: only the first 2 rows were read"],
    )


def test_a_repeated_last_page_ends_numbered_pages(reading: Reading) -> None:
    """Some APIs repeat the last page for later ones; rows of bare numbers are not compared, and a notice says so."""

    def answer(values: Mapping[str, Any], _url: str) -> Any:
        return {"items": rows(0, 2) if values["at"] == 1 else rows(2, 4)}

    assert reading(answer, "page") == (4, [])
    zeros = {"items": [0, 0, 0]}
    assert len(reading(lambda *_: zeros, "offset", first=0)[1]) == 2


def test_page_0_may_repeat_page_1(reading: Reading) -> None:
    """The description counts pages from 0, but the API counts from 1."""

    def answer(values: Mapping[str, Any], _url: str) -> Any:
        page = max(values["at"], 1)
        return {"items": rows(page * 2, page * 2 + 2) if page < 4 else []}

    assert reading(answer, "page", first=0) == (6, [])


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ('</b>; rel="next"', "/b"),
        ("</b>; rel='next'", "/b"),
        ("</b>; rel=next", "/b"),
        ('</b>; REL="Next"', "/b"),
        ('</a>; rel="prev", </b>; title="a, b"; rel="last next"', "/b"),
        ('</b>; title="; rel=next"; rel="last"', ""),
        ("</b>; rel=next-archive", ""),
        ('</b>; rel="prev", </c>', ""),
        ("</b?x=1,2>; rel=next; title=c", "/b?x=1,2"),
    ],
)
def test_link_headers_are_parsed_as_in_rfc_8288(link: str, url: str) -> None:
    """As in RFC 8288, links have quotes of both kinds or none, and commas in quotes."""
    assert pages.next_link([link]) == url


def test_links_are_followed(reading: Reading) -> None:
    """The last page has no link."""

    def answer(_values: Mapping[str, Any], url: str) -> Any:
        return {"items": rows(2, 3)} if url else ({"items": rows(0, 2)}, '</things?p=2>; title="a, b"; rel="next"')

    assert reading(answer, "link") == (3, [])


@pytest.mark.parametrize(
    ("body", "keys", "notice"),
    [
        ({"total": 50}, {"total_keys": ("total",)}, "Only 2 of 50 rows were read"),
        (
            {"more": True},
            {"has_more_keys": ("more",)},
            MORE,
        ),
        ({"next": "x"}, {"next_keys": ("next",)}, MORE),
        ({"total": 2}, {"total_keys": ("total",)}, ""),
        ({"next": None}, {"next_keys": ("next",)}, ""),
    ],
)
def test_pages_that_cannot_be_requested_give_a_notice(reading: Reading, body: Any, keys: Any, notice: str) -> None:
    """The notice says that the first page is not all."""
    count, notices = reading(lambda *_: {"items": rows(0, 2), **body}, "unknown", **keys)

    assert (count, notices, reading.is_cut) == (2, [notice] if notice else [], bool(notice))
    assert len(reading.requests) == 1


def test_a_full_first_page_without_a_way_to_the_next_gives_a_notice(reading: Reading) -> None:
    """The description has the size of pages, but no way to request the next one."""
    assert reading(lambda *_: {"items": rows(0, 2)}, "unknown", size=2) == (
        2,
        ["Only the first 2 rows were read: there may be more"],
    )
    assert not reading.is_cut  # unknown total
    assert reading(lambda *_: {"items": rows(0, 2)}, "unknown", size=3) == (2, [])


def test_a_querys_own_limit_is_kept(reading: Reading) -> None:
    """A limit without a maximum is a field of the query; if the API has more rows, a notice says so."""

    def answer(values: Mapping[str, Any], _url: str) -> Any:
        at = values.get("at", 0)
        return {"items": rows(at, at + values.get("size", 3)), "next": at + 3, "total": 9 if at < 9 else 0}

    keys = {"next_keys": ("next",), "size_parameter": "size"}
    reading.values = {"size": 2}

    assert reading(answer, "cursor", **keys) == (2, [])
    assert reading(answer, "cursor", total_keys=("total",), **keys) == (
        2,
        ["Only 2 of 9 rows were read"],
    )
    assert not reading.is_cut  # the query asked for this number
    assert len(reading.requests) == 2


@pytest.mark.parametrize(
    ("kind", "answer"), [("page", by_number(100, most=2)), ("offset", by_offset(100, most=2, first=1))]
)
def test_an_answer_with_more_pages_than_are_read_is_cut(reading: Reading, kind: str, answer: Answer) -> None:
    """Alert rules get an error for such an answer."""
    _, notices = reading(answer, kind, most=3)

    assert reading.is_cut
    assert len(notices) == 1
