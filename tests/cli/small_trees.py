"""Small file trees and their merge as text, for the tests of the three-way merge."""

from gfplug.edits.trees import TreeFile
from gfplug.upgrades import three_way
from gfplug.upgrades.three_way import MergeResult

LONG = "".join(f"line {number}\n" for number in range(1, 31))
MINE = LONG.replace("line 2\n", "line 2, mine\n")
NEWER = LONG.replace("line 28\n", "line 28, newer\n")
BOTH = MINE.replace("line 28\n", "line 28, newer\n")
BINARY = "\0\1\2" * 9 + "0", "\0\1\2" * 9 + "1", "\0\1\2" * 9 + "2"


def tree(**files: str | bytes) -> dict[str, TreeFile]:
    """Make a tree of paths; `_dot_` and `_in_` stand for characters that Python names cannot have."""
    return {
        name.replace("_in_", "/").replace("_dot_", "."): TreeFile(text if isinstance(text, bytes) else text.encode())
        for name, text in files.items()
    }


def apply_merge(yours: dict[str, TreeFile], merge_result: MergeResult) -> dict[str, str]:
    """Return the user's tree after the merge, as text."""
    tree = {path: entry for path, entry in yours.items() if path not in merge_result.deletes}
    tree |= dict(merge_result.writes)
    return {path: entry.content.decode("latin-1") for path, entry in tree.items()}


def merge(base: dict[str, TreeFile], yours: dict[str, TreeFile], theirs: dict[str, TreeFile]) -> MergeResult:
    """Merge with the label that every test expects."""
    return three_way.merge(base, yours, theirs, label="template 2.0.0")


CONFLICT = "line 1\n<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> template 2.0.0\n"
