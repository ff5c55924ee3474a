"""Which records a receiver is sent. Pure."""

import re
from collections.abc import Callable, Collection, Iterable
from fnmatch import translate
from typing import Final

from observability.model.event import Event, Record
from observability.settings.receivers import Filter

_ENVIRONMENTS: Final = ("gitops.environment", "gitops.from_environment", "gitops.to_environment")
"""A promotion is of both environments that it joins."""


def keeps(filter_: Filter) -> Callable[[Record], bool]:
    """Whether a record is for the receiver with this filter.

    Names are those of events; spans pass. What belongs to no environment, such as a gap of the exporter, passes.
    """
    names = _matcher(filter_.names)
    environments = frozenset(filter_.environments)

    def judge(record: Record) -> bool:
        if isinstance(record, Event) and names is not None and not names.fullmatch(record.name):
            return False
        if not environments:
            return True
        of = {record.attributes[key] for key in _ENVIRONMENTS if key in record.attributes}
        return not of or not environments.isdisjoint(of)

    return judge


def unknown_names(filter_: Filter, known: Collection[str]) -> tuple[str, ...]:
    """The globs that no name of `known` matches: an event that never comes, mostly a slip of the pen."""
    return tuple(glob for glob in filter_.names if not any(map(re.compile(translate(glob)).fullmatch, known)))


def _matcher(globs: Iterable[str]) -> re.Pattern[str] | None:
    """All globs as one expression; None when there is none."""
    patterns = [translate(glob) for glob in globs]
    return re.compile("|".join(patterns)) if patterns else None
