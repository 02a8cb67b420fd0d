"""The code of the editors: gfplug's JavaScript sources, joined into one text that every module.js contains.

The text is joined once, when gfplug's wheel is built: the build hook loads this file by path, so it imports only the
standard library. In a checkout the sources are joined at each use.

The sources in `editors/` follow conventions, which tests check, so that joining needs no parser: each file is a
CommonJS module; it requires other sources as `./name`, or PACKAGES; `/*` occurs only as the start of a comment;
`//` at the start of a line also starts a comment; other comments stay in the text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

PACKAGES = ("@grafana/data", "@grafana/runtime", "@grafana/ui", "react", "rxjs")
"""The Grafana packages that the editors require."""

SOURCES = Path(__file__).with_name("editors")
_SHIPPED = Path(__file__).parents[2] / "_data" / "editors.js"
_INSERTED = "project"
"""The module whose content the joined text receives as an argument."""

_PART = re.compile(r"^'\./(?P<name>\w+)'\(module, exports, require\) \{\n.*?\n\},\n", re.MULTILINE | re.DOTALL)
"""A source in the joined text: no line of a source is `},`."""

_BLOCK = r"/\*(?:[^*]|\*(?!/))*\*/"
_COMMENT = re.compile(rf"^[ \t]*(?://.*|{_BLOCK})\n|{_BLOCK} ?|^\n", re.MULTILINE)
"""A comment with its lines, a comment inside a line, or an empty line."""

_TEXT = """\
function createPlugin({inserted}) {{
const files = {{
{files}
}};
const modules = {{ ...{inserted}.packages, './{inserted}': {inserted} }};
function require(name) {{
  if (!(name in modules)) {{
    const module = {{ exports: {{}} }};
    files[name](module, module.exports, require);
    modules[name] = module.exports;
  }}
  return modules[name];
}}
return require('./module').plugin;
}}
"""
_FILE = """\
'./{name}'(module, exports, require) {{
{text}
}},"""


def read(*, without: Collection[str] = ()) -> str:
    """Return the joined text from gfplug's wheel, else join the checkout's sources.

    `without` names sources to leave out; no other source may require them.
    """
    text = _SHIPPED.read_text(encoding="utf-8") if _SHIPPED.is_file() else assemble(SOURCES)
    return _PART.sub(lambda part: "" if part["name"] in without else part[0], text)


def assemble(folder: Path) -> str:
    """Join the sources in a folder into one function, `createPlugin(project)`, which returns the plugin.

    The same sources give the same text, with LF line ends, without comments and empty lines. `project` is described in
    `editors/types.ts`.
    """
    paths = sorted(path for path in folder.glob("*.js") if path.stem != _INSERTED)
    files = "\n".join(_FILE.format(name=path.stem, text=_without_comments(path)) for path in paths)
    return _TEXT.format(files=files, inserted=_INSERTED)


def _without_comments(path: Path) -> str:
    return _COMMENT.sub("", path.read_text(encoding="utf-8")).strip()
