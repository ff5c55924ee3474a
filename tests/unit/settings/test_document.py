"""Strict YAML: what is read, and what is said about what cannot be read."""

import contextlib
import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.errors import SettingsError
from observability.settings.document import parse, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# nothing but a comment", None),
        ("a:", {"a": None}),
        ("a: ~", {"a": None}),
        ("a: null", {"a": None}),
        ("a: true", {"a": True}),
        ("a: no", {"a": "no"}),
        ("a: 12", {"a": 12}),
        ("a: -1", {"a": -1}),
        ("a: 010", {"a": "010"}),
        ("a: 12:30", {"a": "12:30"}),
        ("a: .5", {"a": 0.5}),
        ("a: 1e3", {"a": 1000.0}),
        ("a: .inf", {"a": ".inf"}),
        ("a: 2026-01-01", {"a": "2026-01-01"}),
        ("a: !!str 12", {"a": "12"}),
        ("1: a", {"1": "a"}),
        ("[a, {b: [c]}]", ["a", {"b": ["c"]}]),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
    ],
)
def test_yaml_is_read_by_the_core_schema(text: str, value: object) -> None:
    assert parse(text, "f") == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", 'f: line 2, column 1: key "a" is repeated'),
        ("a: {b: 1, b: 2}", 'f: line 1, column 11: key "b" is repeated'),
        ("a: [1,", "f: line 1, column 7: expected the node content, but found '<stream end>'"),
        ("\ta: 1", "f: line 1, column 1: found character '\\t' that cannot start any token"),
        ("? [a]\n: 1", "f: line 1, column 3: expected text as a key"),
        (
            "a: 1\n--- \nb: 1",
            "f: line 2, column 1: expected a single document in the stream, but found another document",
        ),
        (
            "a: !!python/name:os.system",
            "f: line 1, column 4: expected no tag, got tag:yaml.org,2002:python/name:os.system",
        ),
        ("a: !!set {b}", "f: line 1, column 4: expected no tag, got tag:yaml.org,2002:set"),
        ("a: !!int b", "f: line 1, column 4: this is not what its tag says"),
        ("a: !!bool b", "f: line 1, column 4: this is not what its tag says"),
        ("a: 1\nb: \x01", "f: line 2: expected text without control characters"),
        ("[" * 5000, "f: expected YAML that is less deep"),
        ("a: &a [*a]", "f: expected YAML that is less deep"),
    ],
)
def test_what_cannot_be_read_is_placed(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(text, "f")
    assert str(caught.value) == message


def test_aliases_cannot_make_a_small_file_huge() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]" for before, name in zip("abcde", "bcdef", strict=True)
    ]
    with pytest.raises(SettingsError, match="expected fewer values"):
        parse("\n".join(lines), "f")


@given(st.text())
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    with contextlib.suppress(SettingsError):
        parse(text, "f")


@given(st.recursive(st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(string.printable), st.lists))
def test_json_is_yaml(value: object) -> None:
    assert parse(json.dumps({"value": value}), "f") == {"value": value}


def test_a_file_is_read_as_utf8_with_or_without_a_mark(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: \xc3\xa9")
    assert read(file) == {"a": "é"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a: 1\nb: \xff", "line 2: expected UTF-8"),
        (b"a" * (1 << 20) + b"a", "expected a settings file of at most 1 MiB"),
    ],
)
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        read(file)
    assert str(caught.value) == f"{file}: {problem}"


def test_a_missing_file_and_a_directory_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.yaml: cannot be read: No such file or directory"):
        read(tmp_path / "absent.yaml")
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        read(tmp_path)
    with pytest.raises(SettingsError, match="cannot be read: embedded null"):
        read(Path("a\0b"))
