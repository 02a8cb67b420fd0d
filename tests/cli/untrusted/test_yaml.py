"""YAML is read as Grafana does: expected values are those of gopkg.in/yaml.v3 v3.0.1."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING

import pytest

from gfplug.errors import ProjectError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = (
    *("no", "yes", "on", "off", "y", "n", "Yes", "tRUE", "2024-01-01", "2024-01-01T10:00:00Z", "2024-01-01 10:00:00"),
    *("12:30:45", "190:20:30.15", "=", "<<", "1e", "1e400", "0x", "0o8", "_1", "-", "1.2.3", "2024-1", "0b2", "+", "."),
)
NUMBERS = {
    "0123": 83,
    "010": 8,
    "0o10": 8,
    "08": 8,
    "00": 0,
    "1_000": 1000,
    "1__0": 10,
    "0x1F": 31,
    "-0x1f": -31,
    "0b101": 5,
    "+5": 5,
    "1e5": 100000,
    "1.0": 1,
    "1.": 1,
    ".5": 0.5,
    "-.5": -0.5,
    "+.5e1": 5,
    "1e-3": 0.001,
    "1_0.5": 10.5,
    "18446744073709551615": 18446744073709551615,
    "99999999999999999999999": 1e23,
}
WORDS = {"~": None, "": None, "null": None, "NULL": None, "true": True, "TRUE": True, "False": False}


def read(folder: Path, text: str) -> object:
    """Read a document and return it as JSON."""
    (folder / "x.yaml").write_text(text, encoding="utf-8")
    return json.loads(json.dumps(documents.read_yaml(folder / "x.yaml")))


@pytest.mark.parametrize("text", TEXTS)
def test_values_with_a_meaning_only_in_older_yaml_are_texts(tmp_path: Path, text: str) -> None:
    """They are tried as values and as keys."""
    assert read(tmp_path, f"a: {text}\n") == {"a": text} if text != "-" else True
    assert read(tmp_path, f"a: {{'{text}': 1}}\nb: ['{text}']\n") == {"a": {text: 1}, "b": [text]}


@pytest.mark.parametrize("text", [*NUMBERS, *WORDS])
def test_numbers_booleans_and_null_keep_their_type(tmp_path: Path, text: str) -> None:
    """JSON shows them as Go does."""
    expected = {**NUMBERS, **WORDS}[text]
    value = read(tmp_path, f"a: {text}\n")

    assert value == {"a": expected}
    assert isinstance(value, dict)
    assert isinstance(value["a"], bool) is isinstance(expected, bool)
    assert read(tmp_path, f"a: '{text}'\n") == {"a": text}


@pytest.mark.parametrize("key", ["on", "no", "1", "0123", "true", "~", "2024-01-01", "1.50", "12:30"])
def test_a_key_keeps_its_spelling(tmp_path: Path, key: str) -> None:
    """JSON has only text keys, and no key is lost."""
    assert read(tmp_path, f"{key}: 1\na: {{{key}: 2}}\n") == {key: 1, "a": {key: 2}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: !!str 123", {"a": "123"}),
        ("a: !!int '5'", {"a": 5}),
        ("a: !!float 1.50", {"a": 1.5}),
        ("a: !!timestamp 2024-01-01", {"a": "2024-01-01"}),
        ("a: !!binary aGk=", {"a": "hi"}),
        ("a: !!set {b, c}", {"a": {"b": None, "c": None}}),
        ("a: !!omap [b: 1, c: 2]", {"a": [{"b": 1}, {"c": 2}]}),
        ("a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}", {"a": {"k": 1, "l": 2}, "b": {"k": 3, "l": 2}}),
        ("a: &x {k: 1}\nb: &y {m: 1}\nc: {<<: [*x, *y]}", {"a": {"k": 1}, "b": {"m": 1}, "c": {"k": 1, "m": 1}}),
        (
            "a: {b: &x {<<: &z {k: 1}, k: 2}}\nc: {<<: *x}",
            {"a": {"b": {"k": 2}}, "c": {"k": 2}},
        ),
        ("a: &x no\nb: *x", {"a": "no", "b": "no"}),
        ("\ufeffa: 1", {"a": 1}),
        ("a: |\n  no\n  1", {"a": "no\n1"}),
        ("%YAML 1.1\n---\na: no", {"a": "no"}),
        ("", None),
        ("--- {a: 1}\n...\n", {"a": 1}),
        ('{"a": [1, null, true, "x"]}', {"a": [1, None, True, "x"]}),
    ],
)
def test_tags_aliases_and_styles_are_read(tmp_path: Path, text: str, value: object) -> None:
    """Grafana accepts them."""
    assert read(tmp_path, text) == value


@pytest.mark.shows("errors: YAML that would lose data")
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: .nan", "JSON cannot hold the number .nan at line 1"),
        ("b: 1\na: -.INF", "JSON cannot hold the number -.INF at line 2"),
        ("a: 1\nb: 2\na: 3", "the key 'a' of line 1 appears again at line 3"),
        ("a: {on: 1, on: 2}", "the key 'on' of line 1 appears again at line 1"),
        ("a: &x {k: 1}\nb: {<<: *x, <<: *x}", "the key '<<' of line 2 appears again at line 2"),
        ("a: 1\n---\nb: 2", "a second document begins, but Grafana reads only the first one at line 2"),
        ("? [a]\n: b", "a key is not a text at line 1"),
        ("? {a: 1}\n: b", "a key is not a text at line 1"),
        ("a:\n\t- b", "found character '\\t' that cannot start any token at line 2"),
        ("a: *x", "found undefined alias 'x' at line 1"),
        ("a: {<<: 3}", "`<<` expects a mapping or a list of mappings at line 1"),
        ("a: !!int x", "'x' is not a 64-bit integer at line 1"),
        ("a: !!bool yes", "'yes' is not true or false at line 1"),
        ("a: !!float x", "JSON cannot hold the number x at line 1"),
        ("a: !own b", "JSON has no value for the tag !own at line 1"),
        ("a: !!binary '!'", "the value of !!binary is not text in base64 at line 1"),
    ],
)
def test_yaml_that_grafana_refuses_is_one_error(tmp_path: Path, text: str, sentence: str) -> None:
    """It has the line, and no data is lost silently."""
    with pytest.raises(ProjectError) as excinfo:
        read(tmp_path, text)

    assert excinfo.value.message == f"{tmp_path / 'x.yaml'} is not valid YAML: {sentence}"


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 {k: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 90)),
        pytest.param(
            "a: &a {"
            + ", ".join(f"k{n}: 1" for n in range(3000))
            + "}\nb: {<<: ["
            + ", ".join(["*a"] * 30000)
            + "]}\n",
            marks=pytest.mark.slow,
        ),
        "a: &a {<<: *a}",
    ],
    ids=["doubled", "wide", "circle"],
)
def test_multiplying_merges_take_little_time(tmp_path: Path, text: str) -> None:
    """The result is a document or an error."""
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    began = time.process_time()
    with contextlib.suppress(ProjectError):
        documents.read_yaml(tmp_path / "x.yaml")

    assert time.process_time() - began < 5


@pytest.mark.parametrize("text", ["0123", "1_000", "1e5", "0x1F", "08", "1.50", "true", "no", "2024-01-01", "-0"])
def test_a_scalar_keeps_its_spelling(tmp_path: Path, text: str) -> None:
    """Grafana reads names and secrets as texts."""
    (tmp_path / "x.yaml").write_text(f"a: {text}\n", encoding="utf-8")

    assert documents.text_of(documents.read_yaml(tmp_path / "x.yaml")["a"]) == text
