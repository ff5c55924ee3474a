"""YAML and JSON with the line of each value. Pure.

Lines of YAML are the marks of its nodes. JSON is judged by the json module, which gives no lines, and then walked once
more token by token; that it is good JSON is known by then.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

import yaml

Path: TypeAlias = tuple[str | int, ...]

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')
_DEEPEST: Final = 200
"""Deeper than this is no document of ours, and might end in a RecursionError."""


class Positioned(NamedTuple):
    """A document. `lines`: of each value by its path, from 1; `blocks`: paths of texts that begin on the next line."""

    value: Any
    lines: Mapping[Path, int]
    blocks: frozenset[Path]
    last: int

    def line(self, *path: str | int) -> int:
        """The line of what is at the path, or of the nearest that holds it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def text_line(self, *path: str | int) -> int:
        """The line on which the characters of a text begin."""
        return self.line(*path) + (path in self.blocks)


class UnreadableError(ValueError):
    """This is no YAML or JSON. `line`: from 1."""

    def __init__(self, said: str, line: int) -> None:
        super().__init__(said)
        self.line = line


def of_json(text: str) -> Positioned:
    """A JSON document. Raises UnreadableError."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableError(f"expected JSON: {error.msg}", error.lineno) from error
    except RecursionError as error:
        raise UnreadableError("expected JSON that is not nested without end", 1) from error
    return Positioned(value, dict(_lines_of_json(text)), frozenset(), text.count("\n") + 1)


def _lines_of_json(text: str) -> Iterator[tuple[Path, int]]:
    """The line of each value; of what stands in an object, that of its key."""
    path: list[str | int] = []
    line, end = 1, 0
    key_next = False
    yield (), 1
    for token in _TOKEN.finditer(text):
        line += text.count("\n", end, token.start())
        end = token.start()
        word = token[0]
        if word in "[{":
            path.append(-1 if word == "[" else "")
        elif word in "]}":
            path.pop()
        elif key_next and word[0] == '"':
            path[-1] = json.loads(word)
            yield tuple(path), line
        key_next = word == "{" or (word == "," and isinstance(path[-1], str))
        if word in "[," and isinstance(path[-1], int):
            path[-1] += 1
            yield tuple(path), line + _empty_lines(text, token.end())


def _empty_lines(text: str, start: int) -> int:
    """How many lines further the next value begins."""
    following = re.compile(r"\S").search(text, start)
    return text.count("\n", start, following.start()) if following else 0


def of_yaml(text: str) -> Iterator[Positioned]:
    """The YAML documents of a file, one after the other. Raises UnreadableError where one cannot be read."""
    loader = yaml.CSafeLoader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None:
                yield _positioned(node, loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(filter(None, (error.context, error.problem)))
        raise UnreadableError(f"expected YAML: {said}", mark.line + 1 if mark else 1) from error
    except yaml.YAMLError as error:
        raise UnreadableError(f"expected YAML: {' '.join(str(error).split())}", 1) from error
    except (ValueError, TypeError, RecursionError) as error:  # a date that is none, keys that cannot be keys
        raise UnreadableError(f"expected YAML: {error}", 1) from error
    finally:
        loader.dispose()


def _positioned(node: yaml.Node, loader: yaml.CSafeLoader) -> Positioned:
    lines: dict[Path, int] = {}
    blocks: set[Path] = set()
    for path, line, block in _marks(node, (), node.start_mark.line, set()):
        lines.setdefault(path, line + 1)
        if block:
            blocks.add(path)
    last = node.end_mark.line + (1 if node.end_mark.column else 0)
    return Positioned(loader.construct_document(node), lines, frozenset(blocks), max(last, 1))


def _marks(node: yaml.Node, path: Path, line: int, seen: set[int]) -> Iterator[tuple[Path, int, bool]]:
    """Each node once: what an alias repeats is at the line of what holds the alias."""
    yield path, line, isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}
    if id(node) in seen or isinstance(node, yaml.ScalarNode) or len(path) > _DEEPEST:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            yield from _marks(child, (*path, index), child.start_mark.line, seen)
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield from _marks(child, (*path, key.value), key.start_mark.line, seen)
