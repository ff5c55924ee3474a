"""From the text of a file to the documents in it: rules, dashboards, routes, scrapes. Pure.

What is no YAML or JSON, or has the shape of a document but not its types, becomes Unreadable; a file without any
document of these kinds is told by an empty answer. Documents may stand in objects of Kubernetes: PrometheusRule,
ServiceMonitor, PodMonitor, GrafanaDashboard, lists, and as texts in a ConfigMap or Secret.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from observability.monitoring.checks.documents import Routing, Scrape, Unreadable
from observability.monitoring.checks.durations import seconds_of
from observability.monitoring.checks.positions import Path, UnreadableError, of_json, of_yaml
from observability.monitoring.checks.rows import Place
from observability.monitoring.checks.sources import RawBoard, RawRule, Source, text_of

Document: TypeAlias = RawRule | RawBoard | Routing | Scrape | Unreadable


def documents(file: str, text: str) -> tuple[Document, ...]:
    """All documents in the text of a file."""
    return tuple(_of_text(file, text, json=file.endswith(".json")))


def _of_text(file: str, text: str, above: int = 0, *, json: bool, flat: bool = False) -> Iterator[Document]:
    """`above` and `flat`: as of `Source`."""
    try:
        for positioned in (of_json(text),) if json else of_yaml(text):
            yield from _of_value(Source(file, positioned, above, flat), ())
    except UnreadableError as error:
        line = above + (1 if flat else error.line)
        yield Unreadable(place=Place(file, line, line), said=str(error))


def _of_value(source: Source, path: Path) -> Iterator[Document]:
    value = source.at(*path)
    if not isinstance(value, Mapping):
        return
    kind = value.get("kind")
    if isinstance(kind, str) and "apiVersion" in value:
        yield from _of_object(source, path, kind)
        return
    for one in _SHAPES:
        if one.holds(value):
            yield from one.read(source, path)
            return


def _of_object(source: Source, path: Path, kind: str) -> Iterator[Document]:
    value = source.at(*path)
    if kind.endswith("List") or kind == "List":
        items = value.get("items")
        for index in range(len(items) if isinstance(items, list) else 0):
            yield from _of_value(source, (*path, "items", index))
    elif kind == "PrometheusRule":
        yield from _rules(source, (*path, "spec"))
    elif kind in {"ServiceMonitor", "PodMonitor"}:
        yield from _monitored(source, (*path, "spec"))
    elif kind in {"ConfigMap", "Secret"}:
        for field in ("data", "stringData") if kind == "ConfigMap" else ("stringData",):
            yield from _of_texts(source, (*path, field))
    elif kind == "GrafanaDashboard":
        yield from _of_embedded(source, (*path, "spec", "json"), json=True)


def _of_texts(source: Source, path: Path) -> Iterator[Document]:
    texts = source.at(*path)
    for name in texts if isinstance(texts, Mapping) else ():
        if isinstance(name, str) and name.endswith((".json", ".yml", ".yaml")):
            yield from _of_embedded(source, (*path, name), json=name.endswith(".json"))


def _of_embedded(source: Source, path: Path, *, json: bool) -> Iterator[Document]:
    text = source.at(*path)
    if isinstance(text, str):
        block = source.is_block(*path)
        yield from _of_text(source.file, text, source.text_line(*path) - 1, json=json, flat=not block)


def _rules(source: Source, path: Path) -> Iterator[RawRule | Unreadable]:
    spec = source.at(*path)
    groups = spec.get("groups") if isinstance(spec, Mapping) else None
    if not isinstance(groups, list):
        yield source.unreadable(path, "expected groups: a list of groups of rules")
        return
    for index, group in enumerate(groups):
        where = (*path, "groups", index)
        rules = group.get("rules") if isinstance(group, Mapping) else None
        if not isinstance(rules, list):
            yield source.unreadable(where, "expected a group with name and rules, which are a list")
            continue
        for number in range(len(rules)):
            yield _rule(source, (*where, "rules", number), text_of(group.get("name")))


def _rule(source: Source, path: Path, group: str) -> RawRule | Unreadable:
    value = source.at(*path)
    if not isinstance(value, Mapping):
        return source.unreadable(path, "expected a rule: alert or record, and expr")
    names = [key for key in ("alert", "record") if isinstance(value.get(key), str) and value[key]]
    if len(names) != 1 or not isinstance(value.get("expr"), (str, int, float)):
        return source.unreadable(path, "expected a rule with expr and one of alert and record, all of them texts")
    for key in ("labels", "annotations"):
        if not isinstance(value.get(key) or {}, Mapping):
            return source.unreadable((*path, key), f"expected {key}: names and texts")
    return RawRule(source, path, group, value)


def _boards(source: Source, path: Path) -> Iterator[RawBoard]:
    value = source.at(*path)
    inner = value.get("dashboard")
    yield RawBoard(source, (*path, "dashboard"), inner) if isinstance(inner, Mapping) else RawBoard(source, path, value)


def _is_board(value: object) -> bool:
    """Of Grafana's classic kind: it has panels, or the rows of old, and a title or a schema version."""
    if not isinstance(value, Mapping) or not isinstance(value.get("panels", value.get("rows")), list):
        return False
    return bool({"title", "schemaVersion", "uid"} & value.keys())


