"""Uses of the protocol in code: attributes, keywords, methods, texts and imports, in files that import it."""

from pathlib import Path

from gfplug import usage

CODE = """from pluginv2 import backend_pb2 as pb
from pluginv2.backend_pb2 import StatusResult

def ask(context):
    if context.HasField("user"):
        return pb.DataQuery(refId="A", maxDataPoints=context.namespace)

class Service:
    async def QueryChunkedData(self, request): ...
"""
NAMES = {"StatusResult", "user", "DataQuery", "refId", "namespace", "QueryChunkedData", "absent"}


def test_each_use_of_a_name_is_found(tmp_path: Path) -> None:
    """It has the file and the line."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text(CODE)

    assert usage.find_uses(tmp_path, ["src", "missing"], NAMES) == {
        "DataQuery": ["src/a.py:6"],
        "QueryChunkedData": ["src/a.py:9"],
        "StatusResult": ["src/a.py:2"],
        "namespace": ["src/a.py:6"],
        "refId": ["src/a.py:6"],
        "user": ["src/a.py:5"],
    }


def test_a_file_without_the_import_is_skipped(tmp_path: Path) -> None:
    """`namespace` is a common word; broken files, texts and bytes are not errors."""
    (tmp_path / "a.py").write_text("import other\nprint(other.namespace)\n")
    (tmp_path / "broken.py").write_text("import pluginv2\ndef namespace(:\n")
    (tmp_path / "bytes.py").write_bytes(b"import pluginv2\n\0namespace")
    (tmp_path / "notes.txt").write_text("import pluginv2.namespace")

    assert usage.find_uses(tmp_path, ["."], NAMES) == {}


def test_a_file_that_nests_too_deeply_is_skipped(tmp_path: Path) -> None:
    """Python cannot run it, either."""
    (tmp_path / "deep.py").write_text("import pluginv2\nx = " + "-" * 100_000 + "1")

    assert usage.find_uses(tmp_path, ["."], NAMES) == {}
