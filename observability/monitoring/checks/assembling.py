"""From what was read of all files to one corpus; expressions are read by the metrics and rules that there are. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from observability.errors import SpecError
from observability.monitoring.checks.comments import comments
from observability.monitoring.checks.documents import (
    Board,
    Corpus,
    Expression,
    Panel,
    Reading,
    Routing,
    Rule,
    Scrape,
    Target,
    Unreadable,
)
from observability.monitoring.checks.durations import seconds_of
from observability.monitoring.checks.positions import Path
from observability.monitoring.checks.reading import documents
from observability.monitoring.checks.rows import Place
from observability.monitoring.checks.series import KNOWN, Known, Metric, labels_of
from observability.monitoring.checks.sources import RawBoard, RawRule, Source, text_of
from observability.monitoring.promql import facts
from observability.monitoring.shapes import shape
from observability.signals.catalogue import Type

DEFAULT_SCRAPE_SECONDS: Final = 30.0
"""As the chart and most operators have it."""
_VARIABLE: Final = re.compile(r"\$\{(?!__)\w+(?::\w+)?\}|\$(?!__)\w+|\[\[\w+\]\]")
"""A variable of a dashboard that may stand for a name: what it becomes only Grafana knows."""
_OF_VARIABLES: Final = re.compile(
    r"label_values\((?P<series>.+),\s*\$?\{?\w+\}?\s*\)|query_result\((?P<expression>.+)\)", re.DOTALL
)


def corpus(texts: Mapping[str, str], scrape_seconds: float | None = None) -> Corpus:
    """All documents of these files, by their names.

    `scrape_seconds`: how often targets are asked. None: as the longest interval of the scrape configurations among the
    files says, and 30 s when there is none.
    """
    found = {file: documents(file, text) for file, text in texts.items()}
    every = [one for some in found.values() for one in some]
    scrapes = [one for one in every if isinstance(one, Scrape)]
    intervals = [one.seconds for one in scrapes if one.seconds is not None]
    seconds = scrape_seconds or max(intervals, default=DEFAULT_SCRAPE_SECONDS)
    rules = [one for one in every if isinstance(one, RawRule)]
    reader = _Reader(_with_recordings(rules), seconds, frozenset().union(*(one.labels for one in scrapes)))
    return Corpus(
        unreadable=[one for one in every if isinstance(one, Unreadable)],
        rules=[reader.rule(one) for one in rules],
        boards=[reader.board(one) for one in every if isinstance(one, RawBoard)],
        routings=[one for one in every if isinstance(one, Routing)],
        scrapes=scrapes,
        comments={file: comments(text) for file, text in texts.items() if not file.endswith(".json")},
        texts=texts,
        left_out=[file for file, some in found.items() if not some],
    )


def _with_recordings(rules: Iterable[RawRule]) -> Known:
    """What is known, and the series of recording rules with the labels that their expressions keep."""
    known = dict(KNOWN)
    for rule in rules:
        name = text_of(rule.value.get("record"))
        if not name:
            continue
        try:
            labels = facts(text_of(rule.value["expr"]), labels_of(known), name).labels
        except SpecError:
            labels = None
        added = frozenset(map(str, rule.value.get("labels") or ()))
        other = known[name].labels if name in known else frozenset()
        both = None if labels is None or other is None else labels | added | other
        known[name] = Metric(name, Type.GAUGE, both)
    return known


class _Reader:
    """Reads expressions by what is known."""

    def __init__(self, known: Known, scrape_seconds: float, added: frozenset[str]) -> None:
        self._known = known
        self._added = added
        self._scrape_seconds = scrape_seconds
        self._readings: dict[str, Reading] = {}

    def rule(self, raw: RawRule) -> Rule:
        """A rule, with its expression read."""
        value, source, path = raw.value, raw.source, raw.path
        alert = "alert" in value
        name = text_of(value.get("alert" if alert else "record"))
        place = Place(source.file, source.line(*path), source.end(*path), name)
        return Rule(
            place=place,
            group=raw.group,
            name=name,
            alert=alert,
            expression=self._expression(source, (*path, "expr"), place, text_of(value["expr"])),
            hold=text_of(value.get("for")),
            hold_seconds=seconds_of(text_of(value.get("for"))),
            labels=_texts(value.get("labels")),
            annotations=_texts(value.get("annotations")),
            lines=_rule_lines(source, path, value),
        )

    def board(self, raw: RawBoard) -> Board:
        """A dashboard, with the expressions of its panels read."""
        source, path, value = raw.source, raw.path, raw.value
        title = text_of(value.get("title"))
        place = Place(source.file, source.line(*path), source.end(*path), title)
        return Board(
            place=place,
            value=value,
            panels=tuple(self._panel(source, one) for one in _panel_paths(source, path)),
            expressions=(
                *self._expressions(source, (*path, "annotations", "list"), title, _of_annotation),
                *self._expressions(source, (*path, "templating", "list"), title, _of_variable),
            ),
            lines={key: source.line(*path, key) for key in map(str, value)},
        )

    def _expressions(
        self, source: Source, path: Path, board: str, queries: Callable[[Source, Path], Iterable[tuple[Path, str]]]
    ) -> Iterator[Expression]:
        """Those of a list that is no panel's."""
        listed = source.at(*path)
        for index in range(len(listed) if isinstance(listed, list) else 0):
            for where, text in queries(source, (*path, index)):
                place = Place(source.file, source.line(*where), source.line(*where), board)
                yield self._expression(source, where, place, text, panel=True)

    def _panel(self, source: Source, path: Path) -> Panel:
        value = source.at(*path)
        subject = text_of(value.get("title")) or f"panel {text_of(value.get('id'))}"
        place = Place(source.file, source.line(*path), source.end(*path), subject)
        targets = value.get("targets")
        return Panel(
            place=place,
            value=value,
            container=".".join(map(str, path[:-1])),
            inherited="libraryPanel" in value or text_of(value.get("repeatPanelId")) != "",
            targets=tuple(
                self._target(source, (*path, "targets", index), place)
                for index, one in enumerate(targets if isinstance(targets, list) else ())
                if isinstance(one, Mapping)
            ),
        )

    def _target(self, source: Source, path: Path, place: Place) -> Target:
        value, panel = source.at(*path), source.at(*path[:-2])
        data_source = value.get("datasource") or panel.get("datasource")
        of = text_of(data_source.get("type")) if isinstance(data_source, Mapping) else ""
        text = text_of(value.get("expr"))
        prometheus = of == "prometheus" or (not of and bool(text) and "loki" not in str(data_source).lower())
        where = (*path, "expr")
        expression = self._expression(source, where, place, text, panel=True) if prometheus and text else None
        return Target(text_of(value.get("refId")), data_source, prometheus, expression)

    def _expression(self, source: Source, path: Path, place: Place, text: str, *, panel: bool = False) -> Expression:
        line = source.text_line(*path) if source.is_block(*path) else source.line(*path)
        return Expression(
            place=place,
            text=text if source.is_block(*path) else " ".join(text.split("\n")),
            line=line,
            reading=self._reading(text, panel),
            known=self._known,
            scrape_seconds=self._scrape_seconds,
            added=self._added,
            panel=panel,
        )

    def _reading(self, text: str, panel: bool) -> Reading:
        if text not in self._readings:
            self._readings[text] = self._read(text)
        reading = self._readings[text]
        named = _VARIABLE.sub("variable", text)
        if not reading.wrong or not panel or named == text or self._read(named).wrong:
            return reading
        return Reading()

    def _read(self, text: str) -> Reading:
        labels = labels_of(self._known)
        try:
            return Reading(facts=facts(text, labels, ""), shape=shape(text, labels, ""))
        except SpecError as error:
            return Reading(wrong=error.expected)
        except RecursionError:
            return Reading(wrong="expected PromQL that is not nested without end")


