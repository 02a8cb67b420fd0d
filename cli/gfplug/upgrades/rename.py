"""Change a plugin's id: in its manifest, compose file, provisioning, code, and its folder's name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug import __version__
from gfplug.errors import ProjectError, UsageError
from gfplug.project import names
from gfplug.project.environment import venv
from gfplug.project.plugin_project import Project
from gfplug.scaffold.choices import ADOPTED
from gfplug.scaffold.template import Answers
from gfplug.upgrades import origin, upgrade

if TYPE_CHECKING:
    from gfplug.upgrades.upgrade import Plan, UpgradeRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Renaming:
    """A new name for a project: the new answers, and the ids before and after."""

    before: Answers
    after: Answers

    @property
    def request(self) -> UpgradeRequest:
        """The upgrade that applies the new names."""
        new_answers = {key: text for key, text in self.after.to_json().items() if text != self.before.to_json()[key]}
        pairs = {self.before.plugin_id: self.after.plugin_id, self.before.executable: self.after.executable}
        return upgrade.UpgradeRequest(answers=new_answers, names={old: new for old, new in pairs.items() if old != new})


def plan_rename(project: Project, text: str, *, org: str | None = None, title: str | None = None) -> Renaming:
    """Parse a new name like `gfplug new`; the organisation and the title stay unless they are given.

    Raises: UsageError if the name gives no valid id, or the current id; ProjectError if the project must be upgraded
    first, or its id is that of the adopted plugin.
    """
    version = project.lock.template_version
    if version != __version__:
        raise ProjectError(f"the project was made with gfplug {version}", hint="upgrade it first: gfplug upgrade")
    before = origin.answers(project.root, version)
    if before.frontend == ADOPTED:
        raise ProjectError(
            f"{before.plugin_id} is the id of the plugin that this backend was added to",
            hint="change it in that plugin, then run gfplug adopt again",
        )
    new_names = names.parse(text)
    answers = before.to_json() | {
        "org": names.organisation(org) if org is not None else new_names.org or before.org,
        "name": new_names.org + new_names.name if org is not None else new_names.name,
        "title": before.title if title is None else title,
    }
    if before.description == f"{before.title} in Grafana":
        answers["description"] = f"{answers['title']} in Grafana"
    after = Answers(**answers)
    if after == before:
        raise UsageError(f"the plugin id is already {before.plugin_id}")
    return Renaming(before=before, after=after)


def rename(project: Project, renaming: Renaming) -> tuple[Plan, Project]:
    """Rename a project, and its folder if it has the plugin's name; return the changes, and the project.

    Raises: like `upgrade.upgrade`; ProjectError if the folder's new name exists. After an error nothing has changed.
    """
    old, new = project.root, project.root.with_name(renaming.after.plugin_id)
    is_moved = old.name == renaming.before.plugin_id and old != new
    if is_moved and new.exists():
        raise ProjectError(f"{new} exists", hint="move it away, or rename this project's folder first")
    plan = upgrade.upgrade(project, renaming.request)
    if not is_moved:
        return plan, project
    old.rename(new)
    venv.forget(new / ".venv")
    return plan, Project(Path(new))
