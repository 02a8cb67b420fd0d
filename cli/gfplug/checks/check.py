"""`gfplug check` as a service: report problems of a project, a bundle or an archive before they occur."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gfplug import files
from gfplug.bundle import libc, packing
from gfplug.bundle.rules import bundle_rules, contents
from gfplug.bundle.rules.finding import LEVELS, Finding, error, note, warning
from gfplug.checks import project_rules
from gfplug.errors import ProjectError
from gfplug.host import alerting, call, rehearsal
from gfplug.project.plugin_project import Project
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gfplug.host.alerting import Rule, RuleResult

_CALL_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The target of a check, and its findings, the worst first."""

    kind: str
    path: Path
    findings: tuple[Finding, ...]

    def count(self, level: str) -> int:
        """Return the number of findings of a level."""
        return sum(finding.level == level for finding in self.findings)

    def is_good(self, *, strict: bool = False) -> bool:
        """Tell whether no finding is an error; `strict` also counts warnings."""
        return not self.count("error") and not (strict and self.count("warning"))

    @property
    def is_partial(self) -> bool:
        """Whether the check skipped a part that a build checks."""
        return any(finding.rule == "schema" and finding.level == "note" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return the report as `gfplug check --json` prints it."""
        counts = {level: self.count(level) for level in LEVELS}
        return {
            "kind": self.kind,
            "path": str(self.path),
            "counts": counts,
            "findings": [finding.to_json() for finding in self.findings],
        }


def check(path: Path, *, python: Path | None = None, is_static: bool = False) -> Report:
    """Check a project, with its `dist/` if there is one; a bundle; or an archive.

    The interpreter `python` loads the project's data source, even if gfplug has not used it before. With `is_static`,
    no code of the project runs.

    Raises: ProjectError for any other path; IntegrityError if an archive is damaged.
    """
    if path.is_file():
        return _report("archive", path, _archive(path))
    if not path.is_dir():
        raise ProjectError(f"{path} does not exist", hint="name a project, a dist/ folder or an archive")
    if (path / "gfplug.lock").is_file() or not (path / "plugin.json").is_file():
        project = Project.find(path)
        return _report("project", project.root, _project(project, python, is_static=is_static))
    return _report("bundle", path, _bundle(path))


def alerts(path: Path, *, python: Path | None = None) -> Report:
    """Start a plugin, send it the query of each alert rule of the project's provisioning, and report problems.

    Raises: ProjectError if the path is in no project; ToolError if the plugin does not start.
    """
    project = Project.find(path)
    rules = alerting.read_rules(project.root / "provisioning" / "alerting")
    if not rules:
        findings = [note("alerts", "provisioning/alerting", "the project provisions no alert rule")]
        return _report("alerts", project.root, iter(findings))
    place = call.resolve_target(path, python=python)
    source = call.settings(place, call.Overrides())
    with call.plugin(place, timeout=_CALL_TIMEOUT_SECONDS) as plugin:
        outcomes = rehearsal.rehearse(plugin, rules, source, now=datetime.now(UTC), timeout=_CALL_TIMEOUT_SECONDS)
    return _report("alerts", project.root, (each for rule, outcome in outcomes for each in _alert(rule, outcome)))


def _alert(rule: Rule, outcome: RuleResult) -> Iterator[Finding]:
    if outcome.error:
        yield error("alert", rule.title, f"the rule would end with an error: {outcome.error}", outcome.hint)
    if outcome.mistake:
        yield error("alert", rule.title, f"the rule {outcome.mistake}", outcome.hint)
    for text in outcome.warnings:
        yield warning("alert", rule.title, text)
    for each in outcome.instances:
        labels = ", ".join(f"{name}={value}" for name, value in each.labels.items())
        yield note("alert", rule.title, f"{{{labels}}} {each.state.value}")


def _report(kind: str, path: Path, findings: Iterator[Finding]) -> Report:
    ordered = sorted(dict.fromkeys(findings), key=lambda finding: LEVELS.index(finding.level))
    return Report(kind=kind, path=path, findings=tuple(ordered))


def _project(project: Project, python: Path | None, *, is_static: bool) -> Iterator[Finding]:
    yield from project_rules.check(project, python=python, is_static=is_static)
    if (project.dist / "plugin.json").is_file():
        for finding in _bundle(project.dist):
            yield Finding(**{**finding.to_json(), "where": f"dist/{finding.where}"})
    else:
        yield note("not-built", "dist", "there is no bundle yet", "`gfplug build`")


def _bundle(folder: Path) -> Iterator[Finding]:
    yield from bundle_rules.check(contents.of_folder(folder))
    floor = libc.floor(folder)
    if floor and not any(folder.glob("_internal_*/libc.so.6")):
        yield note("glibc", floor.path, f"needs glibc {floor} or newer; `gfplug build --max-glibc` enforces a limit")


def _archive(path: Path) -> Iterator[Finding]:
    with contents.of_archive(path) as bundle:
        yield from bundle_rules.check(bundle)
    digest = packing.digest_path(path)
    if digest.is_file() and documents.read_bytes(digest).split()[:1] != [files.sha256_of(path).encode()]:
        yield error("digest", digest.name, "it is not the archive's SHA-256", "build it again")
