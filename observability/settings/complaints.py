"""What is wrong with settings, in words: the key as the user wrote it, what was expected, what was got. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any, Final, TypeAlias

from pydantic_core import ErrorDetails

from observability.settings.groups import Settings

Schema: TypeAlias = Mapping[str, Any]
Location: TypeAlias = tuple[int | str, ...]

_SECRET: Final = frozenset({"headers", "options"})
"""Keys whose values may be secrets and are never shown."""
_HIDDEN: Final = object()

_USER_INFO: Final = re.compile(r"(?<=://)[^\s?#]*@")
_PARAMETER: Final = re.compile(
    r"([?&][\w.-]{0,64}(?:key|token|secret|password|auth|sig)[\w.-]{0,64}=)[^&\s\"',]+", re.IGNORECASE
)
"""Of the query of a URL, with its value: receivers in the cloud take their keys so."""

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "string": ("a string", "strings"),
    "boolean": ("true or false", "true or false"),
    "integer": ("a whole number", "whole numbers"),
    "number": ("a number", "numbers"),
    "object": ("a mapping", "mappings"),
    "array": ("a list", "lists"),
}

_ALIKE: Final = 0.75
"""Words that are less alike mean different things: `promotion` is no slip of the pen for `exposition`."""

_BOUNDS: Final = (("exclusiveMinimum", "above"), ("minimum", "at least"), ("maximum", "at most"))


@cache
def schema() -> Schema:
    """The JSON schema of the settings file. Do not change it."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Settings.model_json_schema(by_alias=True)}


def schema_at(location: Location) -> Schema:
    """The part of the schema for the value at `location`; empty when no such key is known."""
    if location[-1:] == ("[key]",):  # pydantic's mark for the key itself
        return _resolved(schema_at(location[:-2]).get("propertyNames", {}))
    here = _resolved(schema())
    for part in location:
        inner = here.get("items") if isinstance(part, int) else here.get("properties", {}).get(part)
        here = _resolved(inner or here.get("additionalProperties") or {})
    return here


def _resolved(part: Schema) -> Schema:
    """`part` without `$ref`, and without the null that an optional value may be."""
    if "$ref" in part:
        return _resolved(schema()["$defs"][part["$ref"].rpartition("/")[2]])
    if "anyOf" in part:
        return _resolved(next(one for one in part["anyOf"] if one.get("type") != "null"))
    return part


def expectation(part: Schema) -> str:
    """What a value must be by its schema: `a list of strings`, `one of a, b`, `a number above 0 and at most 10`."""
    if "enum" in part:
        return f"one of {', '.join(part['enum'])}"
    if part.get("type") == "array":
        least = ", at least one" if part.get("minItems") else ""
        return f"a list of {_WORDS[_resolved(part['items']).get('type', 'object')][1]}{least}"
    bounds = [f"{words} {part[bound]:.9g}" for bound, words in _BOUNDS if bound in part]
    return " ".join((_WORDS[part.get("type", "object")][0], " and ".join(bounds))).rstrip()


def complaint(error: ErrorDetails) -> str:
    """What is wrong with one value, without its key."""
    location = error["loc"]
    if _SECRET.intersection(location):
        error = {**error, "input": _HIDDEN}
    match error["type"]:
        case "extra_forbidden":
            return _unknown(location)
        case "missing":
            return f"expected {expectation(schema_at(location))}, but it is missing"
        case "value_error":
            return str(error["ctx"]["error"]) + _got(error["input"], only_scalars=True)
        case "json_invalid":
            return "expected valid Unicode"
        case _:
            return f"expected {expectation(schema_at(location))}{_got(error['input'])}"


def _unknown(location: Location) -> str:
    """Never shows the value: it may be a secret under a mistyped name."""
    known = sorted(schema_at(location[:-1]).get("properties", {}))
    key = str(location[-1])
    near = (
        get_close_matches(key, known, n=1, cutoff=_ALIKE)
        or [name for name in known if name.startswith(f"{key}_")]
        or [name for name in _all_keys() if name.endswith(f".{key}")]
    )
    return f'unknown key, did you mean "{near[0]}"?' if near else f"unknown key, expected one of {', '.join(known)}"


def _all_keys() -> Iterator[str]:
    for group, part in schema()["properties"].items():
        yield from (f"{group}.{key}" for key in _resolved(part).get("properties", {}))


def _got(value: object, *, only_scalars: bool = False) -> str:
    if value is _HIDDEN:
        return ""
    if isinstance(value, Mapping):
        return "" if only_scalars else ", got a mapping"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "" if only_scalars else ", got a list"
    text = masked(json.dumps(value, ensure_ascii=False))
    return f", got {text if len(text) <= 100 else text[:99] + '…'}"


def masked(text: str) -> str:
    """`text` with *** for what stands before the @ of a URL, and for a parameter of one that sounds secret."""
    return _PARAMETER.sub(r"\g<1>***", _USER_INFO.sub("***@", text))


def dotted(location: Location, document: object) -> str:
    """`location` as users write it: `watch.page_size`, `identity[0].key`, by name `environments.prod.aliases`."""
    text = ""
    here = document
    for part in location:
        if isinstance(part, int):
            text += _item(part, here)
            here = here[part] if isinstance(here, list) and part < len(here) else None
        elif part != "[key]":
            text += f".{part}" if text else str(part)
            here = here.get(part) if isinstance(here, Mapping) else None
    return text


def _item(index: int, items: object) -> str:
    """By its name where only one item has it, else by its index."""
    names = (
        [item.get("name") if isinstance(item, Mapping) else None for item in items] if isinstance(items, list) else []
    )
    name = names[index] if index < len(names) else None
    return f".{name}" if isinstance(name, str) and name and names.count(name) == 1 else f"[{index}]"
