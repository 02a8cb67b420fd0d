"""Add a notice to the first frame of each answer, which a panel shows in its corner."""

from __future__ import annotations

import json
from typing import Any

_HEADER = "FromAlert"


def add(response: bytes, request: bytes, text: str) -> bytes:
    """Add a warning to a pluginv2.QueryDataResponse, except for alert rules, which show no notices."""
    import pyarrow as pa  # noqa: PLC0415  # only when there is something to say
    from pluginv2 import backend_pb2 as pb  # noqa: PLC0415

    if pb.QueryDataRequest.FromString(request).headers.get(_HEADER) == "true":
        return response
    answer = pb.QueryDataResponse.FromString(response)
    for each in answer.responses.values():
        if each.frames:
            try:
                each.frames[0] = _add_notice(each.frames[0], text)
            except pa.ArrowInvalid:  # frames as JSON
                continue
    return bytes(answer.SerializeToString())


def _add_notice(frame: bytes, text: str) -> bytes:
    import pyarrow as pa  # noqa: PLC0415

    table = pa.ipc.open_file(pa.py_buffer(frame)).read_all()
    metadata: dict[bytes, bytes] = dict(table.schema.metadata or {})
    meta: dict[str, Any] = json.loads(metadata.get(b"meta") or b"{}")
    meta["notices"] = [*(meta.get("notices") or []), {"severity": "warning", "text": text}]
    metadata[b"meta"] = json.dumps(meta, ensure_ascii=False).encode()
    sink = pa.BufferOutputStream()
    noted = table.replace_schema_metadata(metadata)
    with pa.ipc.new_file(sink, noted.schema) as writer:
        writer.write_table(noted)
    return bytes(sink.getvalue().to_pybytes())
