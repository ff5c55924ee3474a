"""Lines of what stands in YAML and JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from observability.monitoring.checks.positions import UnreadableError, of_json, of_yaml

JSON = """{
  "title": "a: [b",
  "panels": [
    1, {"x": []},

    {"y":
      {"z\\n": null}}
  ]
}"""
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=20,
)


def test_lines_of_json() -> None:
    found = of_json(JSON)
    assert found.value == json.loads(JSON)
    assert found.line("title") == 2
    assert [found.line("panels", index) for index in range(3)] == [4, 4, 6]
    assert found.line("panels", 2, "y", "z\n") == 7
    assert found.line("panels", 7, "there is none") == 3


@given(VALUES)
def test_every_value_of_json_has_a_line(value: Any) -> None:
    text = json.dumps(value, indent=1)
    lines = text.splitlines()
    found = of_json(text)
    for path, line in found.lines.items():
        if path and isinstance(path[-1], str):
            assert json.dumps(path[-1]) + ":" in lines[line - 1]


def test_lines_of_yaml() -> None:
    text = "# a comment\na:\n  - b: |\n      one\n      two\n    c: 'x'\n---\nd: [1,\n  2]\n"
    first, second = of_yaml(text)
    assert (first.line("a", 0, "b"), first.text_line("a", 0, "b"), first.line("a", 0, "c")) == (3, 4, 6)
    assert first.text_line("a", 0, "c") == 6
    assert (second.line("d", 0), second.line("d", 1)) == (8, 9)


def test_what_refers_to_itself_ends() -> None:
    (found,) = of_yaml("a: &a [*a, *a]\n")
    assert found.line("a", 0, 0, 0) == 1


@pytest.mark.parametrize(
    ("text", "line"), [("{\n 1}", 2), ("[" * 100_000, 1), ('{"a": 1}}', 1)], ids=["a key", "too deep", "too much"]
)
def test_json_that_is_none(text: str, line: int) -> None:
    with pytest.raises(UnreadableError, match="expected JSON") as error:
        of_json(text)
    assert error.value.line == line


@pytest.mark.parametrize(("text", "line"), [("a:\n  {{ b }}: c\n d", 3), ("a: 2001-99-99", 1), ("a: \x00", 1)])
def test_yaml_that_is_none(text: str, line: int) -> None:
    with pytest.raises(UnreadableError, match="expected YAML") as error:
        list(of_yaml(text))
    assert error.value.line == line
