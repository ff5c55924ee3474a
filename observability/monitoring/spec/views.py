"""What dashboards have in common: variables, columns, links and marks. Each module of dashboards/ stands for itself."""

from dataclasses import replace
from typing import Final

from observability.monitoring.spec.dashboards import (
    IN_ARGO_CD,
    Annotations,
    Column,
    Link,
    LogQuery,
    PromQuery,
    Variable,
)
from observability.monitoring.spec.queries import count, select
from observability.signals import aggregates, applications
from observability.signals.catalogue import Type
from observability.signals.metrics import Row

IDENTITY: Final = "cluster, environment, project, service, application_namespace, application"
"""The labels of one Application, for `max by`: those of the exporter's own pod are left out."""

ENVIRONMENT: Final = Variable(name="environment", title="Environment", metric=applications.INFO)
PROJECT: Final = Variable(name="project", title="Project", metric=applications.INFO)
SERVICE: Final = Variable(name="service", title="Service", metric=applications.INFO)
ONE_SERVICE: Final = Variable(name="service", title="Service", metric=applications.INFO, single=True)
APPLICATION: Final = Variable(name="application", title="Application", metric=applications.INFO)

TO_APPLICATION: Final = Link(
    title="Open the dashboard of the application",
    dashboard="gitops-application",
    variables=(
        ("environment", "${__data.fields.environment}"),
        ("project", "${__data.fields.project}"),
        ("service", "${__data.fields.service}"),
        ("application", "${__data.fields.application}"),
    ),
)
"""From a row of a table with the columns of `OF_APPLICATION`."""

TO_SERVICE: Final = Link(
    title="Open the dashboard of the service",
    dashboard="gitops-application",
    variables=(("service", "${__data.fields.service}"), ("project", "$__all"), ("application", "$__all")),
)
"""From a row of a table with the column `service`."""

OF_APPLICATION: Final = (
    Column(field="environment", title="Environment", width=110),
    Column(field="service", title="Service", links=(TO_SERVICE,)),
    Column(field="application", title="Application", links=(TO_APPLICATION, IN_ARGO_CD)),
    Column(field="application_namespace", title="Namespace", width=120),
    Column(field="project", title="Project", width=120),
)
"""Who a row of a table is about."""

NARROW: Final = (
    *OF_APPLICATION[:3],
    *(replace(column, width=0, hidden=True) for column in OF_APPLICATION[3:]),
)
"""The same for a table of half the width: what only links need takes no room."""

DEPLOYED: Final = Annotations(
    title="Deployed",
    query=PromQuery(
        expr=f"sum by (environment, service) (changes({select(aggregates.DEPLOYMENTS)}[$__rate_interval])) > 0",
    ),
    color="blue",
    text="{{service}} in {{environment}}",
)
"""Where a deployment was counted; at the next scrape, so up to a minute late."""

DEPLOYED_EVENTS: Final = Annotations(
    title="Deployed (events)",
    query=LogQuery(
        expr='{service_name="gitops-observability"} | gitops_deployment_id != "" | gitops_sync_kind != "" '
        "| gitops_environment =~ `${environment:regex}` | gitops_service =~ `${service:regex}`"
    ),
    color="light-blue",
    text="{{gitops_service}} in {{gitops_environment}}: {{gitops_revision}} by {{gitops_initiator_name}}",
    shown=False,
)
"""The same to the second, with revision and person, from the events in Loki; off until somebody who has one asks.

Events are told apart by their attributes: only newer versions of Loki keep their name.
"""

DEPLOYED_ANYWHERE: Final = (replace(DEPLOYED, shown=False), DEPLOYED_EVENTS)
"""For dashboards of the whole fleet: of many services the marks would cover the charts."""


def zero(expression: str, while_there_is: Row) -> str:
    """The number, or 0 when it has none while there are series of a metric: no data stays no data."""
    series = count(while_there_is) if while_there_is.type is Type.HISTOGRAM else select(while_there_is)
    return f"({expression}) or 0 * count({series})"


def joined(value: str, state: str, label: str) -> str:
    """A value of each Application with the label of its state: both expressions have the labels of its identity."""
    return f"max by ({IDENTITY}, {label}) (({value}) * ignoring ({label}) group_right () ({state}))"


def now(expression: str) -> PromQuery:
    """One number, as of now."""
    return PromQuery(expr=expression, instant=True)


def table(expression: str) -> PromQuery:
    """A row of a table for each series, as of now."""
    return PromQuery(expr=expression, instant=True, as_table=True)


def quantile(share: float, buckets: str, labels: str = "") -> str:
    """A quantile of the buckets of a histogram over the interval of the chart, for each value of the labels.

    There is none where nothing was observed: the comparison leaves NaN out.
    """
    by = f"{labels}, le" if labels else "le"
    return f"histogram_quantile({share}, sum by ({by}) (rate({buckets}[$__rate_interval]))) >= 0"
