"""The template: answers become a tree of files, independent of the machine."""

import compileall
import html
import json
import os
import re
import shutil
import stat
import sys
import tomllib
import zipfile
from dataclasses import fields, replace
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt
from projects import SALES

from gfplug import files, resources
from gfplug.errors import ToolError
from gfplug.scaffold import choices, template
from gfplug.scaffold.template import Answers

AWKWARD = replace(
    SALES,
    title="""R&D "<Größen>" $HOME \\ {= 7*7 =} {{ x }} 'é'😀 #1""",
    description="%}: - |",
    author="O'Neil, Inc.",
)
EXAMPLES = pytest.mark.parametrize("example", choices.EXAMPLES)


def render_files(folder: Path, answers: Answers = SALES) -> dict[str, bytes]:
    """Render a project, and map its paths to their content."""
    template.render(answers, folder)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module", params=choices.EXAMPLES)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Render a project with awkward answers, for each example."""
    return render_files(tmp_path_factory.mktemp("project"), replace(AWKWARD, example=request.param))


def test_the_questions_of_copier_match_the_answers() -> None:
    """Copier would not report a missing question or answer."""
    questions = yaml.safe_load((resources.folder("template") / "copier.yml").read_text(encoding="utf-8"))

    keys = {key for key in questions if not key.startswith("_")}

    assert keys == {field.name for field in fields(Answers)} | {"layer"}


def test_no_template_syntax_is_left(project: dict[str, bytes]) -> None:
    """Every expression and block is rendered, and no file has the suffix."""
    texts = {name: re.sub(rb"\{= 7\\?\*7 =\}", b"", content) for name, content in project.items() if ".whl" not in name}

    assert not [name for name in project if name.endswith(".jinja")]
    assert not [name for name, content in texts.items() if re.search(rb"\{=|=\}|\{%#|#%\}", content)]


def test_awkward_answers_are_not_changed(project: dict[str, bytes]) -> None:
    """Quotes, markup, braces and emoji are the same in JSON, TOML and YAML."""
    plugin, pyproject = json.loads(project["plugin.json"]), tomllib.loads(project["pyproject.toml"].decode())
    source = yaml.safe_load(project["provisioning/datasources/datasource.yaml"])["datasources"][0]

    assert (plugin["name"], plugin["info"]["description"]) == (AWKWARD.title, AWKWARD.description)
    assert pyproject["project"]["authors"] == [{"name": AWKWARD.author}]
    assert source["name"] == AWKWARD.title.replace("$", "$$")
    for name, content in project.items():
        if name.endswith((".yaml", ".yml")):
            yaml.safe_load(content)
        elif name.endswith(".json"):
            json.loads(content)


@pytest.mark.parametrize(
    "title",
    ["it's", "O'Neil *DB* [new](x) C#", "<script>x</script> &amp; `y`", "a_b _c_ \\d #", "~~gone~~", "#1 {{ x }} ${y}"],
)
def test_the_readme_shows_the_title_without_markup(tmp_path: Path, title: str) -> None:
    """The heading and the line below it are tried."""
    readme = render_files(tmp_path / "p", replace(SALES, title=title, description=title))["README.md"].decode()
    heading, line = MarkdownIt("gfm-like", {"linkify": False}).render(readme).splitlines()[:2]

    assert (html.unescape(heading), html.unescape(line)) == (f"<h1>{title}</h1>", f"<p>{title}</p>")
    assert "<script>" not in heading


def test_plugin_json_enables_the_backend_and_alerting(project: dict[str, bytes]) -> None:
    """Grafana needs these keys of a backend data source in alert rules."""
    plugin = json.loads(project["plugin.json"])

    assert (plugin["type"], plugin["id"]) == ("datasource", "acme-sales-datasource")
    assert (plugin["backend"], plugin["alerting"], plugin["metrics"]) == (True, True, True)
    assert plugin["executable"] == "gpx_sales"
    assert {"logos", "version", "updated", "keywords"} <= plugin["info"].keys()
    assert (plugin["info"]["version"], plugin["info"]["updated"]) == ("%VERSION%", "%TODAY%")
    assert plugin["dependencies"]["grafanaDependency"] == ">=11.6.0"
    assert f"frontend/{plugin['info']['logos']['small']}" in project


