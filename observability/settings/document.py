"""A settings file as plain values: strict YAML, so that a slip of the pen is an error. Reads files.

The core schema of YAML 1.2: only true and false are booleans; `no`, `12:30` and dates are text. No tags, no merge keys.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from observability.errors import SettingsError

_MAX_BYTES: Final = 1 << 20
_MAX_VALUES: Final = 100_000
"""Aliases let a short text stand for a huge or an endless document."""

_CORE: Final = (
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:int", r"[-+]?(?:0|[1-9][0-9]{0,99})", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+",
        "-+0123456789.",
    ),
)

_SCALARS: Final[Mapping[str, Callable[[str], object]]] = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:bool": lambda text: {"true": True, "false": False}[text.lower()],
    "tag:yaml.org,2002:null": lambda text: {"": None, "~": None, "null": None}[text.lower()],
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
}


class _Loader(yaml.SafeLoader):
    """Composes nodes by the core schema; the values are made here, not by its constructors."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as its base declares it


for _tag, _pattern, _first in _CORE:
    _Loader.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z"), list(_first))


def read(file: Path) -> object:
    """What stands in `file`; None when it is empty. Raises SettingsError when it cannot be read as YAML."""
    try:
        with file.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        raise SettingsError(str(file), "", f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(content) > _MAX_BYTES:
        raise SettingsError(str(file), "", "expected a settings file of at most 1 MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(str(file), "", f"line {line}: expected UTF-8") from error
    return parse(text, str(file))


def parse(text: str, where: str) -> object:
    """The plain value that `text` is in YAML; None when it is empty. Raises SettingsError with line and column."""
    try:
        node = yaml.compose(text, Loader=_Loader)
        return None if node is None else _Values(where).of(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _bad(where, mark, _problem(error)) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SettingsError(where, "", f"line {line}: expected text without control characters") from error
    except RecursionError as error:
        raise SettingsError(where, "", "expected YAML that is less deep") from error


class _Values:
    """Makes plain values of nodes, at most `_MAX_VALUES`."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._left = _MAX_VALUES

    def of(self, node: yaml.Node) -> object:
        """`node` as dict, list, str, bool, int, float or None."""
        self._left -= 1
        if self._left < 0:
            raise _bad(self._where, node.start_mark, "expected fewer values (aliases may repeat them)")
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self.of(item) for item in node.value]
        if isinstance(node, yaml.ScalarNode) and node.tag in _SCALARS:
            try:
                return _SCALARS[node.tag](node.value)
            except (KeyError, ValueError) as error:
                raise _bad(self._where, node.start_mark, "this is not what its tag says") from error
        raise _bad(self._where, node.start_mark, f"expected no tag, got {node.tag}")

    def _mapping(self, node: yaml.MappingNode) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _bad(self._where, key.start_mark, "expected text as a key")
            if key.value in values:
                raise _bad(self._where, key.start_mark, f'key "{key.value}" is repeated')
            values[key.value] = self.of(value)
        return values


def _problem(error: yaml.MarkedYAMLError) -> str:
    """PyYAML's words; a problem that begins with `but` goes on where its context ends."""
    if error.problem and error.context and error.problem.startswith("but "):
        return f"{error.context}, {error.problem}"
    return error.problem or error.context or "expected YAML"


def _bad(where: str, mark: yaml.Mark | None, problem: str) -> SettingsError:
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return SettingsError(where, "", place + problem)