def _texts(found: object) -> Mapping[str, str]:
    return {str(key): text_of(value) for key, value in found.items()} if isinstance(found, Mapping) else {}


def _rule_lines(source: Source, path: Path, value: Mapping[str, Any]) -> Mapping[str, int]:
    lines = {key: source.line(*path, key) for key in value}
    for key in ("labels", "annotations"):
        lines.update({f"{key}.{name}": source.line(*path, key, name) for name in _texts(value.get(key))})
    return lines


def _panel_paths(source: Source, path: Path) -> Iterator[Path]:
    """All panels but rows: those in rows too, of the kind of today and of old."""
    value = source.at(*path)
    rows: Sequence[object] = value.get("rows") if isinstance(value.get("rows"), list) else ()
    for index in range(len(rows)):
        yield from _panel_paths_of(source, (*path, "rows", index, "panels"))
    yield from _panel_paths_of(source, (*path, "panels"))


def _panel_paths_of(source: Source, path: Path) -> Iterator[Path]:
    panels = source.at(*path)
    for index, panel in enumerate(panels if isinstance(panels, list) else ()):
        if not isinstance(panel, Mapping):
            continue
        if panel.get("type") == "row":
            yield from _panel_paths_of(source, (*path, index, "panels"))
        else:
            yield (*path, index)


def _of_annotation(source: Source, path: Path) -> Iterator[tuple[Path, str]]:
    value = source.at(*path)
    of = value.get("datasource") if isinstance(value, Mapping) else None
    if isinstance(of, Mapping) and of.get("type") == "prometheus":
        for where in ((*path, "expr"), (*path, "target", "expr")):
            text = text_of(source.at(*where))
            if text:
                yield where, text


def _of_variable(source: Source, path: Path) -> Iterator[tuple[Path, str]]:
    """The series that label_values(SERIES, LABEL) and query_result(EXPRESSION) ask for."""
    for where in ((*path, "query"), (*path, "query", "query"), (*path, "definition")):
        text = text_of(source.at(*where))
        found = _OF_VARIABLES.fullmatch(text.strip())
        if found:
            yield where, found["series"] or found["expression"]
            return