def test_dashboard_and_rule_use_the_provisioned_data_source(project: dict[str, bytes]) -> None:
    """They have its uid and type; the rule's condition is a comparison."""
    source = yaml.safe_load(project["provisioning/datasources/datasource.yaml"])["datasources"][0]
    (rule,) = yaml.safe_load(project["provisioning/alerting/rules.yaml"])["groups"][0]["rules"]
    panels = json.loads(project["provisioning/dashboards/example.json"])["panels"]
    query, reduce, threshold = rule["data"]
    reference = {"type": source["type"], "uid": source["uid"]}

    assert source["type"] == "acme-sales-datasource"
    assert all(panel["datasource"] == reference for panel in panels)
    assert (query["datasourceUid"], query["model"]["datasource"]) == (source["uid"], reference)
    assert (reduce["model"]["type"], reduce["model"]["expression"]) == ("reduce", query["refId"])
    assert (threshold["model"]["type"], threshold["model"]["expression"]) == ("threshold", reduce["refId"])
    assert rule["condition"] == threshold["refId"]


def test_compose_starts_grafana_with_the_bundle(project: dict[str, bytes]) -> None:
    """The id is allowed, dist is mounted under it, and only this machine reaches the port."""
    services = yaml.safe_load(project["docker-compose.yaml"])["services"]
    grafana = services["grafana"]

    assert grafana["environment"]["GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS"] == "acme-sales-datasource"
    assert "./dist:/var/lib/grafana/plugins/acme-sales-datasource:ro" in grafana["volumes"]
    assert grafana["ports"] == ["127.0.0.1:3000:3000"]
    assert ("example-api" in services) == ("example_api/server.py" in project)


def test_byte_compiled_files_are_not_rendered(tmp_path: Path, own_template: Path) -> None:
    """Pip compiles the template's Python files when it installs a wheel."""
    compileall.compile_dir(own_template, quiet=2)
    assert list(own_template.rglob("__pycache__"))

    assert not [name for name in render_files(tmp_path / "out") if "__pycache__" in name or name.endswith(".pyc")]


@EXAMPLES
def test_the_same_answers_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example: str) -> None:
    """The folder's name, the time, the repository of a git hook and the user's copier settings have no effect.

    Inside a hook, git sets its repository in the environment; copier would take it for the template's.
    """
    from copier._settings import load_settings  # noqa: PLC0415  # half a second, for this test alone

    settings = tmp_path / "settings.yml"
    settings.write_text("defaults:\n  title: Not this\ntrust: ['/']\n")
    trees = []
    for folder in (tmp_path / "one", tmp_path / "deeper" / "two"):
        template.render(replace(SALES, example=example), folder)
        template.store_for_upgrades(folder, replace(SALES, example=example))
        trees.append({path.relative_to(folder): path.read_bytes() for path in files.walk(folder)})
        for name, value in {"GIT_DIR": ".git", "GIT_INDEX_FILE": "index", "COPIER_SETTINGS_PATH": settings}.items():
            monkeypatch.setenv(name, str(value))

    assert trees[0] == trees[1]
    assert load_settings().defaults == {"title": "Not this"}
    assert os.environ["GIT_DIR"] == ".git"


