"""polars."""

import polars as pl

from gfruntime import Frame


def answer() -> Frame:
    """Compute with SQL."""
    table = pl.LazyFrame({"value": [20.0, 22.0]}).sql("SELECT sum(value) AS value FROM self").collect()
    return Frame.from_arrow(table)
