"""`gfplug check` knows the keys of plugin.json that Grafana documents, and reads the files that plugin.json names."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from small_bundle import MANIFEST
from small_project import small_project

from gfplug.bundle import dist as dist_of
from gfplug.bundle import packing
from gfplug.checks import check as service
from gfplug.errors import ProjectError
from gfplug.project.plugin_project import Project

if TYPE_CHECKING:
    from pathlib import Path

ID, INFO = MANIFEST["id"], MANIFEST["info"]


def write(dist: Path, name: str, content: str | bytes) -> None:
    """Write a file of the bundle."""
    path = dist / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def change(dist: Path, **keys: Any) -> None:
    """Change keys of plugin.json."""
    write(dist, "plugin.json", json.dumps({**json.loads((dist / "plugin.json").read_text()), **keys}))


def findings(dist: Path) -> list[str]:
    """List errors and warnings as a person sees them."""
    return [
        f"{finding.level}: {finding.where}: {finding.message}"
        for finding in service.check(dist).findings
        if finding.level != "note"
    ]


@pytest.mark.parametrize(
    "keys",
    [
        {"docsPath": "docs"},
        {"multiValueFilterOperators": True},
        {"mixed": False},
        {"suggestions": True},
        {"languages": []},
        {"aliasIDs": ["old-sales-datasource"]},
        {"buildMode": "production"},
        {"state": "beta"},
        {"queryOptions": {"cacheTimeout": True}},
        {"iam": {"permissions": [{"action": "datasources:read", "scope": "*"}]}},
        {"roles": [{"role": {"name": "Reader", "permissions": [{"action": "a"}]}, "grants": ["Viewer"]}]},
        {"routes": [{"path": "x", "reqAction": "a:b", "urlParams": [{"name": "a", "content": "b"}]}]},
        {"dependencies": {"grafanaDependency": ">=11.6.0", "extensions": {"exposedComponents": ["a/b/v1"]}}},
        {"info": {**INFO, "links": [{"name": "a", "url": "https://a", "target": "_blank"}]}},
        {"category": None},
        {"extensions": []},
        {"dependencies": {"grafanaDependency": ">=11.6.0", "plugins": [{"id": "a-b-app", "version": "1.0.0"}]}},
        {"routes": [{"path": "x", "tokenAuth": {"url": "https://a", "params": {"audience": "b"}}}]},
        {"enterpriseFeatures": {"anything": True}},
    ],
)
def test_grafanas_current_keys_are_known(dist: Path, keys: dict[str, Any]) -> None:
    """Keys that Grafana reads give no warning."""
    write(dist, "docs/index.md", "# Sales")
    change(dist, **keys)

    assert findings(dist) == []


@pytest.mark.shows("errors: plugin.json has a key that Grafana does not know")
@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"metricz": True}, "warning: plugin.json: metricz is not a key that Grafana knows"),
        ({"info": {**INFO, "logo": 1}}, "warning: plugin.json: info.logo is not a key that Grafana knows"),
        (
            {"includes": [{"type": "page", "pth": "x"}]},
            "warning: plugin.json: includes[0].pth is not a key that Grafana knows",
        ),
        (
            {"includes": [{"type": "dashbord", "path": "x"}]},
            'warning: plugin.json: includes[0].type is "dashbord", which is not one of',
        ),
        ({"includes": [{"name": "x"}]}, "error: plugin.json: includes[0] has no type"),
        ({"includes": ["x"]}, 'error: plugin.json: includes[0] is "x", not an object'),
        ({"includes": [{"type": "page", "addToNav": 1}]}, "error: plugin.json: includes[0].addToNav is 1, not true or"),
        ({"languages": "de-DE"}, 'error: plugin.json: languages is "de-DE", not a list'),
        ({"languages": [1]}, "error: plugin.json: languages[0] is 1, not text"),
        (
            {"queryOptions": {"minInterval": "yes"}},
            'error: plugin.json: queryOptions.minInterval is "yes", not true or',
        ),
        (
            {"dependencies": {"grafanaDependency": ">=11.6.0", "plugins": ["x"]}},
            "error: plugin.json: dependencies.plug",
        ),
        ({"state": "gamma"}, 'warning: plugin.json: state is "gamma", which is not one of'),
        ({"info": {**INFO, "keywords": [1]}}, "error: plugin.json: info.keywords[0] is 1, not text"),
        ({"info": {**INFO, "screenshots": [{"name": "a"}]}}, "warning: plugin.json: info.screenshots[0] has no path"),
        (
            {"info": {**INFO, "screenshots": [{"path": "img/a.png"}]}},
            "error: plugin.json: it names img/a.png, which is not in the bundle",
        ),
        ({"docsPath": "docs"}, "warning: plugin.json: docsPath names docs, but the bundle has no file below it"),
        ({"docsPath": 1}, "error: plugin.json: docsPath is 1, not text"),
        (
            {"includes": [{"type": "dashboard", "path": "dashboards/gone.json"}]},
            "error: plugin.json: includes[0].path names dashboards/gone.json, which is not in the bundle",
        ),
        ({"includes": [{"type": "dashboard"}]}, "error: plugin.json: includes[0] is a dashboard without a path"),
        (
            {"includes": [{"type": "dashboard", "path": "img/logo.svg"}]},
            "error: plugin.json: includes[0].path is 'img/logo.svg', which is not a .json file",
        ),
        ({"languages": ["de-DE"]}, f"error: plugin.json: languages names de-DE, but locales/de-DE/{ID}.json is not in"),
        ({"languages": ["german!"]}, "error: plugin.json: languages names 'german!', which is not a language"),
    ],
)
def test_a_mistake_in_plugin_json_is_a_finding(dist: Path, keys: dict[str, Any], sentence: str) -> None:
    """The finding has the place and the value, at every depth."""
    change(dist, **keys)

    assert [each for each in findings(dist) if each.startswith(sentence)]


@pytest.mark.shows("errors: plugin.json has a key that Grafana does not know")
@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("dashboards/a.json", '{"title": ', "error: dashboards/a.json: it is not valid JSON"),
        ("dashboards/a.json", "[]", "error: dashboards/a.json: it is not a dashboard: it is not a JSON object"),
        ("dashboards/a.json", "{}", "error: dashboards/a.json: it is not a dashboard: it has neither"),
        ("dashboards/a.json", '{"dashboard": {"title": "a"}}', "error: dashboards/a.json: it has the dashboard inside"),
        (
            "dashboards/a.json",
            b'\xef\xbb\xbf{"title": "a"}',
            "error: dashboards/a.json: it is not valid JSON: it begins",
        ),
        (
            "dashboards/a.json",
            '{"title": "ä"}'.encode("latin-1"),
            "error: dashboards/a.json: it is not valid JSON: it is",
        ),
        ("dashboards/a.json", '{"title": NaN}', "error: dashboards/a.json: it is not valid JSON: it contains NaN"),
        ("dashboards/other.json", "{", "error: dashboards/other.json: it is not valid JSON"),
        ("schema/v0alpha1.json", "{'a': 1}", "error: schema/v0alpha1.json: it is not valid JSON"),
        (f"locales/de-DE/{ID}.json", "{", f"error: locales/de-DE/{ID}.json: it is not valid JSON"),
        (f"locales/de-DE/{ID}.json", "[]", f"error: locales/de-DE/{ID}.json: it is not a JSON object of texts"),
        (f"locales/de-DE/{ID}.json", '{"a": {"b": 1}}', f"error: locales/de-DE/{ID}.json: a.b is '1', not a text"),
        (f"locales/fr-FR/{ID}.json", "{}", f"warning: locales/fr-FR/{ID}.json: Grafana does not load it: languages"),
    ],
)
@pytest.mark.parametrize("is_packed", [False, True])
def test_all_json_of_a_bundle_is_checked(
    dist: Path, tmp_path: Path, name: str, content: str | bytes, sentence: str, *, is_packed: bool
) -> None:
    """Dashboards, locales and other JSON are read, in a folder and in an archive."""
    write(dist, "dashboards/a.json", '{"title": "a", "panels": []}')
    write(dist, f"locales/de-DE/{ID}.json", '{"editor": {"table": "Tabelle"}, "limit": "Grenze"}')
    change(dist, includes=[{"type": "dashboard", "path": "dashboards/a.json"}], languages=["de-DE"])
    assert findings(dist) == []
    write(dist, name, content)
    target = tmp_path / "x.zip" if is_packed else dist
    if is_packed:
        packing.pack(dist, target)

    assert [each for each in findings(target) if each.startswith(sentence)]


@pytest.mark.parametrize(
    ("key", "hint"),
    [("metricz", "did you mean metrics?"), ("Streaming", "did you mean streaming?"), ("wholly-other", "")],
)
def test_a_misspelt_key_has_a_suggestion(dist: Path, key: str, hint: str) -> None:
    """The message names the key that was probably meant."""
    change(dist, **{key: True})

    assert [each.hint for each in service.check(dist).findings if each.rule == "manifest-unknown"] == [hint]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_to_a_file_of_the_bundle_is_followed(dist: Path) -> None:
    """A logo may be a link; JSON behind a link is checked."""
    (dist / "img/small.svg").symlink_to("logo.svg")
    write(dist, "dashboards/a.json", '{"title": "a"}')
    (dist / "dashboards/b.json").symlink_to("a.json")
    change(dist, info={**INFO, "logos": {"small": "img/small.svg", "large": "img/logo.svg"}})

    assert [each for each in findings(dist) if each.startswith("error")] == []


def test_json_of_python_packages_is_not_checked(dist: Path) -> None:
    """Libraries may contain any files."""
    write(dist, "_internal_linux_amd64/package/broken.json", "{")

    assert findings(dist) == []


@pytest.mark.shows("errors: plugin.json has a key that Grafana does not know")
@pytest.mark.parametrize(
    ("path", "keys", "content", "sentence"),
    [
        ("frontend/dashboards/a.json", {}, "{", "error: dashboards/a.json: it is not valid JSON"),
        ("frontend/other/a.json", {"includes": [{"type": "dashboard", "path": "other/a.json"}]}, "{}", "error: plugin"),
        ("frontend/locales/de.json", {}, '{"a": 1}', "error: frontend/locales: "),
        ("frontend/locales/de.json", {}, "{", "error: frontend/locales: "),
        ("frontend/locales/de.json", {"languages": ["de"]}, "{}", "error: plugin.json: languages names de, but loc"),
        (
            "frontend/logo.svg",
            {"info": {**INFO, "logos": {"small": "logo.svg", "large": "logo.svg"}}},
            "",
            "error: plu",
        ),
    ],
)
def test_a_project_is_checked_by_the_files_that_a_build_takes(
    tmp_path: Path, path: str, keys: dict[str, Any], content: str, sentence: str
) -> None:
    """A file in another folder counts as missing."""
    small_project(tmp_path)
    change(tmp_path, **keys)
    before = findings(tmp_path)
    write(tmp_path, path, content)
    if keys:
        change(tmp_path, **keys)
    after = findings(tmp_path)

    assert [each for each in after if each.startswith(sentence)], after
    assert keys or not [each for each in before if each.startswith(sentence)]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("datasources/a.yaml", "a: 1\na: 2\n", "is not valid YAML: the key 'a' of line 1 appears again at line 2"),
        ("alerting/a.yml", "a: [", "is not valid YAML: "),
        ("dashboards/a.json", "{", "it is not valid JSON: "),
        ("dashboards/a.json", b"\xef\xbb\xbf{}", "it is not valid JSON: it begins with a byte order mark"),
    ],
)
def test_invalid_provisioning_is_an_error(tmp_path: Path, name: str, content: str | bytes, sentence: str) -> None:
    """Grafana would not start, or would skip the dashboard."""
    small_project(tmp_path)
    write(tmp_path, "provisioning/datasources/good.yaml", "datasources: []\n")
    assert not [each for each in findings(tmp_path) if "provisioning" in each]
    write(tmp_path, f"provisioning/{name}", content)

    (problem,) = [each for each in findings(tmp_path) if each.startswith(f"error: provisioning/{name}: ")]
    assert sentence in problem


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("name", ["README.md", "frontend/img/more.svg", "frontend/dashboards/a.json"])
def test_a_link_that_build_refuses_is_an_error(tmp_path: Path, name: str) -> None:
    """A link out of the project could put a private file into the archive."""
    project, outside = small_project(tmp_path / "project").root, tmp_path / "outside.json"
    outside.write_text("{}")
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).unlink(missing_ok=True)
    (project / name).symlink_to(outside)
    with pytest.raises(ProjectError) as excinfo:
        dist_of.shipped_files(Project(project))

    assert [each for each in findings(project) if each == f"error: frontend: {excinfo.value.message}"]
