"""Build a plugin with each of many packages, send it a query, and print the costs as the table of docs/building.md.

python -m benchmarks.native_packages FOLDER [--only NAME]... [--no-build]

One build at a time. The projects and a report for each stay in FOLDER, so that a second run can repeat some of them;
the table has all reports in FOLDER. The packages come from the configured index.
"""

from __future__ import annotations

import argparse
import ast
import json
import logging
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gfplug import sdk
from gfplug.errors import GfplugError, ToolError
from gfplug.host.smoke import smoke
from gfplug.host.target import Target
from gfplug.project.plugin_project import Project
from gfplug.scaffold import new
from gfplug.scaffold.template import Answers

if TYPE_CHECKING:
    from collections.abc import Sequence

STARTS = 5
BUILD_SECONDS = 1800.0
QUERY_SECONDS = 120.0
SOURCES = Path(__file__).with_name("packages")
log = logging.getLogger("benchmarks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """The dependencies of a project, and the words that its answer or its error must contain."""

    requires: tuple[str, ...]
    words: str


PACKAGES = {
    "plain": Package(requires=(), words="42"),
    "adbc_manager": Package(requires=("adbc-driver-manager", "adbc-driver-sqlite"), words="42"),
    "adbc_snowflake": Package(requires=("adbc-driver-snowflake",), words="account is empty"),
    "adbc_flightsql": Package(requires=("adbc-driver-flightsql",), words="connection refused"),
    "adbc_bigquery": Package(requires=("adbc-driver-bigquery",), words="ProjectID is empty"),
    "adbc_postgresql": Package(requires=("adbc-driver-postgresql",), words="Connection refused"),
    "adbc_sqlite": Package(requires=("adbc-driver-sqlite",), words="42"),
    "aiohttp": Package(requires=("aiohttp",), words="Cannot connect to host 127.0.0.1:9"),
    "asyncpg": Package(requires=("asyncpg",), words="Connect call failed"),
    "bigquery": Package(requires=("google-cloud-bigquery",), words="Connection refused"),
    "boto3": Package(requires=("boto3",), words="https://athena.eu-central-1.amazonaws.com https://s3.amazonaws.com/b"),
    "certifi": Package(requires=("certifi",), words="True certificates"),
    "clickhouse_connect": Package(requires=("clickhouse-connect",), words="Connection refused"),
    "confluent_kafka": Package(requires=("confluent-kafka",), words="Broker transport failure"),
    "cryptography": Package(requires=("cryptography",), words="forty-two"),
    "duckdb": Package(requires=("duckdb",), words="45"),
    "elasticsearch": Package(requires=("elasticsearch",), words="Connection error"),
    "httpx": Package(requires=("httpx",), words="Connection refused"),
    "influxdb_client": Package(requires=("influxdb-client",), words="Connection refused"),
    "light": Package(requires=("orjson", "pymysql", "requests"), words="Can't connect to MySQL server"),
    "lxml": Package(requires=("lxml",), words="42.0 page"),
    "numpy": Package(requires=("numpy",), words="42"),
    "oracledb": Package(requires=("oracledb",), words="DPY-6005"),
    "pandas": Package(requires=("pandas",), words="42"),
    "polars": Package(requires=("polars",), words="42"),
    "psycopg": Package(requires=("psycopg[binary]",), words="binary"),
    "psycopg_c": Package(requires=("psycopg[c]",), words="c 1"),
    "pydantic": Package(requires=("pydantic",), words="42"),
    "pymongo": Package(requires=("pymongo",), words="Connection refused"),
    "pymssql": Package(requires=("pymssql",), words="TDS server is unavailable"),
    "pyodbc": Package(requires=("pyodbc",), words="Can't open lib '/nowhere/libdriver.so'"),
    "redis": Package(requires=("redis",), words="Connection refused"),
    "snowflake": Package(requires=("snowflake-connector-python",), words="Could not connect to Snowflake"),
    "sqlalchemy": Package(requires=("sqlalchemy", "pymysql"), words="42 mysql+pymysql"),
    "sqlalchemy_dialect": Package(requires=("sqlalchemy", "clickhouse-connect"), words="Connection refused"),
    "tzdata": Package(requires=("tzdata",), words="2024-07-01T00:00:00+02:00"),
}
ANSWERS_OF = {"psycopg_c": "psycopg"}


def main(words: Sequence[str] | None = None) -> int:
    """Build and query the named packages and print the table; return 1 if a package fails."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.native_packages")
    parser.add_argument("folder", type=Path, help="where the projects and their reports stay")
    parser.add_argument("--only", action="append", choices=list(PACKAGES), metavar="NAME", help="this package alone")
    parser.add_argument("--no-build", action="store_true", help="ask the bundles that are there")
    options = parser.parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for name in options.only or PACKAGES:
        report = folder / f"{name}.json"
        earlier = json.loads(report.read_text(encoding="utf-8")) if options.no_build and report.exists() else {}
        figures = measure(name, folder / name, earlier=earlier)
        report.write_text(json.dumps(figures, indent=2), encoding="utf-8")
        log.info("%s: %s", name, figures.get("error") or f"{figures['first_answer_ms']:.0f} ms")
    reports = {name: json.loads(path.read_text()) for name in PACKAGES if (path := folder / f"{name}.json").exists()}
    sys.stdout.write(table(reports))
    return int(any("error" in figures for figures in reports.values()))


