"""Combined schemas: allOf, oneOf and anyOf, with references, discriminators and contradictions."""

from typing import Any

import pytest
from small_descriptions import column, columns, describe, get, of_schema, operation, parameters, query, read, reasons

REF = "#/components/schemas/"
A = {"type": "object", "properties": {"id": {"type": "integer"}, "a": {"type": "string"}}}
B = {"type": "object", "properties": {"id": {"type": "integer"}, "b": {"type": "number"}}}


def rows(item: Any) -> dict[str, Any]:
    """Make a list of items."""
    return {"type": "array", "items": item}


def test_all_of_has_the_properties_of_all_parts() -> None:
    """They come from references, from nested references, and from keywords beside allOf."""
    schemas = {"A": A, "B": {"allOf": [{"$ref": f"{REF}A"}, B]}}
    item = {"allOf": [{"$ref": f"{REF}B"}], "properties": {"c": {"type": "boolean"}}}

    assert columns(of_schema(rows(item), schemas=schemas)) == {
        "c": ("boolean", ""),
        "id": ("integer", ""),
        "a": ("string", ""),
        "b": ("number", ""),
    }


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ({"type": "string"}, {"type": "string"}, "string"),
        ({"type": "number"}, {"type": "integer"}, "integer"),
        ({"type": "string"}, {"description": "only words"}, "string"),
        ({"type": "string", "format": "date-time"}, {"type": "string"}, "time"),
        ({"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}, "string"),
        ({"type": ["string", "integer"]}, {"type": "integer"}, "integer"),
    ],
)
def test_a_property_of_two_parts_allows_what_both_allow(one: Any, other: Any, kind: str) -> None:
    """The order of the parts does not matter."""
    for first, second in ((one, other), (other, one)):
        item = {"allOf": [{"properties": {"x": first}}, {"properties": {"x": second}}]}

        assert columns(of_schema(rows(item)))["x"][0] == kind


@pytest.mark.parametrize(
    ("one", "other", "sentence"),
    [
        ({"type": "string"}, {"type": "integer"}, "`allOf` requires both string and integer"),
        ({"type": "object"}, {"type": "array"}, "`allOf` requires both object and array"),
        ({"enum": ["a"]}, {"enum": ["b"]}, "`allOf` has two enums without a common value"),
    ],
)
def test_contradictory_parts_become_json_text(one: Any, other: Any, sentence: str) -> None:
    """Any value is shown, and the contradiction is listed."""
    item = {"allOf": [{"properties": {"x": one, "y": {"type": "integer"}}}, {"properties": {"x": other}}]}
    value = describe({"/things": get(rows(item))})

    assert columns(operation(value)) == {"x": ("json", ""), "y": ("integer", "")}
    assert sentence in reasons(value)[0][2]


def test_an_all_of_that_contains_itself_has_its_other_keywords() -> None:
    """It contains itself directly or through another schema."""
    schemas = {
        "A": {"allOf": [{"$ref": f"{REF}A"}, A]},
        "B": {"allOf": [{"$ref": f"{REF}C"}, B]},
        "C": {"allOf": [{"$ref": f"{REF}B"}], "properties": {"c": {"type": "string"}}},
    }

    assert list(columns(of_schema(rows({"$ref": f"{REF}A"}), schemas=schemas))) == ["id", "a"]
    assert sorted(columns(of_schema(rows({"$ref": f"{REF}B"}), schemas=schemas))) == ["b", "c", "id"]
    assert sorted(columns(of_schema(rows({"$ref": f"{REF}C"}), schemas=schemas))) == ["b", "c", "id"]


@pytest.mark.parametrize("key", ["oneOf", "anyOf"])
def test_variants_have_all_columns(key: str) -> None:
    """A column is nullable unless all variants require it."""
    one = {**A, "required": ["id", "a"]}
    other = {**B, "required": ["id", "b"]}
    response = of_schema(rows({key: [one, other]})).response

    assert [(column.name, column.kind, column.is_nullable) for column in response.columns] == [
        ("id", "integer", False),
        ("a", "string", True),
        ("b", "number", True),
    ]


def test_a_discriminator_is_a_label() -> None:
    """Its values are those of its mapping, or the names of the schemas."""
    schemas = {"Cat": A, "Dog": B}
    variants = [{"$ref": f"{REF}Cat"}, {"$ref": f"{REF}Dog"}]
    plain = {"oneOf": variants, "discriminator": {"propertyName": "kind"}}
    with_mapping = {"oneOf": variants, "discriminator": {"propertyName": "kind", "mapping": {"c": "Cat", "d": "Dog"}}}

    assert column(of_schema(rows(plain), schemas=schemas), "kind").choices == ("Cat", "Dog")
    assert column(of_schema(rows(with_mapping), schemas=schemas), "kind").choices == ("c", "d")
    assert column(of_schema(rows(with_mapping), schemas=schemas), "kind").is_label


