"""Rows of the catalogue of metrics, for tests: which one a golden text is about, and what of a subject it reads."""

from operator import attrgetter
from types import SimpleNamespace
from typing import Any

from observability.signals.catalogue import Metric
from observability.signals.metrics import METRICS


def name_of(text: str) -> str:
    """The family that a golden text is about."""
    return text.split()[2]


def row(name: str) -> Metric[Any]:
    """The row of this name, which is one of an object."""
    found = {one.name: one for one in METRICS}[name]
    assert isinstance(found, Metric)
    return found


def names(cases: tuple[tuple[Any, str], ...]) -> list[str]:
    """The families that golden texts are about, each the last of its case."""
    return [name_of(text) for _, text in cases]


def only(paths: tuple[str, ...], subject: object) -> SimpleNamespace:
    """Of `subject` nothing but what is at these paths: to read anything else is an AttributeError."""
    bare = SimpleNamespace()
    for path in paths:
        *parents, name = path.split(".")
        place = bare
        for parent in parents:
            if not hasattr(place, parent):
                setattr(place, parent, SimpleNamespace())
            place = getattr(place, parent)
        setattr(place, name, attrgetter(path)(subject))
    return bare
