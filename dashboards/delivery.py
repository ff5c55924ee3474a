"""How well the services are delivered: the four keys of DORA, and rework."""

from observability.monitoring.spec import (
    Column,
    Dashboard,
    Kind,
    Link,
    Panel,
    PromQuery,
    Section,
    Threshold,
    Unit,
    buckets,
    count,
    select,
    total,
    views,
)
from observability.signals import aggregates

_BY = "environment, project, service"
_DAYS = "($__range_s / 86400)"
_RANGE = "[$__range]"
_FAILING = (
    Threshold(value=None, color="green"),
    Threshold(value=0.15, color="yellow"),
    Threshold(value=0.3, color="red"),
)
_SLOW = (
    Threshold(value=None, color="green"),
    Threshold(value=86_400, color="yellow"),
    Threshold(value=604_800, color="red"),
)
_LONG = (
    Threshold(value=None, color="green"),
    Threshold(value=3600, color="yellow"),
    Threshold(value=86_400, color="red"),
)
_TO_PROMOTION = Link(title="Open promotion and release", dashboard="gitops-promotion")


def _number(title: str, description: str, expression: str, unit: Unit, thresholds: tuple[Threshold, ...] = ()) -> Panel:
    return Panel(
        title=title,
        kind=Kind.STAT,
        description=description,
        queries=(PromQuery(expr=expression, instant=True, legend="{{environment}}"),),
        width=12,
        height=5,
        unit=unit,
        decimals=1,
        thresholds=thresholds,
        links=(_TO_PROMOTION,),
        empty="Nothing of the kind happened in this time.",
    )


def _median(buckets_of: str, labels: str) -> str:
    return f"histogram_quantile(0.5, sum by ({labels}, le) (increase({buckets_of}{_RANGE}))) >= 0"


KEYS = Section(
    title="",
    panels=(
        _number(
            "Deployments a day",
            "Full syncs from Git that changed the content, a day, by environment, in the time that is shown.",
            f"sum by (environment) (increase({select(aggregates.DEPLOYMENTS)}{_RANGE})) / {_DAYS}",
            Unit.SHORT,
        ),
        _number(
            "Lead time for changes, median",
            "From the commit until it is deployed and Healthy: half of the changes took no longer.",
            _median(buckets(aggregates.LEAD_TIME), "environment"),
            Unit.SECONDS,
            _SLOW,
        ),
        _number(
            "Change failure rate",
            "Deployed revisions that became Degraded soon after or were rolled back, of all deployments.",
            f"sum by (environment) (increase({select(aggregates.CHANGE_FAILURES)}{_RANGE})) / "
            f"(sum by (environment) (increase({select(aggregates.DEPLOYMENTS)}{_RANGE})) > 0)",
            Unit.RATIO,
            _FAILING,
        ),
        _number(
            "Time to restore, median",
            "From a change failure until Healthy: half of the failures took no longer.",
            _median(buckets(aggregates.TIME_TO_RESTORE), "environment"),
            Unit.SECONDS,
            _LONG,
        ),
    ),
)

SERVICES = Section(
    title="By service",
    panels=(
        Panel(
            title="Services",
            kind=Kind.TABLE,
            description="The four keys of each service in each environment, in the time that is shown; the highest "
            "change failure rate first. Rework: deployments that repaired one before.",
            queries=(
                views.table(f"sum by ({_BY}) (increase({select(aggregates.DEPLOYMENTS)}{_RANGE})) / {_DAYS}"),
                views.table(_median(buckets(aggregates.LEAD_TIME), _BY)),
                views.table(
                    f"sum by ({_BY}) (increase({select(aggregates.CHANGE_FAILURES)}{_RANGE})) / "
                    f"(sum by ({_BY}) (increase({select(aggregates.DEPLOYMENTS)}{_RANGE})) > 0)"
                ),
                views.table(_median(buckets(aggregates.TIME_TO_RESTORE), _BY)),
                views.table(
                    f"sum by ({_BY}) (increase({select(aggregates.REWORK_DEPLOYMENTS)}{_RANGE})) / "
                    f"(sum by ({_BY}) (increase({select(aggregates.DEPLOYMENTS)}{_RANGE})) > 0)"
                ),
            ),
            width=24,
            height=12,
            thresholds=_FAILING,
            columns=(
                Column(field="environment", title="Environment", width=110),
                Column(field="service", title="Service", links=(views.TO_SERVICE,)),
                Column(field="project", title="Project", width=120),
                Column(field="Value #A", title="Deployments a day", unit=Unit.SHORT),
                Column(field="Value #B", title="Lead time", unit=Unit.DURATION),
                Column(field="Value #C", title="Change failure rate", unit=Unit.RATIO, colored=True),
                Column(field="Value #D", title="Time to restore", unit=Unit.DURATION),
                Column(field="Value #E", title="Rework", unit=Unit.RATIO),
            ),
            sort="-Value #C",
        ),
    ),
)

