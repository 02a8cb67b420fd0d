"""A project requires packages at least as new as its stubs need."""

import tomllib

import pytest
from packaging.requirements import Requirement

from gfplug.errors import ProjectError
from gfplug.project import requirements

FLOORS = {"grpcio": "1.85.1", "protobuf": "7.35.1"}


def _project(*dependencies: str) -> str:
    lines = "\n".join(f'  "{text}",  # why {place}' for place, text in enumerate(dependencies))
    return f"# head\n[project]\ndependencies = [\n  # first\n{lines}\n]\n[tool.x]\ny = 1 # tail\n"


def _dependencies(text: str) -> list[str]:
    dependencies: list[str] = tomllib.loads(text)["project"]["dependencies"]
    return dependencies


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("grpcio", "grpcio>=1.85.1,<2"),
        ("grpcio>=1.60", "grpcio>=1.85.1,<2"),
        ("grpcio>1.60,!=1.70,<3", "grpcio>=1.85.1,!=1.70,<3"),
        ("grpcio>=1.60,<1.80", "grpcio>=1.85.1,<2"),
        ("grpcio~=1.80", "grpcio>=1.85.1,~=1.80"),
        (
            "grpcio[protobuf]>=1.60,<2; python_version >= '3.11'",
            'grpcio[protobuf]>=1.85.1,<2; python_version >= "3.11"',
        ),
    ],
)
def test_a_floor_that_is_too_low_is_raised(before: str, after: str) -> None:
    """The rest of the requirement stays, except an upper limit below the floor."""
    (line,) = _dependencies(requirements.raise_floors(_project(before), {"grpcio": "1.85.1"}))

    assert Requirement(line) == Requirement(after)


@pytest.mark.parametrize("text", ["grpcio>=1.85.1,<2", "grpcio >= 1.90", "grpcio==1.90.0", "GRPCIO>=2"])
def test_a_floor_that_is_high_enough_stays_unchanged(text: str) -> None:
    """The spelling of the requirement stays as well."""
    project = _project("msgspec", text)

    assert requirements.raise_floors(project, {"grpcio": "1.85.1"}) == project


def test_a_missing_dependency_is_added() -> None:
    """The stubs import both packages."""
    dependencies = _dependencies(requirements.raise_floors(_project("msgspec>=0.19"), FLOORS))

    assert dependencies == ["msgspec>=0.19", "grpcio>=1.85.1,<2", "protobuf>=7.35.1,<8"]


def test_raised_floors_keep_comments_and_order() -> None:
    """Only versions change."""
    project = _project("protobuf>=5,<8", "msgspec", "grpcio>=1.60,<2")
    expected = project.replace("protobuf>=5,<8", "protobuf>=7.35.1,<8").replace("grpcio>=1.60,<2", "grpcio>=1.85.1,<2")

    assert requirements.raise_floors(project, FLOORS) == expected


@pytest.mark.parametrize("text", ["grpcio==1.60", "grpcio===1.60", "grpcio~=1.60.0"])
def test_a_pin_below_the_floor_is_refused(text: str) -> None:
    """The author chose it, so the error shows the required change."""
    with pytest.raises(ProjectError, match=r"need grpcio 1\.85\.1 or newer") as excinfo:
        requirements.raise_floors(_project(text), FLOORS)

    assert excinfo.value.hint == "change it to grpcio>=1.85.1"


@pytest.mark.parametrize(
    "text", ["[project", "[project]\n", "x = 1", "[project]\ndependencies = 3", "[project]\ndependencies = ['=']"]
)
def test_a_pyproject_without_dependencies_is_refused(text: str) -> None:
    """Nothing is written."""
    with pytest.raises(ProjectError, match="no readable"):
        requirements.raise_floors(text, FLOORS)


@pytest.mark.parametrize(
    "value",
    [
        "[1]",
        '"x"',
        "{ a = 1 }",
        '[["a"]]',
        "[{ a = 1 }]",
        '["\\u001b[31m"]',
        "[" * 50_000,
        '["' + "x" * 2_000_000 + '"]',
    ],
)
def test_invalid_dependencies_are_one_error(value: str) -> None:
    """Several kinds of invalid values are tried."""
    with pytest.raises(ProjectError, match=r"pyproject\.toml") as excinfo:
        requirements.raise_floors(f"[project]\ndependencies = {value}\n", FLOORS)

    assert excinfo.value.message.isprintable()


def test_a_pin_with_a_wildcard_stays() -> None:
    """`==1.*` includes the floor, `==99.*` is above it."""
    text = '[project]\ndependencies = ["grpcio==1.*", "protobuf==99.*"]\n'

    assert requirements.raise_floors(text, {"grpcio": "1.60", "protobuf": "5.0"}) == (
        '[project]\ndependencies = ["grpcio>=1.60,==1.*", "protobuf==99.*"]\n'
    )


FRESH = """\
[project]
dependencies = [
  "gfruntime @ {root:uri}/vendor/gfruntime-2-py3-none-any.whl",
  "grpcio>=1.85,<2",
  "protobuf>=7,<8",
]
[tool.uv.sources]
gfruntime = { path = "vendor/gfruntime-2-py3-none-any.whl" }
"""


@pytest.mark.parametrize("tool", ["", 'tool = "x"\n', "[tool]\nuv = 1\n", "[tool.uv.sources]\ngfruntime = 7\n"])
def test_the_requirements_for_the_runtime_are_updated(tool: str) -> None:
    """The wheel and the floors are new; the author's lines, comments and order stay."""
    head = tool if tool.startswith("tool") else ""
    tail = "" if head else tool
    text = f"""\
{head}[project]
dependencies = ["httpx",  # ours
  "gfruntime @ {{root:uri}}/vendor/gfruntime-1-py3-none-any.whl", "grpcio>=1.90,<2", "protobuf>=6,<8"]
{tail}"""
    result = requirements.take_gfplug_lines(text, FRESH)

    assert result == text.replace("gfruntime-1", "gfruntime-2").replace("protobuf>=6,<8", "protobuf>=7,<8")


def test_the_path_of_the_wheel_for_uv_is_updated() -> None:
    """Both lines name the same wheel."""
    assert requirements.take_gfplug_lines(FRESH.replace("gfruntime-2", "gfruntime-1"), FRESH) == FRESH


@pytest.mark.parametrize(
    "text",
    [
        "grpcio @ https://mirror.example.com/grpcio-1.80.0-cp311-cp311-linux_x86_64.whl",
        "grpcio[protobuf] @ file:///wheels/grpcio.whl ; python_version >= '3.11'",
        "protobuf @ {root:uri}/vendor/protobuf.whl",
    ],
)
def test_a_direct_reference_stays_unchanged(text: str) -> None:
    """The author chose the file, and its version is unknown."""
    project = _project("grpcio>=2", "protobuf>=8") if "root:uri" in text else _project(text, "protobuf>=8")
    if "root:uri" in text:
        project = _project("grpcio>=2", text)

    assert requirements.raise_floors(project, FLOORS) == project
