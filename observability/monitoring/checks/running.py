"""Checks over documents: what is found, in the order of files and lines. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from observability.monitoring.checks.documents import Comment, Corpus
from observability.monitoring.checks.rows import Check, Finding, Place

_NOWHERE: Final = Place("", 1, 1)


def findings(corpus: Corpus, checks: Sequence[Check[Any]], names: Iterable[str] = ()) -> tuple[Finding, ...]:
    """All that these checks find; `names`: those of all checks that there are, which comments may name."""
    whole = replace(corpus, names=frozenset(names) | {check.name for check in checks})
    found = {finding: None for check in checks for finding in _found(check, whole)}
    return tuple(sorted(found, key=lambda one: (one.place.file, one.line, one.place.subject, one.check.name, one.said)))


def _found(check: Check[Any], corpus: Corpus) -> Iterator[Finding]:
    for document in _documents(corpus):
        if not isinstance(document, check.of):
            continue
        for one in check.find(document):
            place = one.place or _place_of(document)
            yield Finding(place, one.line or place.first, check, one.said, _ignored(check.name, place, corpus))


def _place_of(document: Any) -> Place:
    place = getattr(document, "place", _NOWHERE)
    return place if isinstance(place, Place) else _NOWHERE


def _documents(corpus: Corpus) -> Iterator[Any]:
    for rule in corpus.rules:
        yield from (rule, rule.expression)
    for board in corpus.boards:
        yield from (board, *board.expressions)
        for panel in board.panels:
            yield panel
            yield from (target.expression for target in panel.targets if target.expression is not None)
    yield from (*corpus.routings, *corpus.scrapes, corpus)


def _ignored(name: str, place: Place, corpus: Corpus) -> str:
    """The reason of the comment that is about this; empty when there is none."""
    for comment in corpus.comments.get(place.file, ()):
        if comment.check == name and comment.reason and _is_about(comment, place, corpus.texts):
            return comment.reason
    return ""


def _is_about(comment: Comment, place: Place, texts: Mapping[str, str]) -> bool:
    """Whether it stands in the document, or right above it with nothing but comments between."""
    if place.first <= comment.line <= place.last:
        return True
    if comment.line > place.first or not comment.alone:
        return False
    between = texts[place.file].splitlines()[comment.line : place.first - 1]
    return all(line.lstrip().startswith("#") for line in between)
