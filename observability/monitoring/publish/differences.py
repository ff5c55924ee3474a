"""How two JSON documents differ, for people: one line a field; in dashboards panel by panel. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

_VALUE: Final = 100
"""Characters of a value that are shown; longer ones lose their middle."""
_OF_THE_SERVER: Final = frozenset({"id", "version"})

Panel = Mapping[str, Any]


def comparable(document: Mapping[str, Any]) -> dict[str, Any]:
    """A dashboard without what Grafana numbers by itself, and without fields that say nothing (null)."""
    return {
        key: _without_nulls(value) for key, value in document.items() if key not in _OF_THE_SERVER and value is not None
    }


def of_dashboards(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Lines, the dashboard's own fields first, then each panel that is added (+), removed (-) or changed (~)."""
    old, new = comparable(before), comparable(after)
    yield from of_values(_without_panels(old), _without_panels(new), "")
    pairs, removed, added = paired(list(panels_of(old)), list(panels_of(new)))
    for was, now in pairs:
        lines = list(of_values(_without_panels(was), _without_panels(now), ""))
        if lines:
            yield f"~ {_called(now)}"
            yield from (f"    {line}" for line in lines)
    yield from (f"- {_called(panel)}" for panel in removed)
    yield from (f"+ {_called(panel)}" for panel in added)


def of_values(before: Any, after: Any, path: str) -> Iterator[str]:
    """Lines `path: before → after`, one for each place where the values differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from _of_member(before, after, key, f"{path}.{key}" if path else key)
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            old, new = (dict(enumerate(values)) for values in (before, after))
            yield from _of_member(old, new, index, f"{path}[{index}]")
    elif before != after or type(before) is not type(after):
        yield f"{path}: {_shown(before)} → {_shown(after)}"


def panels_of(document: Mapping[str, Any]) -> Iterator[Panel]:
    """All panels, also those in collapsed rows, each after its row."""
    for panel in document.get("panels") or ():
        if isinstance(panel, dict):
            yield panel
            yield from panels_of(panel)


def paired(
    before: Sequence[Panel], after: Sequence[Panel]
) -> tuple[list[tuple[Panel, Panel]], list[Panel], list[Panel]]:
    """Panels that are the same one before and after, then those that are only before, and only after.

    The same are those with the same id and title; then with the same title: ids shift when one is put between; then
    with the same id: titles are reworded.
    """
    pairs: list[tuple[Panel, Panel]] = []
    removed, added = list(before), list(after)
    for keys in (("id", "title"), ("title",), ("id",)):
        for now in list(added):
            was = next((one for one in removed if all(one.get(key) == now.get(key) for key in keys)), None)
            if was is not None:
                pairs.append((was, now))
                removed.remove(was)
                added.remove(now)
    pairs.sort(key=lambda pair: after.index(pair[1]))
    return pairs, removed, added


def _of_member(before: Mapping[Any, Any], after: Mapping[Any, Any], key: Any, path: str) -> Iterator[str]:
    if key not in after:
        yield f"{path}: {_shown(before[key])} is removed"
    elif key not in before:
        yield f"{path}: {_shown(after[key])} is added"
    else:
        yield from of_values(before[key], after[key], path)


def _without_panels(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "panels"}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _called(panel: Panel) -> str:
    return f"panel {panel.get('id')} {_shown(panel.get('title', ''))}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    half = _VALUE // 2
    return text if len(text) <= _VALUE else f"{text[:half]}…{text[-half:]}"


def indented(lines: Iterable[str]) -> Iterator[str]:
    """The lines below a heading."""
    return (f"    {line}" for line in lines)
