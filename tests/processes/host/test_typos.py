"""A mistyped name on a command line or in a provisioning file gives an error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from projects import new_project

from gfplug.cli import main

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = ["--python", sys.executable]
SOURCE, RULES = "provisioning/datasources/datasource.yaml", "provisioning/alerting/rules.yaml"
DATA_SOURCE = """\
from dataclasses import dataclass, field
from typing import Annotated, Any

from gfruntime import Frame, Health, Query, Secret, Settings, Ui


@dataclass(frozen=True)
class Tls:
    ca: str = ""


@dataclass(frozen=True)
class Options:
    host: str = "h"
    port: int = 1
    seed: int = 0
    url: Annotated[str, Ui(store="url")] = ""
    token: Secret = Secret("")
    tls: Tls = Tls()


@dataclass(frozen=True)
class Row:
    size: int = 1


@dataclass(frozen=True)
class Model:
    signal: str = "sine"
    period: float = 600.0
    amplitude: float = 1.0
    series: int = 1
    rows: list[Row] = field(default_factory=list)


class Datasource:
    def __init__(self, settings: Settings[Options]) -> None:
        self.options = settings.options

    def query(self, query: Query[Model]) -> Frame:
        return Frame.of(value=[query.model.period])

    def check_health(self) -> Health:
        return Health.ok(f"{self.options.host} {self.options.tls.ca} {self.options.token!r}")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with options, a secret, and nested dataclasses."""
    root = new_project(tmp_path_factory.mktemp("typos") / "acme-sales-datasource")
    (root / "src/plugin/datasource.py").write_text(DATA_SOURCE, encoding="utf-8")
    return root


QUERY, HEALTH = ["call", "query"], ["call", "health"]


@pytest.mark.shows("errors: a mistyped name in `--option`")
@pytest.mark.parametrize(
    ("words", "sentence", "hint"),
    [
        ([*HEALTH, "--option", "prot=5"], "no option `prot`; there are host, port, seed, tls", "did you mean port?"),
        ([*QUERY, "--option", "tls.caa=x"], "no option `tls.caa`; there is tls.ca", "did you mean tls.ca?"),
        ([*HEALTH, "--secret", "tokn=hush"], "no secret `tokn`; there is token", "did you mean token?"),
        ([*QUERY, "--set", "perod=5"], "--set: no field `perod`; there are signal, period", "did you mean period?"),
        ([*QUERY, "--model", '{"rows": [{"sise": 1}]}'], "--model: no field `rows[0].sise`; there is rows[0]", "size"),
        ([*QUERY, "--when", "last > 0", "--set", "perod=5"], "--set: no field `perod`", "did you mean period?"),
        (["call", "chunked", "--set", "perod=5"], "--set: no field `perod`", "did you mean period?"),
        (["call", "resource", "x", "--option", "prot=5"], "no option `prot`", "did you mean port?"),
        (["call", "stream", "x", "--option", "prot=5"], "no option `prot`", "did you mean port?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_name_that_is_typed_wrongly_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str, hint: str
) -> None:
    """The error lists the existing names, has exit code 2, and shows no secret's value."""
    assert main([*words, str(project), *PYTHON]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert sentence in captured.err
    assert hint in captured.err
    assert "hush" not in captured.err


def test_existing_names_and_names_of_grafana_are_accepted(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names that an HTTP client reads from every data source also pass."""
    options = ["host=x", "tls.ca=y", "httpHeaderName1=X-Y", "tlsAuth=true", "serverName=z", "timeout=3"]
    words = [word for option in options for word in ("--option", option)]
    assert main([*HEALTH, str(project), *PYTHON, *words, "--secret", "token=t", "--secret", "httpHeaderValue1=z"]) == 0
    assert "OK: x y Secret('***')" in capsys.readouterr().out
    model = '{"refId": "B", "hide": false, "key": "k", "datasource": null, "intervalMs": 5, "maxDataPoints": 3}'
    assert main([*QUERY, str(project), *PYTHON, "--model", model, "--set", 'rows=[{"size": 2}]']) == 0


@pytest.mark.shows("errors: a mistyped name in `--option`")
@pytest.mark.parametrize(
    ("file", "old", "new", "words", "sentence"),
    [
        (SOURCE, "seed: 0", "sead: 0", HEALTH, "datasource.yaml: no option `sead`; there are host, port, seed, tls"),
        (SOURCE, "jsonData:", "jsonDta:", HEALTH, "datasource.yaml: Grafana does not read `jsonDta` of a data source"),
        (RULES, "period: 600", "perod: 600", [*QUERY, "--alert"], "the rule 'The signal is up': no field `perod`"),
    ],
)
def test_a_name_that_is_provisioned_wrongly_is_refused(  # noqa: PLR0917 - the columns of a table
    project: Path, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str, words: list[str], sentence: str
) -> None:
    """The error names the file or the rule, and has exit code 3; a file of --settings is an argument."""
    text = (project / file).read_text(encoding="utf-8")
    assert old in text
    try:
        (project / file).write_text(text.replace(old, new), encoding="utf-8")
        assert main([*words, str(project), *PYTHON]) == 3
        assert sentence in capsys.readouterr().err
        if file == SOURCE:
            assert main([*words, str(project), *PYTHON, "--settings", str(project / file)]) == 2
    finally:
        (project / file).write_text(text, encoding="utf-8")


def test_provisioned_names_of_a_new_project_do_not_stop_edited_dataclasses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An author who edits the one file gets a warning about each old name, and the answer."""
    root = new_project(tmp_path / "acme-sales-datasource")
    fields = {
        "    seed: int = 0\n": "",
        "    period: float = 600.0\n": "",
        "query.model.period": "query.model.amplitude",
    }
    text = DATA_SOURCE
    for old, new in fields.items():
        text = text.replace(old, new)
    (root / "src/plugin/datasource.py").write_text(text, encoding="utf-8")
    assert main([*QUERY, str(root), *PYTHON, "--alert"]) == 0
    err = capsys.readouterr().err

    assert "datasource.yaml: no option `seed`; there are host, port, tls" in err
    assert "the rule 'The signal is up': no field `period`; there are signal, amplitude, series, rows" in err
    assert main(["check", str(root), *PYTHON]) == 3


def test_a_class_that_takes_or_reads_dicts_accepts_every_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The keys of such a class are unknown; if it only reads settings.secrets, its options are known."""
    root = new_project(tmp_path / "acme-sales-datasource")
    path = root / "src/plugin/datasource.py"
    free = DATA_SOURCE.replace("[Options]", "[dict[str, Any]]").replace("[Model]", "[dict[str, Any]]")
    free = free.replace("self.options.host} {self.options.tls.ca} {self.options.token!r}", "self.options}")
    path.write_text(free.replace("query.model.period", "query.model['perod']"), encoding="utf-8")
    assert main([*QUERY, str(root), *PYTHON, "--set", "perod=5", "--option", "x=1", "--secret", "y=1"]) == 0

    path.write_text(
        DATA_SOURCE.replace("{self.options.token!r}", "{len(self.own)}").replace(
            "self.options = settings.options", "self.options = settings.options\n        self.own = settings.secrets"
        ),
        encoding="utf-8",
    )
    assert main([*HEALTH, str(root), *PYTHON, "--secret", "y=1"]) == 0
    assert main([*HEALTH, str(root), *PYTHON, "--secret", "y=1", "--option", "prot=1"]) == 2
    assert "no option `prot`" in capsys.readouterr().err
