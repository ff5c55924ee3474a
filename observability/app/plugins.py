"""Plugins: what installed packages add through entry points. Only those that the settings name are imported."""

import re
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, NamedTuple, cast

from observability.delivery.sinks.catalogue import Factory
from observability.errors import SettingsError
from observability.monitoring.checks.rows import Check
from observability.sources import ENGINES
from observability.sources.engine import Engine, marked

ENGINE_POINTS: Final = "gitops_observability.engines"
"""Entry points that are an `Engine`."""
CHECKS: Final = "gitops_observability.checks"
"""Entry points that are a `Check` of dashboards, alerts or routes."""
SINKS: Final = "gitops_observability.sinks"
"""Entry points that can be called with the settings of a sink and the resource, and give a `model.outbox.Sink`."""

_KEY: Final = "plugins"
_ENGINE_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
_ENGINES_ARE: Final = "an Engine"
_CALLABLE: Final = "something to call"


_GROUPS: Final[Mapping[str, tuple[str, Callable[[object], bool]]]] = {
    ENGINE_POINTS: (_ENGINES_ARE, lambda value: isinstance(value, Engine)),
    CHECKS: ("a Check", lambda value: isinstance(value, Check)),
    SINKS: (_CALLABLE, callable),
}
"""What an entry point of each group must be, in words and as a test."""


class Plugins(NamedTuple):
    """What was loaded, by the name of the entry point."""

    engines: Mapping[str, Engine]
    checks: Mapping[str, Check[Any]]
    sinks: Mapping[str, Factory]


def load(names: Sequence[str], where: str = "settings") -> Plugins:
    """The entry points of `names` in the three groups. `where` is the file of the settings, for messages.

    Raises SettingsError: a name that no installed package has, that two have in one group, that cannot be imported, or
    that is not what its group expects.
    """
    found = {group: {name: point for name in names if (point := _only(name, group, where))} for group in _GROUPS}
    for name in names:
        if not any(name in points for points in found.values()):
            raise SettingsError(where, _KEY, f'expected an installed package with an entry point "{name}"{_known()}')
    loaded = {group: {name: _value(point, where) for name, point in found[group].items()} for group in _GROUPS}
    return Plugins(loaded[ENGINE_POINTS], loaded[CHECKS], cast("Mapping[str, Factory]", loaded[SINKS]))


def engines(names: Sequence[str]) -> tuple[Engine, ...]:
    """Those that are built in, and those of the plugins.

    Raises SettingsError: as `load`; the name of one is that of another, or no name, or it has a kind twice.
    """
    found = list(ENGINES)
    for point, engine in (load(names).engines if names else {}).items():
        expected = ""
        if not _ENGINE_NAME.fullmatch(engine.name):
            expected = "to have a name of small letters, digits and dashes"
        elif engine.name in {one.name for one in found}:
            expected = f"to have a name of its own, {engine.name} is another engine"
        elif len({kind.kind for kind in engine.kinds}) < len(engine.kinds):
            expected = "to have each kind once"
        if expected:
            raise SettingsError("settings", _KEY, f'expected the engine "{point}" {expected}')
        found.append(marked(engine))
    return tuple(found)


def _only(name: str, group: str, where: str) -> EntryPoint | None:
    """The entry point of that name; None when there is none."""
    points = list(entry_points(group=group, name=name))
    if len(points) > 1:
        packages = " and ".join(sorted(map(_package, points)))
        raise SettingsError(where, _KEY, f'expected one package with "{name}" in the group {group}, {packages} have it')
    return points[0] if points else None


def _value(point: EntryPoint, where: str) -> Any:
    try:
        value = point.load()
    except Exception as error:  # what the import of somebody else's code raises can be anything
        said = f"{type(error).__name__}: {error}"
        expected = f'expected that "{point.name}" of {_package(point)} can be imported from {point.value}: {said}'
        raise SettingsError(where, _KEY, expected) from error
    words, holds = _GROUPS[point.group]
    if not holds(value):
        expected = (
            f'expected "{point.name}" of {_package(point)} to be {words}, {point.value} is {type(value).__name__}'
        )
        raise SettingsError(where, _KEY, expected)
    return value


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def _known() -> str:
    """The names that could stand there."""
    names = sorted({point.name for group in _GROUPS for point in entry_points(group=group)})
    return f", there are {', '.join(names)}" if names else ", and no package has one"
