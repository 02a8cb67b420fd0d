"""The packages that a project requires, and those that contain only data, which no code imports."""

from pathlib import Path

import pytest

from gfruntime.freeze import dependencies


def install(folder: Path, name: str, *files: str, requires: tuple[str, ...] = (), dialect: str = "") -> None:
    """Put a package into a folder of packages; a module with a dialect is registered as SQLAlchemy reads it."""
    info = f"{name.replace('-', '_')}-1.dist-info"
    lines = "".join(f"Requires-Dist: {line}\n" for line in requires)
    texts = {
        f"{info}/METADATA": f"Metadata-Version: 2.4\nName: {name}\nVersion: 1\n{lines}",
        **dict.fromkeys(files, ""),
    }
    if dialect:
        texts[f"{info}/entry_points.txt"] = (
            f"[sqlalchemy.dialects]\nzz = {dialect}:Dialect\nzz.async = {dialect}:Async\n"
        )
    texts[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*texts, f"{info}/RECORD", "../../bin/x"])
    for file, text in texts.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder of packages that is on the path."""
    monkeypatch.syspath_prepend(tmp_path / "packages")
    return tmp_path / "packages"


def project(folder: Path, *lines: str) -> Path:
    """Write a pyproject.toml with these dependencies; return its folder."""
    items = "".join(f"  '''{line}''',\n" for line in lines)
    (folder / "pyproject.toml").write_text(f"[project]\ndependencies = [\n{items}]\n")
    return folder


def test_names_are_normalized_and_conditions_are_evaluated(tmp_path: Path) -> None:
    """Conditions are evaluated for this interpreter; an address may have placeholders that a build fills in."""
    root = project(tmp_path, "Py_YAML[x]>=1", 'old; python_version < "3"', "gfruntime @ {root:uri}/vendor/a b.whl")

    assert dependencies.direct_names(root) == {"py-yaml", "gfruntime"}


def test_extras_of_the_build_are_included(tmp_path: Path) -> None:
    """Only the project's own extras count; other packages of the build are in no bundle."""
    project(tmp_path, "zz-a")
    with (tmp_path / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('name = "Acme_Sales"\n[project.optional-dependencies]\nmysql = ["zz-m"]\nduckdb = ["zz-d"]\n')
        file.write('build = ["pyinstaller", "acme-sales[mysql, build]", "other[duckdb]"]\n')

    assert dependencies.direct_names(tmp_path) == {"zz-a", "zz-m"}
    assert dependencies.all_names(tmp_path) == {"zz-a", "zz-m"}


def test_all_names_follow_extras_and_conditions(tmp_path: Path, packages: Path) -> None:
    """Each package counts with its requested extras; circles end; a missing package requires nothing."""
    install(packages, "zz-a", requires=("zz-b[Fast]", 'zz-c; extra == "slow"', 'zz-d; python_version < "3"'))
    install(packages, "zz-b", requires=('ZZ_E; extra == "fast"', "zz-a"))

    assert dependencies.all_names(project(tmp_path, "zz-a")) == {"zz-a", "zz-b", "zz-e"}
    assert dependencies.all_names(project(tmp_path, "zz.a[slow]")) == {"zz-a", "zz-b", "zz-c", "zz-e"}


@pytest.mark.parametrize(
    ("files", "modules", "data"),
    [
        (["zz/__init__.py", "zz/zone/__init__.py", "zz/zone/Berlin"], ["zz", "zz.zone"], {"zz/zone"}),
        (["zz/__init__.py", "zz/_version.py", "zz/model.bin", "zz/py.typed"], ["zz"], {"zz"}),
        (["zz/__init__.py", "zz/core.py", "zz/cacert.pem"], [], set()),
        (["zz/__init__.py", "zz/py.typed"], [], set()),
        (["zz/__init__.py", "zz/lib/libzz.so.1"], [], set()),
        (["zz-stubs/__init__.pyi", "zz-stubs/a.pyi"], [], set()),
        (["zz.py", "zz.txt"], [], set()),
        ([], [], set()),
    ],
)
def test_a_package_of_data_is_taken_whole(packages: Path, files: list[str], modules: list[str], data: set[str]) -> None:
    """Each file keeps its path in the package; a package with code is included by the author's import."""
    install(packages, "zz", *files)
    imports, entries = dependencies.data_packages(["zz", "zz-nowhere"], excludes=[])

    assert imports == modules
    assert {place for _, place in entries} == data
    assert all(Path(path).is_relative_to(packages) for path, _ in entries)
    assert dependencies.data_packages(["zz"], excludes=["zz"]) == ([], [])


def test_dialects_that_packages_register_are_listed(packages: Path) -> None:
    """Dialects are listed only if the project requires SQLAlchemy, too."""
    install(packages, "zz-a", dialect="zz_a.dialect")
    install(packages, "zz-b")

    assert dependencies.sqlalchemy_dialects(["sqlalchemy", "zz-b", "zz-a", "zz-nowhere"]) == {
        "zz-a": ["zz_a.dialect"] * 2
    }
    assert dependencies.sqlalchemy_dialects(["zz-a"]) == {}
