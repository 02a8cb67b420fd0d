"""The fixture that the tests of generated projects share: mypy's cache."""

from collections.abc import Iterator

import pytest
from once import run_folder


@pytest.fixture(scope="module", autouse=True)
def _mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep mypy's cache of the libraries that all projects import."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPY_CACHE_DIR", str(run_folder(tmp_path_factory) / "mypy"))
        yield