def _routing(source: Source, path: Path) -> Iterator[Routing | Unreadable]:
    value = source.at(*path)
    for key, kind in (("route", Mapping), ("receivers", list), ("inhibit_rules", list)):
        if not isinstance(value.get(key, kind()) if kind is list else value.get(key, {}), kind):
            yield source.unreadable((*path, key), f"expected {key} as Alertmanager reads it")
            return
    lines = {".".join(map(str, one[len(path) :])): source.line(*one) for one in source.below(path)}
    place = Place(source.file, source.line(*path), source.end(*path), "alertmanager")
    yield Routing(place=place, value=value, lines=lines)


def _scrapes(source: Source, path: Path) -> Iterator[Scrape]:
    value = source.at(*path)
    everywhere = value.get("global")
    default = everywhere.get("scrape_interval", "1m") if isinstance(everywhere, Mapping) else "1m"
    jobs = value.get("scrape_configs")
    for index, job in enumerate(jobs if isinstance(jobs, list) else ()):
        if isinstance(job, Mapping):
            where = (*path, "scrape_configs", index)
            seconds = seconds_of(text_of(job.get("scrape_interval", default)))
            place = Place(source.file, source.line(*where), source.line(*where), text_of(job.get("job_name")))
            yield Scrape(place=place, seconds=seconds, labels=frozenset(_added(job)))


def _added(job: Mapping[str, Any]) -> Iterator[str]:
    """Labels that a job puts on its targets."""
    statics = job.get("static_configs")
    for static in statics if isinstance(statics, list) else ():
        if isinstance(static, Mapping) and isinstance(static.get("labels"), Mapping):
            yield from map(str, static["labels"])
    yield from _relabeled(job.get("relabel_configs"), "target_label")
    yield from _relabeled(job.get("metric_relabel_configs"), "target_label")


def _relabeled(rules: object, key: str) -> Iterator[str]:
    for rule in rules if isinstance(rules, list) else ():
        if isinstance(rule, Mapping) and isinstance(rule.get(key), str):
            yield rule[key]


def _monitored(source: Source, path: Path) -> Iterator[Scrape]:
    spec = source.at(*path)
    if not isinstance(spec, Mapping):
        return
    for field in ("endpoints", "podMetricsEndpoints"):
        found = spec.get(field)
        for index, one in enumerate(found if isinstance(found, list) else ()):
            if isinstance(one, Mapping):
                line = source.line(*path, field, index)
                labels = (*_relabeled(one.get("relabelings"), "targetLabel"), *_names(spec.get("targetLabels")))
                yield Scrape(
                    place=Place(source.file, line, line, "endpoint"),
                    seconds=seconds_of(text_of(one.get("interval"))),
                    labels=frozenset(labels),
                )


def _names(found: object) -> Iterable[str]:
    return map(str, found) if isinstance(found, list) else ()


def _has_rules(value: Mapping[str, Any]) -> bool:
    """Groups of Prometheus; those of Grafana's own alerts come with an apiVersion."""
    groups = value.get("groups")
    if not isinstance(groups, list) or "apiVersion" in value:
        return False
    return not groups or any(isinstance(one, Mapping) and {"rules", "name"} & one.keys() for one in groups)


class _Shape(NamedTuple):
    """A document that is told by its keys."""

    holds: Callable[[Mapping[str, Any]], bool]
    read: Callable[[Source, Path], Iterator[Document]]


_SHAPES: Final = (
    _Shape(_has_rules, _rules),
    _Shape(lambda value: "route" in value or "inhibit_rules" in value, _routing),
    _Shape(lambda value: "scrape_configs" in value, _scrapes),
    _Shape(lambda value: _is_board(value) or _is_board(value.get("dashboard")), _boards),
)