def test_the_base_has_only_the_users_files(tmp_path: Path) -> None:
    """Owned folders are replaced whole, so they need no base for a merge."""
    template.render(SALES, tmp_path)
    template.store_for_upgrades(tmp_path, SALES)

    with zipfile.ZipFile(tmp_path / template.BASE_NAME) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}

    assert {"README.md", "plugin.json", "src/plugin/datasource.py", ".github/workflows/ci.yml"} <= members.keys()
    assert not [name for name in members if name.startswith(("src/pluginv2/", "vendor/", ".gfplug/"))]
    assert all((tmp_path / name).read_bytes() == content for name, content in members.items())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("project/broken.jinja", b"{= nothing_of_this_name =}"),
        ("project/broken.jinja", b"{% if %}"),
        ("project/broken.jinja", b"\xff"),
        ("copier.yml", b"a: [\n"),
    ],
)
@pytest.mark.filterwarnings("ignore:Exception ignored .*<posix.ScandirIterator")  # a warning of copier after a failure
def test_a_broken_template_is_a_tool_error(tmp_path: Path, own_template: Path, name: str, content: bytes) -> None:
    """Copier may raise anything; the user gets one sentence."""
    (own_template / name).write_bytes(content)

    with pytest.raises(ToolError, match="the template could not be rendered"):
        template.render(SALES, tmp_path / "out")


@pytest.fixture
def own_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use a copy of the template, which a test may change."""
    target = tmp_path / "shipped" / "template"
    shutil.copytree(resources.folder("template"), target)
    monkeypatch.setattr(resources, "folder", lambda name: target.parent / name)
    return target


def test_hybrid_projects_have_a_route_and_a_hook(tmp_path: Path) -> None:
    """Grafana's proxy adds the token of the route; other projects run no code in the browser."""
    hybrid = render_files(tmp_path / "hybrid", replace(SALES, example="http", mode="hybrid"))
    plain = render_files(tmp_path / "plain", replace(SALES, example="http"))
    (route,) = json.loads(hybrid["plugin.json"])["routes"]

    assert route["path"] == "sales"
    assert route["headers"] == [{"name": "Authorization", "content": "Bearer {{ .SecureJsonData.token }}"}]
    assert "tests/test_parity.py" in hybrid
    assert b"\nexports.query = " in hybrid["frontend/hooks.js"]
    assert "routes" not in json.loads(plain["plugin.json"])
    assert all(line.startswith(b"//") for line in plain["frontend/hooks.js"].splitlines())


@EXAMPLES
def test_react_projects_have_sources_instead_of_hooks(tmp_path: Path, example: str) -> None:
    """Esbuild is the only package, and the lock names no registry; sources come from the dataclasses."""
    project = render_files(tmp_path, replace(SALES, example=example, frontend="react"))
    lock = json.loads(project["frontend/package-lock.json"])["packages"]

    assert "frontend/hooks.js" not in project
    assert not [name for name in project if name.startswith("frontend/src/")]
    assert {name for name in lock if "esbuild" not in name} == {""}
    assert not [entry for entry in lock.values() if "resolved" in entry]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_provisioning_files_are_readable_for_grafana(tmp_path: Path) -> None:
    """Compose mounts the folder, and Grafana runs as another user, so the umask must not matter."""
    mask = os.umask(0o077)
    try:
        template.render(SALES, tmp_path / "project")
    finally:
        os.umask(mask)
    provisioning = tmp_path / "project" / "provisioning"
    paths = [provisioning, *provisioning.rglob("*")]

    assert {path.name for path in paths if path.is_dir()} >= {"provisioning", "datasources", "dashboards", "alerting"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_file()} == {0o644}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_dir()} == {0o755}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o022, 0o644)])
def test_rendered_files_follow_the_umask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mask: int, mode: int) -> None:
    """The umask sets them, not the template, which may be read-only."""
    shutil.copytree(resources.folder("template"), tmp_path / "template")
    for path in files.walk(tmp_path / "template"):
        path.chmod(0o444)
    real = resources.folder
    monkeypatch.setattr(resources, "folder", lambda name: tmp_path / name if name == "template" else real(name))
    former = os.umask(mask)
    try:
        template.render(replace(SALES, example="http"), tmp_path / "project")
    finally:
        os.umask(former)

    root = tmp_path / "project"
    paths = [path for path in files.walk(root) if root / "provisioning" not in path.parents]  # not for Grafana
    assert {path.stat().st_mode & 0o777 for path in paths} == {mode}