COURSE = Section(
    title="Over time",
    panels=(
        Panel(
            title="Deployments",
            kind=Kind.TIME_SERIES,
            description="Deployments in each day until then, by environment.",
            queries=(
                PromQuery(
                    expr=f"sum by (environment) (increase({select(aggregates.DEPLOYMENTS)}[1d]))",
                    legend="{{environment}}",
                ),
            ),
            unit=Unit.SHORT,
            minimum=0,
        ),
        Panel(
            title="Change failures and rework",
            kind=Kind.TIME_SERIES,
            description="Revisions that failed, and deployments that repaired, in each day until then.",
            queries=(
                PromQuery(
                    expr=f"sum by (environment) (increase({select(aggregates.CHANGE_FAILURES)}[1d]))",
                    legend="failures in {{environment}}",
                ),
                PromQuery(
                    expr=f"sum by (environment) (increase({select(aggregates.REWORK_DEPLOYMENTS)}[1d]))",
                    legend="rework in {{environment}}",
                ),
            ),
            unit=Unit.SHORT,
            minimum=0,
        ),
        Panel(
            title="Lead time",
            kind=Kind.HEATMAP,
            description="Changes that were deployed and Healthy, by how long they had been on their way.",
            queries=(
                PromQuery(
                    expr=f"sum by (le) (increase({buckets(aggregates.LEAD_TIME)}[$__rate_interval]))", legend="{{le}}"
                ),
            ),
            unit=Unit.SECONDS,
            empty="No change arrived in this time.",
        ),
        Panel(
            title="Until Healthy after a deployment",
            kind=Kind.HEATMAP,
            description="Deployments by how long their Application took to become Healthy.",
            queries=(
                PromQuery(
                    expr=f"sum by (le) (increase({buckets(aggregates.TIME_TO_HEALTHY)}[$__rate_interval]))",
                    legend="{{le}}",
                ),
            ),
            unit=Unit.SECONDS,
            empty="Nothing was deployed in this time.",
        ),
        Panel(
            title="How long Degraded lasts",
            kind=Kind.TIME_SERIES,
            description="The mean of the episodes of Degraded that ended in the day until then, by environment.",
            queries=(
                PromQuery(
                    expr=f"sum by (environment) (increase({total(aggregates.DEGRADED_DURATION)}[1d])) / "
                    f"(sum by (environment) (increase({count(aggregates.DEGRADED_DURATION)}[1d])) > 0)",
                    legend="{{environment}}",
                ),
            ),
            unit=Unit.SECONDS,
            minimum=0,
            empty="Nothing was Degraded in this time.",
        ),
        Panel(
            title="Syncs by kind and result",
            kind=Kind.TIME_SERIES,
            description="Syncs in each day until then. Many manual ones where syncs are automated, or rollbacks, are "
            "work that Git did not do.",
            queries=(
                PromQuery(
                    expr=f"sum by (kind, result) (increase({select(aggregates.SYNCS)}[1d])) > 0",
                    legend="{{kind}}, {{result}}",
                ),
            ),
            unit=Unit.SHORT,
            minimum=0,
        ),
    ),
)

DASHBOARD = Dashboard(
    uid="gitops-delivery",
    title="GitOps / Delivery performance",
    description="Deployment frequency, lead time for changes, change failure rate and time to restore of the services, "
    "and rework.",
    variables=(views.ENVIRONMENT, views.PROJECT, views.SERVICE),
    annotations=views.DEPLOYED_ANYWHERE,
    sections=(KEYS, SERVICES, COURSE),
    refresh="5m",
    since="now-30d",
)
