"""Any text from a viewer in SQL, URLs and durations costs little, and is expanded or refused."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st
from mutations import changed_bytes

from gfruntime.errors import QueryError
from gfruntime.logs import masking
from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql import durations, macros

START = dt.datetime(2026, 3, 7, tzinfo=dt.UTC)
RANGE = TimeRange(start=START, end=START + dt.timedelta(hours=1))
QUERY = Query(model=None, time_range=RANGE, interval=dt.timedelta(minutes=10))
WORDS = st.sampled_from([
    *("$__timeFilter(", "$__timeGroup(", "$__timeFrom(", "$__interval", "$__table", "$__"),
    *("$", "(", ")", ",", "'", '"', " "),
    *("minute", "time", "${__from", "${__to:date:", "}", "x" * 100, "\n", "--", "/*", "\0", "é"),
])  # fmt: skip


@given(words=st.lists(WORDS, max_size=200))
def test_any_sql_is_expanded_or_refused(words: list[str]) -> None:
    """Macros may nest in any way, and brackets may be missing."""
    text = "".join(words)
    try:
        assert len(macros.expand_sql(text, QUERY, table="t", column="c")) <= 1_000_000
    except QueryError as error:
        assert str(error)
    assert len(macros.expand_url(text, RANGE)) < 20 * len(text) + 20


@given(
    text=st.one_of(
        st.text(), st.binary().map(repr), changed_bytes(b"1h30m15.5s").map(lambda raw: raw.decode("latin-1"))
    )
)
def test_any_duration_is_read_or_refused(text: str) -> None:
    """The texts are almost durations."""
    for read in (durations.parse_duration, durations.parse_interval, durations.parse_step):
        try:
            assert isinstance(read(text), dt.timedelta)
        except QueryError as error:
            assert str(error)


@given(
    secret=st.text(st.characters(exclude_characters="*"), min_size=4, max_size=60),
    before=st.text(max_size=20),
    after=st.text(max_size=20),
)
def test_no_secret_stays_in_a_text(secret: str, before: str, after: str) -> None:
    """The secret may have any characters, and any text beside it."""
    secrets = masking.Secrets()
    secrets.remember([secret])

    assert secret not in secrets.hide(f"{before}{secret}{after}")
