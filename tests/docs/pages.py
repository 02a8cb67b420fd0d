"""Every fenced block of every page, and the blocks that no test here runs, each with its reason."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEMPLATE = "template/project/README.md.jinja"
AGENTS = "template/project/AGENTS.md.jinja"
ADOPTED = "template/frontends/adopted/README.md.jinja"
QUICKSTART = ("README.md", "gfplug new acme-sales          # makes ./acme-sales-datasource")
ENGINES = ("docs/how-to.md", "from collections.abc import Callable")
SHELL = ("", "console", "sh")
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

NOT_RUN = {
    (
        "README.md",
        "Grafana ──starts──▶ gpx_sales_linux_amd64      your class in src/plugin/datasource.py,",
    ): "a drawing",
    ("docs/architecture.md", "your machine                                   Grafana's server"): "a drawing",
    (
        "docs/preview.md",
        "$ gfplug preview",
    ): "runs until Ctrl-C; tests/processes/bundle/test_preview.py does it",
    ("README.md", "make demo"): "downloads packages; `.ci/run` runs it",
    ("README.md", "make test"): "it is what runs this test",
    ("README.md", "python3 -m venv gfplug-env"): "downloads packages; `make demo` installs as it does",
    ("docs/tutorial.md", "python3 -m venv gfplug-env"): "downloads packages; `make demo` installs as it does",
    ("docs/services.md", "go tool pprof -top 'http://localhost:6060/debug/pprof/profile?seconds=10'"): (
        "asks a plugin that Grafana runs; tests/conformance/test_profiles.py asks one"
    ),
    ENGINES: "asks servers that few machines have; test_engines.py asks those that it is told of",
    (
        "docs/operators.md",
        "id=acme-sales-datasource archive=acme-sales-datasource-0.2.0.linux_amd64.zip",
    ): "stops a Grafana; test_operators.py runs it in a folder of its own",
    ("docs/operators.md", "id=acme-sales-datasource"): "likewise",
    ("docs/building.md", "docker build -t plugin-builder ."): "needs Docker; what it runs is looked at",
    (
        "benchmarks/README.md",
        "python -m pip install -e '.[benchmarks]' -e runtime",
    ): "downloads; tests/processes/test_benchmarks.py runs the rest",
    (
        "tests/conformance/README.md",
        "python -m pytest tests/conformance                 everything (a few minutes; add -n 2 to use two cores)",
    ): "the suite itself",
    ("tests/conformance/README.md", "cd tests/conformance && go build -o ./conformance-host ./host"): (
        "needs Go; the suite's own programs.py does it"
    ),
    ("tests/platforms/README.md", "python -m pip install ."): "needs Go, takes minutes; ci.yml runs it",
    (TEMPLATE, ". ~/gfplug-env/bin/activate         # in a new terminal; Windows: ~\\gfplug-env\\Scripts\\activate"): (
        "downloads packages; tests/generated/test_second_person.py does it"
    ),
    (TEMPLATE, "gfplug release --dry-run           # checks, builds, and describes the release"): (
        "takes minutes; tests/processes/checks/test_release.py has each step"
    ),
    (
        ADOPTED,
        (
            "python3 -m venv ~/gfplug-env && . ~/gfplug-env/bin/activate    # once; "
            "Windows: ~\\gfplug-env\\Scripts\\activate"
        ),
    ): "needs npm; tests/processes/scaffold/test_adopt.py adopts and builds",
}
"""Page and first line of a block, and the reason why no test here runs it."""

INLINE_NOT_RUN = {
    "gfplug build --clean": "takes a minute; tests/build/test_build_signals.py runs it",
    "gfplug build --libc bundled": "tests/build/test_roots.py runs it",
    "gfplug call query --url http://localhost:8000 --secret 'token=$TOKEN'": "is about the block above, which is run",
    "gfplug doctor --explain 'the line'": "stands for a line; tests/processes/errors has many",
    "gfplug doctor --explain -": "reads standard input; tests/cli/checks/test_doctor.py has the command",
    "gfplug merge *.zip": "merges several machines' archives; tests/cli/bundle/test_combine.py does it",
    "gfplug new --offline": "an option to add to the others",
    "gfplug new myds --sdk-version v0.250.0": "fetches; tests/network does",
}
"""Commands with arguments in running text, and the reason why no test here runs them."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; `page` is its path from the root."""

    page: str
    number: int
    language: str
    text: str

    @property
    def key(self) -> tuple[str, str]:
        """The block's key in tables: its page and its first line."""
        return self.page, self.text.strip().partition("\n")[0].strip()

    def __str__(self) -> str:
        """Return the block's name for the id of a test."""
        return f"{self.page}:{self.number}"


def pages() -> list[str]:
    """List the pages that people read."""
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()}
    paths = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/*/README.md")]
    paths += [path for path in ROOT.glob("*/README.md") if path.parent.name not in ignored]  # `make demo` makes it
    paths += [*ROOT.glob("template/**/*.md.jinja"), *ROOT.glob("template/**/*.md")]
    return sorted({path.relative_to(ROOT).as_posix() for path in paths})


def text_of(page: str) -> str:
    """Read a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks_in(page: str, text: str) -> list[Block]:
    """List the fenced blocks of a text."""
    return [Block(page, at, language, content) for at, (language, content) in enumerate(_FENCED.findall(text))]


def blocks() -> list[Block]:
    """List every block, except those of the reference: a test compares all of that page."""
    return [block for page in pages() if page != "docs/reference.md" for block in blocks_in(page, text_of(page))]


def shell_blocks() -> list[Block]:
    """List the blocks that a shell runs, except those of the tutorial and the template, which have other tests."""
    return [
        block
        for block in blocks()
        if block.language in SHELL
        and block.key not in NOT_RUN
        and block.page not in {"docs/tutorial.md", TEMPLATE, AGENTS}
    ]


def python_blocks() -> list[Block]:
    """List the blocks that are Python, except those of the tutorial and those that need a server."""
    return [
        block
        for block in blocks()
        if block.language == "python" and block.page != "docs/tutorial.md" and block.key not in NOT_RUN
    ]


def inline_commands() -> list[str]:
    """List the commands in running text that have arguments and no placeholder such as NAME."""
    lines: set[str] = set()
    for page in pages():
        if page in {"docs/reference.md", "CHANGELOG.md"}:
            continue
        text = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
        lines |= {line for line in re.findall(r"`(gfplug [^`\n]+)`", text) if re.search(r" (-|\S*[*.\"])", line)}
    return sorted(line for line in lines if not re.search(r"\b[A-Z]+\b(?<!TOKEN)|[|\[]|\{=", line))
