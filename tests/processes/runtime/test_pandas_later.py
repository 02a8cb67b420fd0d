"""pandas is imported only by the author's code, and pyarrow supports it as usual afterwards."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("pandas")
LISTS = """
import datetime as dt, sys
import numpy as np
from gfruntime import Frame, Field
from gfruntime.frames import arrow
now = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
frame = Frame(fields=[
    Field("time", [now, None], "time"), Field("text", ["a", None]), Field("number", [1.5, None]),
    Field("array", np.array([1.0, 2.0])), Field("object", np.array(["x", None], dtype=object)),
    Field("moment", np.array(["2026-01-01", "NaT"], dtype="datetime64[ns]")),
])
Frame.from_records([{"a": 1, "b": "x"}, {"a": 2, "b": None}])
arrow.encode(frame)
assert "pandas" not in sys.modules
"""


def run(code: str) -> None:
    """Run code in a new interpreter."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_frames_of_lists_and_numpy_arrays_do_not_import_pandas() -> None:
    """Pandas is installed, but frames of lists, of records and of numpy arrays do not need it."""
    run(LISTS)


@pytest.mark.parametrize("first", ["", "import numpy", "import pyarrow", "import pyarrow.pandas_compat"])
def test_the_order_of_imports_does_not_matter(first: str) -> None:
    """Pandas may be imported before the first frame or after it."""
    run(f"import sys; {first}\nfrom gfruntime import Frame\nFrame.of(a=[1])\nassert 'pandas' not in sys.modules")


@pytest.mark.parametrize("before", [True, False], ids=["imported first", "imported later"])
def test_pyarrow_knows_pandas_as_soon_as_it_is_imported(*, before: bool) -> None:
    """NaN in a column of pandas is null, also when pyarrow itself converts it; types of pandas are recognized."""
    first, later = ("import pandas as pd", "") if before else ("", "import pandas as pd")
    run(f"""
{first}
{LISTS if not before else "from gfruntime import Field, Frame"}
{later}
import pyarrow as pa
assert pa.lib._pandas_api.have_pandas
assert pa.array(pd.Series([1.0, float("nan")])).null_count == 1
assert pa.types.is_dictionary(pa.array(pd.Categorical(["a", "b"])).type)
assert pa.table(pd.DataFrame({{"a": [1]}})).num_rows == 1
assert Field("x", pd.Series([1.0, float("nan")])).values.null_count == 1
assert Frame.from_pandas(pd.DataFrame({{"a": [1.5, None]}})).fields[0].values.null_count == 1
import importlib.resources
assert pd.__spec__.loader.is_package("pandas")
assert not [each for each in __import__("sys").meta_path if type(each).__name__ == "_Watch"]
""")


def test_pandas_is_detected_if_the_import_finders_were_replaced() -> None:
    """Test runners and tools may restore earlier import finders."""
    run("""
import sys
import dateutil.tz  # which adds a finder of its own, where six is its
finders = list(sys.meta_path)
from gfruntime import Field
sys.meta_path[:] = finders
import pandas as pd
assert Field("x", [1, pd.NA, 2]).values.null_count == 1
assert Field("x", pd.Series([1.0, float("nan")])).values.null_count == 1
""")
