"""From the row of a dashboard to its JSON: grafanalib's objects, encoded by grafanalib, mended."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from grafanalib._gen import DashboardEncoder
from grafanalib.core import Annotations as AnnotationList
from grafanalib.core import Dashboard as Document
from grafanalib.core import DashboardLink, GridPos, Repeat, RowPanel, Templating, Time, TimePicker

from observability.errors import SpecError
from observability.monitoring.generate.grafana import mend
from observability.monitoring.generate.grafana.drawing import Ground, drawn
from observability.monitoring.generate.grafana.layout import Part, Place, parts
from observability.monitoring.generate.grafana.places import Places
from observability.monitoring.generate.grafana.scope import Scope
from observability.monitoring.generate.grafana.targets import data_source, target
from observability.monitoring.generate.grafana.variables import variables
from observability.monitoring.spec.dashboards import Annotations, Dashboard, LogQuery
from observability.monitoring.spec.rules import Recording

TAG: Final = "gitops-observability"
"""All our dashboards have it; by it they find each other."""

_INTERVALS: Final = ["30s", "1m", "5m", "15m", "1h"]
_SHARED_CROSSHAIR: Final = 1


class Environments(NamedTuple):
    """The environment whose folder a dashboard goes to, and all that there are."""

    this: str
    known: tuple[str, ...]


def dashboard(
    row: Dashboard, environments: Environments, places: Places, recordings: Iterable[Recording] = ()
) -> dict[str, Any]:
    """The dashboard as Grafana's file provisioning and its API read it (classic, v1).

    `recordings`: the recording rules whose series it may ask for.

    Raises SpecError for what no dashboard can be made of; its name says which dashboard and panel.
    """
    if environments.this not in environments.known:
        raise SpecError(row.uid, f"expected an environment among {', '.join(environments.known)}")
    scope = Scope(row.variables, {rule.record: rule.labels for rule in recordings})
    try:
        return mend.mended(_encoded(_document(row, Ground(environments.this, places, scope, environments.known))))
    except SpecError as error:
        raise SpecError(f"{row.uid}: {error.name}", error.expected) from error


def text(row: Dashboard, environments: Environments, places: Places, recordings: Iterable[Recording] = ()) -> str:
    """The same as a file: keys in alphabetical order, so that equal rows are equal bytes."""
    document = dashboard(row, environments, places, recordings)
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def check_uids(rows: Iterable[Dashboard]) -> None:
    """Raises SpecError when two dashboards have the same uid or title."""
    seen: dict[str, Dashboard] = {}
    for row in rows:
        for name in (row.uid, row.title):
            if seen.setdefault(name, row) is not row:
                raise SpecError(row.uid, f"expected a uid and a title that no other dashboard has, not {name!r} again")


def _encoded(document: Document) -> Any:
    return json.loads(json.dumps(document, cls=DashboardEncoder))


def _document(row: Dashboard, ground: Ground) -> Document:
    return Document(
        title=row.title,
        uid=row.uid,
        description=row.description,
        tags=[TAG],
        editable=False,
        graphTooltip=_SHARED_CROSSHAIR,
        refresh=row.refresh,
        time=Time(row.since, "now"),
        timePicker=TimePicker(refreshIntervals=_INTERVALS, timeOptions=[]),
        timezone="browser",
        links=[_others()],
        annotations=AnnotationList(list=[_annotation(one, ground) for one in row.annotations]),
        templating=Templating(list=variables(row)),
        panels=list(_panels(parts(row.sections), ground)),
    )


def _others() -> DashboardLink:
    """A menu of all our dashboards, with time and variables kept."""
    return DashboardLink(
        title="GitOps", type="dashboards", tags=[TAG], asDropdown=True, includeVars=True, keepTime=True
    )


def _panels(placed: Iterable[Part], ground: Ground) -> Iterator[Any]:
    names = {variable.name for variable in ground.variables}
    for part in placed:
        section = part.section
        if section.repeat and section.repeat not in names:
            raise SpecError(f"section {section.title!r}", f"expected a variable among {', '.join(sorted(names))}")
        panels = [drawn(one, ground) for one in part.panels]
        if part.place is None:
            yield from panels
            continue
        yield RowPanel(
            id=part.id,
            title=section.title,
            collapsed=section.collapsed,
            panels=panels if section.collapsed else [],
            gridPos=_position(part.place),
            repeat=Repeat(variable=section.repeat or None),
        )
        if not section.collapsed:
            yield from panels


def _position(place: Place) -> GridPos:
    return GridPos(h=place.h, w=place.w, x=place.x, y=place.y)


def _annotation(row: Annotations, ground: Ground) -> dict[str, Any]:
    """Grafanalib has no type for them. What a mark says stands beside the query in both data sources."""
    query = target(row.query, "Anno", f"annotations {row.title!r}", ground.environment, ground.scope)
    found: dict[str, Any] = {
        "name": row.title,
        "datasource": data_source(row.query.source),
        "enable": row.shown,
        "hide": False,
        "iconColor": row.color,
        "titleFormat": row.title,
        "textFormat": row.text,
    }
    if isinstance(row.query, LogQuery):
        return {**found, "expr": row.query.expr}
    return {**found, "target": query}
