"""pandas, with numpy and dates."""

import pandas as pd

from gfruntime import Frame


def answer() -> Frame:
    """Resample in a time zone."""
    index = pd.date_range("2024-07-01", periods=4, freq="6h", tz="Europe/Berlin")
    table = pd.DataFrame({"value": [10.0, 11.0, 12.0, 9.0]}, index=index).resample("1D").sum()
    return Frame.from_pandas(table.reset_index(names="time"))
