"""Projects of gfplug 0.1, with the runtime in `src/gfruntime` and the editors in `frontend/stub`, get the library.

`tests/fixtures/projects-0.1.tar.xz` holds one of each kind, as gfplug 0.1 made them: `signals`, `http`, `hybrid`,
`react`, and `adopted`, a plugin with a backend beside its frontend. The archive is never made again.
"""

import json
import shutil
import tomllib
from pathlib import Path

import pytest
import quick_archive
from commands import commit
from environments import shared
from older import assert_becomes_fresh, contents, passes_its_tests, run_in
from once import run_folder

from gfplug import cli
from gfplug.project.plugin_project import Project

KINDS = {"signals": "", "http": "", "hybrid": "", "react": "", "adopted": "backend"}
EDITS = {
    "README.md": ("gfplug call query", "# ours\ngfplug call query"),
    "plugin.json": ('"name":', '"state": "beta",\n  "name":'),
    "plugin.spec": ("HIDDEN_IMPORTS = []", 'HIDDEN_IMPORTS = ["statistics"]'),
    "src/plugin/datasource.py": ("class Datasource", "class Extra:\n    pass\n\n\nclass Datasource"),
    ".github/workflows/ci.yml": ("timeout-minutes: 30", "timeout-minutes: 45"),
}
"""An author's edits in each kind of project that has the file."""
NEEDED = ("idna", "certifi", "charset-normalizer")
"""The dependencies that an author added."""


@pytest.fixture(params=list(KINDS))
def first(request: pytest.FixtureRequest, projects: Path, tmp_path: Path) -> Path:
    """Copy the project of a kind, for one test."""
    kind: str = request.param
    return shutil.copytree(projects / kind, tmp_path / kind) / KINDS[kind]


@pytest.fixture
def signals(projects: Path, tmp_path: Path) -> Path:
    """Copy the project of the default kind."""
    return shutil.copytree(projects / "signals", tmp_path / "signals")


def edit(project: Path) -> dict[str, str]:
    """Make an author's edits, and return the texts that each file must contain afterwards."""
    edits = {}
    for path, (old, edited) in EDITS.items():
        if (project / path).exists() and old in (text := (project / path).read_text(encoding="utf-8")):
            (project / path).write_text(text.replace(old, edited, 1), encoding="utf-8")
            edits[path] = edited
    pyproject = project / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    for before, line in zip(('  "msgspec', '  "protobuf', "]\n\n[project.opt"), NEEDED, strict=True):
        text = text.replace(before, f'  "{line}>=2",  # ours\n{before}', 1)
        edits[line] = f'  "{line}>=2",  # ours'
    pyproject.write_text(text.replace('"src/plugin", ', '"src/plugin", "src/mine", '), encoding="utf-8")
    return edits


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return an interpreter with the requirements of the author's project."""
    return shared(run_folder(tmp_path_factory), NEEDED)


@pytest.mark.long
@pytest.mark.bundles
def test_every_edit_is_there_and_the_bundle_answers(first: Path, packages: str) -> None:
    """Nothing conflicts, old tests pass, the built plugin answers, and a second upgrade changes nothing."""
    edits = edit(first)

    assert cli.main(["upgrade", str(first)]) == 0
    for path, text in edits.items():
        place = first / path if (first / path).exists() else first / "pyproject.toml"
        assert text in place.read_text(encoding="utf-8"), path
    pyproject = tomllib.loads((first / "pyproject.toml").read_text(encoding="utf-8"))
    names = [line.partition(">")[0].partition(" ")[0] for line in pyproject["project"]["dependencies"]]
    assert sorted(names) == ["certifi", "charset-normalizer", "gfruntime", "grpcio", "idna", "protobuf"]
    assert pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [
        "src/plugin",
        "src/mine",
        "src/pluginv2",
    ]
    assert not (first / "src" / "gfruntime").exists()
    assert not (first / "frontend" / "stub").exists()
    assert Project(first).changed_owned() == {}
    passes_its_tests(first)
    before = contents(first)
    assert cli.main(["upgrade", str(first)]) == 0
    assert contents(first) == before
    build_result = run_in(first, quick_archive.__file__, "build", first, "--python", packages)
    assert build_result.code == 0, build_result.err
    health = json.loads(run_in(first, "gfplug", "call", "health", "dist", "--json").out)
    assert health["status"] == "OK" or "could not be asked" in health["message"]  # no API runs here


@pytest.mark.parametrize("kind", ["signals", "hybrid"])
def test_an_untouched_project_becomes_a_fresh_one(projects: Path, tmp_path: Path, kind: str) -> None:
    """This holds for every choice of gfplug 0.1."""
    assert_becomes_fresh(shutil.copytree(projects / kind, tmp_path / "old"), tmp_path / "fresh")