@pytest.mark.parametrize(
    ("variants", "kind"),
    [
        ([{"type": "string"}, {"type": "null"}], "string"),
        ([{"type": "integer"}, {"type": "number"}], "number"),
        ([{"type": "string"}, {"type": "integer"}], "json"),
        ([{"type": "string"}, A], "json"),
        ([{"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["b"]}], "string"),
        ([{"type": "string", "format": "date-time"}, {"type": "null"}], "time"),
        ([{"type": "string", "format": "date-time"}, {"type": "string", "maxLength": 0}], "string"),
    ],
)
def test_a_value_of_variants_has_their_common_type(variants: Any, kind: str) -> None:
    """A mixture is JSON text; null does not count."""
    assert columns(of_schema(rows({"properties": {"x": {"oneOf": variants}}})))["x"][0] == kind


def test_enums_of_variants_are_joined() -> None:
    """An open enum, with a text as another variant, is not an enum."""
    enum = {"oneOf": [{"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["b"]}]}
    free = {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "string"}]}
    result = of_schema(rows({"properties": {"closed": enum, "free": free}}))

    assert column(result, "closed").choices == ("a", "b")
    assert (column(result, "free").choices, column(result, "free").is_label) == ((), False)


def test_keywords_beside_a_reference_count() -> None:
    """OpenAPI 3.1 says so, and descriptions of 3.0 mean it."""
    (parameter,) = parameters(
        query("a", {"$ref": f"{REF}Size", "default": 5, "description": "mine"}),
        schemas={"Size": {"type": "integer", "default": 1, "maximum": 9}},
    )

    assert (parameter.default, parameter.type.maximum, parameter.description) == (5, 9, "mine")


def test_true_allows_anything_and_false_nothing() -> None:
    """A property with the schema false is not a column."""
    item = {"properties": {"any": True, "none": False, "id": {"type": "integer"}}}

    assert columns(of_schema(rows(item), openapi="3.1.0")) == {"any": ("json", ""), "id": ("integer", "")}


def test_many_variants_are_read_and_too_many_refused() -> None:
    """Neither their number nor their depth takes long."""
    few = {f"V{number}": {"type": "object", "properties": {"id": {"type": "string"}}} for number in range(500)}
    one_of = {"oneOf": [{"$ref": f"{REF}{name}"} for name in few]}
    chain = {f"C{n}": {"allOf": [{"$ref": f"{REF}C{n + 1}"}, {"$ref": f"{REF}C{n + 1}"}]} for n in range(30)}
    deep = {f"D{n}": {"allOf": [{"$ref": f"{REF}D{n + 1}"}]} for n in range(500)}
    value = describe(
        {"/few": get(rows(one_of)), "/chain": get({"$ref": f"{REF}C0"}), "/deep": get({"$ref": f"{REF}D0"})},
        schemas={**few, **chain, "C30": A, **deep, "D500": A},
    )
    source = read(value)

    assert [columns(query) for query in source.operations] == [
        {"id": ("string", "")},
        {"id": ("integer", ""), "a": ("string", "")},
    ]
    assert [(omission.kind, omission.operation) for omission in source.left_out] == [("flawed", "GET /deep")]


def test_schemas_with_exponential_paths_are_read_fast() -> None:
    """Each schema names two others, which name the same two again: two to the power of thirty paths."""
    both = {
        f"{side}{n}": {"anyOf": [{"$ref": f"{REF}L{n + 1}"}, {"$ref": f"{REF}R{n + 1}"}]}
        for n in range(30)
        for side in "LR"
    }
    value = describe({"/things": get({"$ref": f"{REF}L0"})}, schemas={**both, "L30": A, "R30": B})

    assert list(columns(operation(value))) == ["id", "a", "b"]


def test_the_discriminator_value_of_a_variant_overrides_its_schema_name() -> None:
    """Each variant has its own value, spelled unlike its schema's name."""
    schemas = {
        name: {"type": "object", "properties": {"kind": {"type": "string", "enum": [name.lower()]}}}
        for name in ("Cat", "Dog")
    }
    item = {"oneOf": [{"$ref": f"{REF}{name}"} for name in schemas], "discriminator": {"propertyName": "kind"}}

    assert column(of_schema(rows(item), schemas=schemas), "kind").choices == ("cat", "dog")


def test_a_parent_that_lists_its_children_is_read() -> None:
    """Most class hierarchies have this cycle."""
    schemas = {
        "Pet": {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "oneOf": [{"$ref": f"{REF}Cat"}],
            "discriminator": {"propertyName": "kind"},
        },
        "Cat": {"allOf": [{"$ref": f"{REF}Pet"}, {"properties": {"lives": {"type": "integer"}}}]},
    }

    assert sorted(columns(of_schema(rows({"$ref": f"{REF}Pet"}), schemas=schemas))) == ["kind", "lives", "name"]
    assert sorted(columns(of_schema(rows({"$ref": f"{REF}Cat"}), schemas=schemas))) == ["kind", "lives", "name"]
