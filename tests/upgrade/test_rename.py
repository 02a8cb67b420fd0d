"""`gfplug rename`: another plugin id everywhere, in one command, and every edit stays."""

import json
from pathlib import Path

import pytest
from commands import commit
from older import ANSWERS, contents
from projects import new_project

from gfplug import cli
from gfplug.project.plugin_project import Project

OLD, NEW = "acme-sales-datasource", "acme-orders-datasource"
CODE = f'PLUGIN = "{OLD}"\nOTHER = "{OLD}-test"\nEXECUTABLE = "gpx_sales"\nTABLE = "sales"\n'


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    """Make a project in the folder with its id as name, with edits and code that contains the id."""
    root = tmp_path / OLD
    new_project(root, ANSWERS)
    (root / "src" / "plugin" / "names.py").write_text(CODE, encoding="utf-8")
    (root / "provisioning" / "dashboards" / "mine.json").write_text(json.dumps({"type": OLD}), encoding="utf-8")
    readme = root / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8") + f"\nOurs: {OLD}.\n", encoding="utf-8")
    compose = root / "docker-compose.yaml"
    text = compose.read_text(encoding="utf-8").replace(f'PLUGINS: "{OLD}"', f'PLUGINS: "{OLD},x-y-app"')
    compose.write_text(text, encoding="utf-8")
    return root


def texts(root: Path) -> dict[str, str]:
    """Read the project's texts, except gfplug's own files."""
    return {
        path: content.decode()
        for path, content in contents(root).items()
        if not path.startswith((".gfplug/", "vendor/", "src/pluginv2/"))
    }


def test_the_new_id_is_everywhere(sales: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Manifest, compose, provisioning, code and folder; `-test` is another name; a table of that name stays."""
    commit(sales)

    assert cli.main(["rename", "acme-orders", str(sales)]) == 0
    root = sales.with_name(NEW)
    assert capsys.readouterr().out.strip() == str(root)
    assert not sales.exists()
    after = texts(root)
    assert [path for path, text in after.items() if OLD in text.replace(f"{OLD}-test", "")] == []
    assert after["src/plugin/names.py"] == CODE.replace(f'"{OLD}"', f'"{NEW}"').replace("gpx_sales", "gpx_orders")
    assert json.loads(after["plugin.json"])["executable"] == "gpx_orders"
    assert f"Ours: {NEW}." in after["README.md"]
    assert f'PLUGINS: "{NEW},x-y-app"' in after["docker-compose.yaml"]
    assert json.loads(after["provisioning/dashboards/mine.json"]) == {"type": NEW}
    assert Project(root).changed_owned() == {}
    before = contents(root)
    assert cli.main(["upgrade", str(root)]) == 0
    assert contents(root) == before


def test_a_renamed_project_is_as_a_new_one(tmp_path: Path) -> None:
    """If it has no edits, all bytes are those that `gfplug new` writes."""
    for name in ("sales", "orders"):
        assert cli.main(["new", f"acme-{name}", str(tmp_path / name), "--defaults", "--offline"]) == 0
    assert cli.main(["rename", "acme-orders", str(tmp_path / "sales"), "--title", "Acme Orders"]) == 0

    assert contents(tmp_path / "sales") == contents(tmp_path / "orders")


def test_a_rehearsal_changes_nothing(sales: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--dry-run` names the files."""
    before = contents(sales)

    assert cli.main(["rename", "orders", str(sales), "--dry-run"]) == 0
    output = capsys.readouterr()
    assert output.out.strip() == str(sales)
    assert "changed   src/plugin/names.py" in output.err
    assert contents(sales) == before


def test_an_existing_folder_of_the_new_name_stops_the_rename(sales: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing changes if the folder's new name is taken."""
    sales.with_name(NEW).mkdir()
    before = contents(sales)

    assert cli.main(["rename", "orders", str(sales)]) == 3
    assert f"{NEW} exists" in capsys.readouterr().err
    assert contents(sales) == before


def test_a_folder_of_another_name_stays(sales: Path) -> None:
    """Only a folder with the plugin's name is renamed; its environment is made again."""
    other = sales.rename(sales.with_name("checkout"))

    assert cli.main(["rename", "shop", str(other), "--org", "beta"]) == 0
    assert Project(other).manifest.id == "beta-shop-datasource"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["acme-sales"], 2, "the plugin id is already acme-sales-datasource"),
        (["a/b"], 2, "is a path"),
        (["Ü"], 0, ""),
        (["日本"], 2, "plugin id"),
    ],
)
def test_invalid_names_are_refused(
    sales: Path, words: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names that `gfplug new` refuses are refused here, with the same message."""
    assert cli.main(["rename", *words, str(sales)]) == code
    assert says in capsys.readouterr().err


def test_an_older_project_is_upgraded_first(sales: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rename asks for an upgrade first, so that its changes are only those of the rename."""
    path = sales / "gfplug.lock"
    locked = json.loads(path.read_text(encoding="utf-8"))
    locked["template"]["version"] = "0.1.0"
    path.write_text(json.dumps(locked), encoding="utf-8")

    assert cli.main(["rename", "orders", str(sales)]) == 3
    assert "upgrade it first" in capsys.readouterr().err
