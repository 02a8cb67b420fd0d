"""`--watch`: asked again at each save, until Ctrl-C."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplug.commands import call_options
from gfplug.errors import ToolError

if TYPE_CHECKING:
    import pytest

    from gfplug.project.plugin_project import Project


def test_each_save_asks_again_also_after_a_failure(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What failed is told; the next save may mend it, and Ctrl-C ends without a traceback."""
    asked: list[int] = []
    looks = iter(range(3))

    def ask() -> None:
        asked.append(len(asked))
        if len(asked) == 1:
            raise ToolError("broken today")

    def sleep(_seconds: float) -> None:
        look = next(looks)
        if look == 2:
            raise KeyboardInterrupt
        if look == 1:
            (project.source / "datasource.py").write_text("x = 1")

    monkeypatch.setattr("time.sleep", sleep)
    call_options.watched(project.root, ask)

    assert asked == [0, 1]
    assert "broken today" in capsys.readouterr().err
