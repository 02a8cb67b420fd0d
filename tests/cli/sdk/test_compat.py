"""Comparing two protos: the changes, their levels, and differences that do not count."""

import json

import pytest
from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from gfplug.sdk import compat
from gfplug.sdk.compat import Change, Level

BASE = """
package: "pluginv2" name: "pluginv2/backend.proto" syntax: "proto3"
message_type { name: "Query"
  field { name: "refId" number: 1 type: TYPE_STRING label: ONE json_name: "refId" }
  field { name: "limit" number: 2 type: TYPE_INT32 label: ONE json_name: "limit" }
  field { name: "range" number: 3 type: TYPE_MESSAGE type_name: ".pluginv2.Range" label: ONE json_name: "range" }
  field { name: "kind" number: 4 type: TYPE_ENUM type_name: ".pluginv2.Kind" label: ONE json_name: "kind" }
  field { name: "tags" number: 5 type: TYPE_MESSAGE type_name: ".pluginv2.Query.TagsEntry" label: MANY
    json_name: "tags" }
  nested_type { name: "TagsEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING label: ONE json_name: "key" }
    field { name: "value" number: 2 type: TYPE_STRING label: ONE json_name: "value" } }
  reserved_range { start: 9 end: 10 } reserved_name: "gone" }
message_type { name: "Range"
  field { name: "start" number: 1 type: TYPE_INT64 label: ONE json_name: "start" } }
enum_type { name: "Kind" value { name: "TABLE" number: 0 } value { name: "GRAPH" number: 1 } }
service { name: "Data"
  method { name: "QueryData" input_type: ".pluginv2.Query" output_type: ".pluginv2.Range" }
  method { name: "Check" input_type: ".pluginv2.Range" output_type: ".pluginv2.Range" } }
"""
LIMIT = 'field { name: "limit" number: 2 type: TYPE_INT32 label: ONE json_name: "limit" }'
CHECK = 'method { name: "Check" input_type: ".pluginv2.Range" output_type: ".pluginv2.Range" }'
RANGE = """message_type { name: "Range"
  field { name: "start" number: 1 type: TYPE_INT64 label: ONE json_name: "start" } }"""
EXTRA = 'field { name: "%s" number: %d type: TYPE_BOOL label: ONE json_name: "extra" }'

ADDITIONS = {
    "field": (LIMIT, LIMIT + EXTRA % ("extra", 6), "additive field-added Query.extra"),
    "rpc": (CHECK, CHECK + CHECK.replace("Check", "Ping"), "additive rpc-added Data/Ping"),
    "message": (RANGE, RANGE + ' message_type { name: "Page" }', "additive message-added Page"),
    "enum value": ("number: 1 } }", 'number: 1 } value { name: "LOGS" number: 2 } }', "additive value-added Kind.LOGS"),
    "enum alias": ("number: 1 } }", 'number: 1 } value { name: "PLOT" number: 1 } }', ""),
}
CHANGES = {
    "field removed": (LIMIT, "", "source field-removed Query.limit"),
    "field renamed": (LIMIT, LIMIT.replace("limit", "top"), "source field-renamed Query.limit"),
    "field moved": (LIMIT, LIMIT.replace("number: 2", "number: 7"), "wire field-moved Query.limit"),
    "number reused": (LIMIT, LIMIT.replace("limit", "top").replace("INT32", "BYTES"), "wire number-reused Query.limit"),
    "reserved number used": (LIMIT, LIMIT + EXTRA % ("extra", 9), "wire reserved-used Query.extra"),
    "reserved name used": (LIMIT, LIMIT + EXTRA % ("gone", 6), "wire reserved-used Query.gone"),
    "other type": (LIMIT, LIMIT.replace("INT32", "STRING"), "wire type-changed Query.limit"),
    "like type": (LIMIT, LIMIT.replace("INT32", "UINT64"), "source type-changed Query.limit"),
    "zigzag is another type": (LIMIT, LIMIT.replace("INT32", "SINT32"), "wire type-changed Query.limit"),
    "enum to number": (
        'type: TYPE_ENUM type_name: ".pluginv2.Kind"',
        "type: TYPE_INT32",
        "source type-changed Query.kind",
    ),
    "map value type": (
        'name: "value" number: 2 type: TYPE_STRING',
        'name: "value" number: 2 type: TYPE_INT32',
        "wire type-changed Query.tags",
    ),
    "repeated": (LIMIT, LIMIT.replace("ONE", "MANY"), "wire label-changed Query.limit"),
    "into a oneof": (
        LIMIT,
        LIMIT.replace("}", "oneof_index: 0 } ") + 'oneof_decl { name: "choice" }',
        "source oneof-changed Query.limit",
    ),
    "optional": (
        LIMIT,
        LIMIT.replace("}", "oneof_index: 0 proto3_optional: true } ") + 'oneof_decl { name: "_limit" }',
        "source presence-changed Query.limit",
    ),
    "json name": (
        LIMIT,
        LIMIT.replace('json_name: "limit"', 'json_name: "max"'),
        "source json-name-changed Query.limit",
    ),
    "deprecated field": (LIMIT, LIMIT.replace("}", "options { deprecated: true } }"), "doc deprecation Query.limit"),
    "reserved": ('reserved_name: "gone"', 'reserved_name: "lost"', "doc reserved-changed Query"),
    "enum value removed": ('value { name: "GRAPH" number: 1 }', "", "source value-removed Kind.GRAPH"),
    "enum value renamed": ('"GRAPH"', '"PLOT"', "source value-renamed Kind.GRAPH"),
    "enum value renumbered": ('"GRAPH" number: 1', '"GRAPH" number: 3', "wire value-changed Kind.GRAPH"),
    "rpc removed": (CHECK, "", "wire rpc-removed Data/Check"),
    "rpc streams": (CHECK, CHECK.replace("}", "server_streaming: true }"), "wire rpc-changed Data/Check"),
    "rpc deprecated": (CHECK, CHECK.replace("}", "options { deprecated: true } }"), "doc deprecation Data/Check"),
    "message renamed": ("Range", "Span", "source message-renamed Range"),
}
CASES = ADDITIONS | CHANGES