def measure(name: str, folder: Path, *, earlier: dict[str, Any]) -> dict[str, Any]:
    """Build a project with a package unless it exists, start its bundle a few times, and return the figures."""
    try:
        report = {key: value for key, value in earlier.items() if key != "error"} or build(name, folder)
        project = Project(folder)
        target = Target(
            command=(report["executable"],),
            cwd=project.dist,
            plugin_id=project.manifest.id,
            plugin_version=project.version,
            proto=project.read_proto(),
        )
        starts = [smoke(target, timeout=QUERY_SECONDS) for _ in range(STARTS)]
        query = gfplug("call", "query", project.dist, "--json", "--timeout", "60")
    except GfplugError as error:
        return {**earlier, "error": f"{error.message} {error.hint} {error.details}"}
    output = f"{query.stdout}\n{query.stderr}"
    report["first_answer_ms"] = min(each.first_answer_ms for each in starts)
    report["answer"] = output[-4000:]
    return report if PACKAGES[name].words in output else {**report, "error": output[-4000:]}


def build(name: str, folder: Path) -> dict[str, Any]:
    """Create a project with a data source that uses a package, build it, and return a report with all versions."""
    shutil.rmtree(folder, ignore_errors=True)
    project = make_project(name, folder)
    ended = gfplug("build", project, "--json")
    if ended.returncode:
        raise ToolError(f"gfplug build: {ended.stderr}")
    report: dict[str, Any] = json.loads(ended.stdout)
    packages = [str(path) for path in (project / ".venv").glob("lib/python*/site-packages")]
    versions = {each.name: each.version for each in distributions(path=packages)}
    return {**report, "versions": versions, "notes": ended.stderr}


def gfplug(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run gfplug to its end."""
    command = [sys.executable, "-m", "gfplug", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)  # noqa: S603


def make_project(name: str, folder: Path) -> Path:
    """Create a project that depends on a package and answers its query with it."""
    answers = Answers(org="acme", name="sales", title="Sales", description="Sales", author="Acme", example="signals")
    request = new.NewProject(answers=answers, destination=folder, sdk_version=sdk.default(), offline=True)
    project = new.create(request).root
    pyproject = project / "pyproject.toml"
    lines = "".join(f'  "{line}",\n' for line in PACKAGES[name].requires)
    text = pyproject.read_text(encoding="utf-8")
    pyproject.write_text(text.replace("dependencies = [\n", f"dependencies = [\n{lines}", 1), encoding="utf-8")
    shutil.copy(SOURCES / "datasource.py", project / "src/plugin/datasource.py")
    shutil.copy(SOURCES / f"{ANSWERS_OF.get(name, name)}.py", project / "src/plugin/answers.py")
    return project


def table(reports: dict[str, dict[str, Any]]) -> str:
    """Return the table in Markdown; sizes are differences from the bundle without a package."""
    nothing = {"bundle_bytes": 0, "archive_bytes": 0}
    rows = ["| package | its query | unpacked | packed | first answer |", "| --- | --- | --- | --- | --- |"]
    for name, figures in reports.items():
        if "error" in figures:
            rows.append(f"| {name} | fails | | | |")
            continue
        base = nothing if name == "plain" else reports.get("plain", nothing)
        sizes = (f"{(figures[key] - base[key]) / 1e6:.1f} MB" for key in ("bundle_bytes", "archive_bytes"))
        title = ", ".join(f"{each} {version(each, figures)}" for each in PACKAGES[name].requires) or name
        answer = figures["first_answer_ms"] / 1000
        rows.append(f"| {title} | {question(name)} | {' | '.join(sizes)} | {answer:.2f} s |")
    return "\n".join(rows) + "\n"


def question(name: str) -> str:
    """Describe a package's query, by the docstring of its `answer`."""
    module = ast.parse((SOURCES / f"{ANSWERS_OF.get(name, name)}.py").read_text(encoding="utf-8"))
    (answer,) = (each for each in module.body if isinstance(each, ast.FunctionDef) and each.name == "answer")
    return (ast.get_docstring(answer) or "").rstrip(".")


def version(requirement: str, figures: dict[str, Any]) -> str:
    """Return the installed version of a requirement's package."""
    versions = {canonicalize_name(name): version for name, version in figures["versions"].items()}
    return str(versions[canonicalize_name(Requirement(requirement).name)])


if __name__ == "__main__":
    sys.exit(main())
