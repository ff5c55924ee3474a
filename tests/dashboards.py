"""The dashboards that are authored, as rows and as JSON, and how to walk through them."""

from collections.abc import Iterator
from typing import Any, Final

from alerts import objectives
from dashboards import application, delivery, drift, exporter, overview, promotion, slo
from observability.monitoring.generate.grafana import Environments, Places, dashboard
from observability.monitoring.spec import Dashboard, Kind, Link, Panel, Recording, Section, Unit, select, views
from observability.signals import applications

ROWS: Final = tuple(module.DASHBOARD for module in (application, delivery, drift, exporter, overview, promotion, slo))
ENVIRONMENTS: Final = Environments("prod", ("dev", "staging", "prod"))
PLACES: Final = Places(argocd="https://argocd.example.com", runbooks="https://runbooks.example.com")
RECORDINGS: Final = tuple(rule for rule in objectives.GROUP.rules if isinstance(rule, Recording))
LINK: Final = Link(title="Open the overview", dashboard="gitops-overview")
DEGRADED: Final = f"sum({select(applications.HEALTH_STATUS, health_status='Degraded')})"


def generated(row: Dashboard) -> dict[str, Any]:
    """The JSON of a dashboard, for prod."""
    return dashboard(row, ENVIRONMENTS, PLACES, RECORDINGS)


def panels_of(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All panels, those in collapsed rows too, without the rows."""
    for panel in document["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def panel(**given: Any) -> Panel:
    """A number, but for what is given."""
    fields: dict[str, Any] = {
        "title": "Degraded",
        "kind": Kind.STAT,
        "description": "How many are Degraded.",
        "queries": (views.now(DEGRADED),),
        "unit": Unit.SHORT,
        "links": (LINK,),
    }
    return Panel(**{**fields, **given})


def table(**given: Any) -> Panel:
    """A table of Applications, but for what is given."""
    fields: dict[str, Any] = {
        "kind": Kind.TABLE,
        "queries": (views.table(select(applications.HEALTH_STATUS)),),
        "columns": views.OF_APPLICATION,
        "links": (),
    }
    return panel(**{**fields, **given})


def board(*panels: Panel, **given: Any) -> Dashboard:
    """A dashboard of these panels."""
    fields: dict[str, Any] = {
        "uid": "gitops-test",
        "title": "Test",
        "description": "Of the tests.",
        "sections": (Section(title="", panels=panels or (panel(),)),),
        "variables": (views.ENVIRONMENT, views.SERVICE),
    }
    return Dashboard(**{**fields, **given})