def parse(text: str) -> FileDescriptorSet:
    """Parse the text of one file as a descriptor set."""
    text = text.replace("label: ONE", "label: LABEL_OPTIONAL").replace("label: MANY", "label: LABEL_REPEATED")
    return FileDescriptorSet(file=[text_format.Parse(text, FileDescriptorProto())])


def compare_base(before: str, after: str) -> list[Change]:
    """Compare the base with itself after one replacement."""
    assert before in BASE
    return compat.compare(parse(BASE), parse(BASE.replace(before, after)))


@pytest.mark.parametrize(("before", "after", "expected"), list(CASES.values()), ids=list(CASES))
def test_each_kind_of_change_has_its_level(before: str, after: str, expected: str) -> None:
    """One edit of the proto is one change with a level, a kind and a path."""
    changes = [f"{one.level} {one.kind} {one.path}" for one in compare_base(before, after)]

    assert changes == [expected][: bool(expected)]


def test_another_file_name_or_option_is_not_a_change() -> None:
    """Imports of google.* do not count, either."""
    other = parse(BASE.replace("pluginv2/backend.proto", "x.proto") + 'options { go_package: "./;other" }')
    other.file.add(name="google/protobuf/empty.proto", package="google.protobuf").message_type.add(name="Empty")

    assert compat.compare(parse(BASE), other) == []


def test_a_removed_rpc_names_its_successor() -> None:
    """A new service has the plural of the name, as when ConvertObjects replaced ConvertObject."""
    new = BASE.replace(CHECK, "") + 'service { name: "More" ' + CHECK.replace("Check", "Checks") + "}"
    [removal] = [one for one in compat.compare(parse(BASE), parse(new)) if one.kind == "rpc-removed"]

    assert removal.hint == "probably replaced by More/Checks"


def test_a_removed_field_without_a_reservation_is_reported() -> None:
    """Its number may be used again."""
    free, reserved = (
        compare_base(LIMIT, replacement)[0].message for replacement in ("", "reserved_range { start: 2 end: 3 }")
    )

    assert free.endswith("its number is not reserved")
    assert "not reserved" not in reserved


def test_changes_come_worst_first() -> None:
    """They are sorted by level, then by path; `worst` is the first level."""
    new = BASE.replace(LIMIT, EXTRA % ("extra", 6)).replace(CHECK, "")
    changes = compat.compare(parse(BASE), parse(new))

    assert [one.level for one in changes] == [Level.WIRE, Level.SOURCE, Level.ADDITIVE]
    assert compat.worst(changes) == Level.WIRE
    assert compat.worst([]) is None


def test_a_change_becomes_json() -> None:
    """Every value is text, and an empty hint is left out."""
    [change] = compare_base(LIMIT, LIMIT.replace("limit", "top"))

    assert json.loads(json.dumps(change.to_json())) == {
        "level": "source",
        "kind": "field-renamed",
        "path": "Query.limit",
        "message": "field Query.limit (number 2) became top",
        "hint": "probably renamed to top",
    }
    assert "hint" not in compare_base(LIMIT, "")[0].to_json()
    assert change.name == "limit"


def test_a_huge_reserved_range_is_compared_fast() -> None:
    """The range has every number up to the maximum."""
    new = parse(BASE.replace("start: 9 end: 10", "start: 9 end: 536870912"))

    assert [one.kind for one in compat.compare(parse(BASE), new)] == ["reserved-changed"]