@pytest.mark.parametrize("path", ["src/gfruntime/log.py", "frontend/stub/query.js"])
def test_an_edited_runtime_or_editor_stops_the_upgrade(
    signals: Path, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The difference is only the author's edit; `--force` keeps a copy."""
    commit(signals)
    file = signals / path
    file.write_text(file.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    commit(signals)
    before = contents(signals)

    assert cli.main(["upgrade", str(signals)]) == 3
    output = capsys.readouterr().err
    assert f"{path} (edited)" in output
    assert [line for line in output.splitlines() if line.startswith(("+", "-")) and line[:3] not in {"+++", "---"}] == [
        "+# mine"
    ]
    assert "--force" in output
    assert contents(signals) == before
    assert cli.main(["upgrade", str(signals), "--force"]) == 0
    assert (signals / ".gfplug" / "backup" / "1" / path).read_text(encoding="utf-8").endswith("# mine\n")
    assert not file.exists()


@pytest.mark.parametrize("words", [["build"], ["call", "health"], ["dev"], ["proto", "upgrade", "--offline"]])
def test_commands_that_need_the_runtime_library_ask_for_an_upgrade(
    signals: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The message comes before anything is installed or changed."""
    before = contents(signals)

    assert cli.main([*words, str(signals)]) == 3
    output = capsys.readouterr().err
    assert "runtime is a library" in output
    assert "gfplug upgrade" in output
    assert contents(signals) == before


def test_a_bytecode_cache_of_the_former_runtime_is_not_taken_for_a_runtime(signals: Path) -> None:
    """The upgrade removes it; in a clone, where git leaves the cache behind, gfplug ignores it."""
    cache = signals / "src" / "gfruntime" / "calls" / "__pycache__" / "service.cpython-311.pyc"
    cache.parent.mkdir()
    cache.write_bytes(b"")

    assert cli.main(["upgrade", str(signals)]) == 0
    assert not (signals / "src" / "gfruntime").exists()
    cache.parent.mkdir(parents=True)
    cache.write_bytes(b"")
    Project(signals).require_library()


def test_hooks_that_the_author_wrote_stay(signals: Path) -> None:
    """The template now has a file of that name; the author's is not a conflict."""
    hooks = "exports.query = () => undefined;\n"
    (signals / "frontend" / "hooks.js").write_text(hooks, encoding="utf-8")

    assert cli.main(["upgrade", str(signals)]) == 0
    assert (signals / "frontend" / "hooks.js").read_text(encoding="utf-8") == hooks


LISTS = {
    "an indented bracket": 'dependencies = [\n  "grpcio>=1.85.1,<2",\n  "msgspec>=0.19",\n  "uvicorn",\n  ]\n',
    "a comment behind the bracket": 'dependencies = [\n  "msgspec>=0.19",\n  "uvicorn",\n]  # end\n',
    "one line": 'dependencies = ["grpcio>=1.85.1,<2", "msgspec>=0.19", "uvicorn"]\n',
    "no spaces": 'dependencies=[\n"msgspec>=0.19",\n"uvicorn",\n]\n',
    "no last comma": 'dependencies = [\n  "msgspec>=0.19",\n  "uvicorn"\n]\n',
    "single quotes": "dependencies = [\n  'msgspec>=0.19',\n  'uvicorn',\n]\n",
    "comments": 'dependencies = [\n  # web\n  "uvicorn",  # ours\n  "msgspec>=0.19",\n]\n',
    "a floor of the author's": 'dependencies = [\n  "grpcio>=1.90,<2",\n  "pyarrow>=23",\n  "uvicorn",\n]\n',
    "extras, markers and addresses": (
        'dependencies = [\n  "uvicorn",\n  "httpx[http2]>=0.27; python_version > \'3\'",\n'
        '  "mine @ https://example.com/mine-1-py3-none-any.whl",\n  "grpcio==1.*",\n]\n'
    ),
}


@pytest.mark.parametrize("dependencies_text", LISTS.values(), ids=list(LISTS))
def test_the_runtime_is_required_once_in_any_list_of_dependencies(signals: Path, dependencies_text: str) -> None:
    """It is in the right list; the author's entries and the rest of the file do not change."""
    path = signals / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    begin, end = text.index("dependencies = ["), text.index("[project.optional-dependencies]")
    path.write_text(f"{text[:begin]}{dependencies_text}\n{text[end:]}", encoding="utf-8")
    before = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    others = {"grpcio>=1.85.1,<2", "msgspec>=0.19", "grpcio==1.*"}

    assert cli.main(["upgrade", str(signals)]) == 0
    after = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    names = [line.partition(" ")[0] for line in after["dependencies"]]
    assert names.count("gfruntime") == 1
    assert len([name for name in names if name.startswith("grpcio")]) == 1
    assert not [name for name in names if name.startswith("msgspec")]
    assert {line for line in before["dependencies"] if line not in others} <= set(after["dependencies"])
    assert before["optional-dependencies"].items() <= after["optional-dependencies"].items()
    assert dependencies_text.count("#") <= path.read_text(encoding="utf-8").count("#")
    assert ("# ours" in path.read_text(encoding="utf-8")) == ("# ours" in dependencies_text)
    assert cli.main(["check", str(signals)]) == 0
