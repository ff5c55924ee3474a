"""Tables as Grafana makes them: queries merged, columns chosen, ordered, renamed, sorted, painted."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from tests.previews import values

Row = dict[str, Any]
Properties = Mapping[str, Any]

HEAD: Final = 36
LINE: Final = 36
_LETTER: Final = 7.1


def merged(frames: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Row]:
    """One row for all samples that have the same labels in common; `frames`: the samples of each query's letter."""
    several = len(frames) > 1
    rows: list[Row] = []
    kept = [(letter, samples) for letter, samples in frames.items() if samples]
    common = set.intersection(*({*samples[0]["metric"]} for _, samples in kept)) if kept else set()
    places: dict[tuple[str, ...], list[Row]] = {}
    for letter, samples in kept:
        for sample in samples:
            name = f"Value #{letter}" if several else "Value"
            new = {**sample["metric"], name: float(sample["value"][1])}
            same = places.setdefault(tuple(sample["metric"].get(label, "") for label in sorted(common)), [])
            fits = [row for row in same if all(row.get(key, value) == value for key, value in new.items())]
            for row in fits:
                row.update(new)
            if not fits:
                rows.append(new)
                same.append(new)
    return rows


def matrix(rows: Sequence[Row], options: Mapping[str, Any]) -> tuple[list[str], list[Row]]:
    """The columns and rows of a matrix, in the order in which they come."""
    across, down, value = options["columnField"], options["rowField"], options["valueField"]
    first = f"{down}\\{across}"
    columns = list(dict.fromkeys(str(row.get(across, "")) for row in rows))
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(row.get(down, ""), {first: row.get(down, "")})[str(row.get(across, ""))] = row[value]
    return [first, *columns], list(found.values())


def table(panel: Mapping[str, Any], frames: Mapping[str, Sequence[Mapping[str, Any]]], width: int, height: int) -> str:
    """The table, as far as it is seen without scrolling."""
    rows = merged(frames)
    if not rows:
        return ""
    steps = {one["id"]: one["options"] for one in panel.get("transformations", ())}
    if "groupingToMatrix" in steps:
        columns, rows = matrix(rows, steps["groupingToMatrix"])
        columns.sort(key=lambda name: steps["organize"]["indexByName"].get(name, len(columns)))
    else:
        order = steps["organize"]["indexByName"]
        columns = [name for name in sorted(order, key=order.__getitem__) if any(name in row for row in rows)]
    columns = [name for name in columns if not _properties(panel, name).get("custom.hidden")]
    looks = [_properties(panel, name) for name in columns]
    titles = [str(look.get("displayName", name)) for name, look in zip(columns, looks, strict=True)]
    for one in panel["options"].get("sortBy", ()):
        if one["displayName"] in titles:
            name = columns[titles.index(one["displayName"])]
            rows.sort(key=lambda row: _order(row.get(name)), reverse=one.get("desc", False))
    widths = _widths(looks, width)
    head = "".join(_cell(title, "", wide, "th") for title, wide in zip(titles, widths, strict=True))
    fits = (height - HEAD) // LINE
    body = "".join(
        f"<tr>{''.join(_drawn(row.get(n), look, w) for n, look, w in zip(columns, looks, widths, strict=True))}</tr>"
        for row in rows[: fits + 1]
    )
    more = f'<div class="more">{len(rows)} rows</div>' if len(rows) > fits else ""
    return f'<table style="width:{sum(widths)}px"><tr>{head}</tr>{body}</table>{more}'


def _order(value: object) -> tuple[bool, float, str]:
    return (value is not None, value, "") if isinstance(value, float) else (value is not None, 0.0, str(value))


def _properties(panel: Mapping[str, Any], name: str) -> Properties:
    """What holds for the column: what is of its own before what all have."""
    defaults = panel["fieldConfig"]["defaults"]
    found: dict[str, Any] = {**defaults, **{f"custom.{key}": value for key, value in defaults["custom"].items()}}
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == name:
            found.update({one["id"]: one["value"] for one in override["properties"]})
    return found


def _widths(looks: Sequence[Properties], width: int) -> list[int]:
    """Columns without a width of their own share what is left, each its minimum at least."""
    given = [int(look.get("custom.width", 0)) for look in looks]
    free = given.count(0)
    least = max((int(look.get("custom.minWidth", 150)) for look in looks), default=150)
    share = max(least, (width - sum(given)) // free) if free else 0
    return [one or share for one in given]


def _drawn(value: object, look: Properties, width: int) -> str:
    if value is None:
        return _cell("", "", width)
    state = values.mapped(look.get("mappings", ()), value)
    number = value if isinstance(value, float) else None
    text = str(value) if number is None else values.written(number, look.get("unit"), look.get("decimals"))
    color = "transparent" if number is None else values.threshold(look["thresholds"]["steps"], number)
    if state:
        text, color = state
    style = ""
    if look["custom.cellOptions"]["type"] == "color-background" and color != "transparent":
        style = f"background:{values.color(color)};color:{values.on(color)};"
    right = "text-align:right;" if number is not None and not state else ""
    linked = ' class="link"' if look.get("links") and not style else ""
    return _cell(text, style + right, width, attributes=linked)


def _cell(text: str, style: str, width: int, tag: str = "td", attributes: str = "") -> str:
    cut = ' data-cut="1"' if len(text) * _LETTER > width - 12 else ""
    return f'<{tag} style="width:{width}px;max-width:{width}px;{style}"{cut}{attributes}>{escape(text)}</{tag}>'
