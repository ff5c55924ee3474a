"""What settings are made of: groups, and the kinds of values with what each accepts. Pure.

A check raises ValueError with `expected …`; what was given is added by `complaints`.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, TypeAlias, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, SecretStr

Item = TypeVar("Item")

MASK: Final = "***"
"""Stands for a secret."""

_LABEL_VALUE: Final = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?"
_LABEL_KEY: Final = r"(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_LABEL_VALUES: Final = rf"\(\s*{_LABEL_VALUE}(?:\s*,\s*{_LABEL_VALUE})*\s*\)"
_REQUIREMENT: Final = (
    rf"\s*(?:!?{_LABEL_KEY}|{_LABEL_KEY}\s*(?:==?|!=)\s*{_LABEL_VALUE}|{_LABEL_KEY}\s+(?:not)?in\s*{_LABEL_VALUES})\s*"
)


class Group(BaseModel):
    """A frozen group of settings. Unknown keys and values of another type are errors."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        use_attribute_docstrings=True,
        validate_by_alias=True,
        validate_by_name=True,
    )


def _matching(pattern: str, expected: str) -> AfterValidator:
    """Text that `pattern` matches as a whole."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"expected {expected}")
        return text

    return AfterValidator(check)


def without_repeats(name: Callable[[Item], str], what: str) -> AfterValidator:
    """A tuple in which no two items have the same `name`."""

    def check(items: tuple[Item, ...]) -> tuple[Item, ...]:
        names = [name(item) for item in items]
        for text in names:
            if names.count(text) > 1:
                raise ValueError(f"expected each {what} once, {text} is there {names.count(text)} times")
        return items

    return AfterValidator(check)


def _web_address(text: str) -> str:
    """Only http and https, because it becomes a link on a page; no user name, because pages are public."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError as error:  # a port or an IPv6 address that is none
        raise ValueError("expected an http or https URL") from error
    if not usable or not re.fullmatch(r"[!#-;=?-~]+", text):
        raise ValueError("expected an http or https URL")
    if "@" in parts.netloc:
        raise ValueError("expected a URL without user name and password")
    return text


def _header_value(secret: SecretStr) -> SecretStr:
    """Visible ASCII, spaces inside: a line break would begin another header."""
    if not re.fullmatch(r"(?:[!-~](?:[ -~]*[!-~])?)?", secret.get_secret_value()):
        raise ValueError("expected the value of an HTTP header: printable ASCII, without a space at either end")
    return secret


def _listen_address(text: str) -> str:
    """`HOST:PORT`, `:PORT`, `[IPv6]:PORT`."""
    host_and_port(text)
    return text


def host_and_port(text: str) -> tuple[str, int]:
    """The parts of `HOST:PORT`; host is empty for every interface. Raises ValueError for anything else."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%a-z]+)\]|([^\s:\[\]/@]*)):(\d{1,5})", text, re.ASCII)
    if match is None or int(match[3]) > 65535:
        raise ValueError("expected HOST:PORT with a port from 0 to 65535, for example 127.0.0.1:9797 or :9797")
    return match[1] or match[2] or "", int(match[3])


Name: TypeAlias = Annotated[str, _matching(r"\S(?:.*\S)?", "text, without a space at either end")]
"""Text for people and labels."""

Namespace: TypeAlias = Annotated[
    str, _matching(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", "the name of a namespace: a-z, 0-9 and -, at most 63")
]

LabelKey: TypeAlias = Annotated[str, _matching(_LABEL_KEY, "a label's key, for example team or example.com/team")]

Selector: TypeAlias = Annotated[
    str,
    _matching(
        rf"{_REQUIREMENT}(?:,{_REQUIREMENT})*",
        "a Kubernetes label selector, for example team=shop,tier in (web,api),!legacy",
    ),
]

WebAddress: TypeAlias = Annotated[str, AfterValidator(_web_address)]

ListenAddress: TypeAlias = Annotated[str, AfterValidator(_listen_address)]

File: TypeAlias = Annotated[Path, AfterValidator(Path.expanduser)]
"""A path; `~` is the home directory, a relative one begins at the working directory."""

EventGlob: TypeAlias = Annotated[
    str, _matching(r"[a-z0-9_.*?\[\]!-]+", "the name of an event, where * stands for anything: gitops.application.*")
]

HeaderName: TypeAlias = Annotated[
    str, _matching(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", "the name of an HTTP header, for example Authorization")
]

HeaderValue: TypeAlias = Annotated[
    SecretStr,
    AfterValidator(_header_value),
    PlainSerializer(lambda value: MASK if value.get_secret_value() else "", return_type=str, when_used="json"),
]
"""Never shown."""

Duration: TypeAlias = Annotated[
    str,
    _matching(r"(?=.*[1-9])(?:[0-9]+(?:ms|[smhdwy]))+", "a duration as Prometheus writes it, for example 30s or 1h30m"),
]

_UNIT_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}


def seconds_in(duration: str) -> float:
    """The seconds of a `Duration`."""
    return sum(int(number) * _UNIT_SECONDS[unit] for number, unit in re.findall(r"(\d+)(ms|[smhdwy])", duration))


PositiveSeconds: TypeAlias = Annotated[float, Field(gt=0, le=86_400)]

Many: TypeAlias = Annotated[tuple[Item, ...], Field(strict=False)]
"""A list in YAML, a tuple here. Not strict: behind a validator pydantic sees the list of the YAML as a Python list."""
