"""From a file, the environment and the flags to settings, or to all that is wrong with them. Reads one file."""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from pydantic import ValidationError

from observability.errors import SettingsError
from observability.settings.complaints import Location, complaint, dotted, masked, schema_at
from observability.settings.complaints import schema as schema_of_settings
from observability.settings.document import parse, read
from observability.settings.groups import Settings
from observability.settings.values import MASK

PREFIX: Final = "GITOPS_OBS_"

FLAGS: Final[Mapping[str, str]] = {
    "--kubeconfig": "kubernetes.kubeconfig",
    "--context": "kubernetes.context",
    "--namespace": "kubernetes.namespaces",
    "--selector": "kubernetes.label_selector",
    "--listen": "server.listen",
    "--web-config": "server.web_config",
    "--journal": "journal.path",
    "--events": "events.sinks",
    "--log-level": "log.level",
    "--log-format": "log.format",
}
"""The flags of the command that are settings, and their keys."""

_ADDED: Final[Mapping[str, Callable[[str], object]]] = {
    "--events": lambda file: {"type": "jsonlines", "name": "events", "file": file},
}
"""Flags that add an item to the list at their key, and which."""

_STANDARD: Final = "OTEL_"
"""Begins the names of the variables that OpenTelemetry specifies."""

_SERVICE_LINK: Final = re.compile(
    r"(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)", re.ASCII
)
"""Kubernetes puts such variables into every pod beside a Service named gitops-obs or gitops-obs-….

Source: kubernetes pkg/kubelet/envvars/envvars.go (1.33).
"""

_HEADER: Final = re.compile(r"(?<![^,])([^=,]*=)?[^,]+")
"""One of `name=value,name=value`. What has no name may be a secret, too."""

_Document: TypeAlias = dict[str, Any]
_Origins: TypeAlias = dict[Location, str]


class _Entry(NamedTuple):
    """A value from outside the file: where it comes from, and the key that it is for."""

    where: str
    path: tuple[str, ...]
    value: object
    adds: bool = False
    """To the list that is there, instead of replacing it."""


def load(
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] = MappingProxyType({}),
) -> Settings:
    """The settings of `file`, overridden by the variables of `environ`, overridden by `flags`.

    `file` None: defaults. `environ` None: that of this process.
    `flags` maps the flags of FLAGS to their values; None and empty ones were not given. Those of `environ` that begin
    with OTEL_ are passed on as they are.
    Raises SettingsError with one line for each problem.
    """
    document = _from_file(file)
    origins: _Origins = {(): str(file or "settings")}
    problems: list[SettingsError] = []
    variables = os.environ if environ is None else environ  # noqa: TID251 - the one place that reads it
    for entry in (*_from_variables(variables, problems), *_from_flags(flags)):
        try:
            _place(entry, document, origins)
        except SettingsError as problem:
            problems.append(problem)
    given = {key: value for key, value in document.items() if value is not None}  # an empty group is one left out
    standard = {name: value for name, value in variables.items() if name.startswith(_STANDARD)}
    try:
        settings = Settings.model_validate_json(json.dumps(given), by_alias=True, by_name=False, context=standard)
    except ValidationError as error:
        problems.extend(_problems(error, document, origins))
        raise _all(problems) from None
    if problems:
        raise _all(problems)
    return settings


def effective(settings: Settings) -> dict[str, Any]:
    """All settings as plain values in the shape of the file, secrets masked."""
    return {key: _with_masks(value) for key, value in settings.model_dump(mode="json", by_alias=True).items()}


def effective_variables(settings: Settings) -> dict[str, str]:
    """The OTEL_ variables that are set, secrets masked."""
    return {
        name: _HEADER.sub(rf"\g<1>{MASK}", value) if name.endswith("_HEADERS") else masked(value)
        for name, value in sorted(settings.environment_variables.items())
    }


def schema() -> dict[str, Any]:
    """The JSON schema of the settings file, with a description of each setting."""
    return dict(schema_of_settings())


def _from_file(file: Path | None) -> _Document:
    content = {} if file is None else read(file)
    if not isinstance(content, dict | None):
        raise SettingsError(str(file), "", "expected a mapping of settings")
    return content or {}


def _from_variables(environ: Mapping[str, str], problems: list[SettingsError]) -> Iterator[_Entry]:
    """Groups before what is in them. What cannot be read is added to `problems`."""
    names = [name for name in environ if name.startswith(PREFIX) and not _SERVICE_LINK.fullmatch(name, len(PREFIX))]
    for name in sorted(names, key=lambda name: (name.count("__"), name)):
        path = tuple(name.removeprefix(PREFIX).lower().split("__"))
        try:
            value = parse(environ[name], name)
        except SettingsError as problem:
            problems.append(problem)
            continue
        is_text = schema_at(path).get("type") == "string" and value is not None
        yield _Entry(name, path, environ[name] if is_text and not isinstance(value, str) else value)


def _from_flags(flags: Mapping[str, object]) -> Iterator[_Entry]:
    for flag, value in flags.items():
        if value is not None and value != ():
            plain = list(value) if isinstance(value, tuple) else str(value)
            path = tuple(FLAGS[flag].split("."))
            yield (
                _Entry(flag, path, _ADDED[flag](str(value)), adds=True) if flag in _ADDED else _Entry(flag, path, plain)
            )


def _place(entry: _Entry, document: _Document, origins: _Origins) -> None:
    """Put the value of `entry` into `document`; it is the origin of that key and of the groups which it begins."""
    here = document
    for depth, key in enumerate(entry.path[:-1], start=1):
        if here.get(key) is None:
            here[key] = {}
            origins[entry.path[:depth]] = entry.where
        inner = here[key]
        if not isinstance(inner, dict):
            whole = PREFIX + "__".join(entry.path[:depth]).upper()
            raise SettingsError(
                entry.where, ".".join(entry.path[:depth]), f"is no mapping here, set {whole} as a whole"
            )
        here = inner
    if entry.adds:
        _add(entry, here, origins)
    else:
        here[entry.path[-1]] = entry.value
        origins[entry.path] = entry.where


def _add(entry: _Entry, here: _Document, origins: _Origins) -> None:
    """Put the value of `entry` at the end of its list. What is no list is left to the judgement of the settings."""
    items = here.get(entry.path[-1])
    if items is None or isinstance(items, list):
        here[entry.path[-1]] = [*(items or []), entry.value]
        origins[*entry.path, len(items or [])] = entry.where


def _problems(error: ValidationError, document: _Document, origins: _Origins) -> Iterator[SettingsError]:
    errors = error.errors(include_url=False)
    inside = {details["loc"][:n] for details in errors for n in range(len(details["loc"]))}
    for details in errors:
        location = details["loc"]
        follows = details["type"] == "default_factory_not_called" or (
            details["type"] == "too_short" and location in inside
        )
        if not follows:  # from another error
            where = next(origins[location[:n]] for n in range(len(location), -1, -1) if location[:n] in origins)
            yield SettingsError(where, dotted(location, document), complaint(details))


def _all(problems: Iterable[SettingsError]) -> SettingsError:
    """One problem as it is, several as one error of as many lines."""
    first, *others = problems
    return SettingsError("", "", "\n".join(map(str, (first, *others)))) if others else first


def _with_masks(value: object) -> object:
    match value:
        case str():
            return masked(value)
        case list():
            return [_with_masks(item) for item in value]
        case dict():
            return {key: _with_masks(item) for key, item in value.items()}
        case _:
            return value
