"""What is wrong now, everywhere: where somebody who was called begins."""

from observability.monitoring.spec import (
    RUNBOOK,
    Column,
    Dashboard,
    Kind,
    Legend,
    Link,
    Panel,
    PromQuery,
    Section,
    Threshold,
    Unit,
    alerts,
    coded,
    select,
    views,
)
from observability.signals import aggregates, applications, exporter, promotions

_BAD = (Threshold(value=None, color="green"), Threshold(value=1, color="red"))
_WORTH_A_LOOK = (Threshold(value=None, color="green"), Threshold(value=1, color="yellow"))
_UNWELL = ("Degraded", "Missing", "Unknown")
_NOT_HEALTHY = (*_UNWELL, "Progressing", "Suspended")
_FAILED = ("Failed", "Error")

_TO_APPLICATIONS = Link(title="Open the applications", dashboard="gitops-application")
_TO_DRIFT = Link(title="Open drift and policy", dashboard="gitops-drift")
_TO_PROMOTION = Link(title="Open promotion and release", dashboard="gitops-promotion")
_TO_EXPORTER = Link(title="Open the exporter", dashboard="gitops-exporter")

_FROM_MATRIX = Link(
    title="Open the dashboard of the service",
    dashboard="gitops-application",
    variables=(
        ("environment", "${__field.name}"),
        ("service", "${__data.fields[0]}"),
        ("project", "$__all"),
        ("application", "$__all"),
    ),
)


def _number(title: str, description: str, expression: str, links: Link, thresholds: tuple[Threshold, ...]) -> Panel:
    return Panel(
        title=title,
        kind=Kind.STAT,
        description=description,
        queries=(views.now(expression),),
        width=4,
        height=4,
        unit=Unit.SHORT,
        thresholds=thresholds,
        links=(links,),
    )


def _matrix(
    title: str, description: str, expression: str, colors: str, column: str = "environment", width: int = 7
) -> Panel:
    return Panel(
        title=title,
        kind=Kind.TABLE,
        description=description,
        queries=(views.table(expression),),
        width=width,
        height=12,
        matrix=("service", column),
        colors=colors,
        links=(_FROM_MATRIX,),
    )


NUMBERS = Section(
    title="",
    panels=(
        _number(
            "Degraded",
            "Applications whose health is Degraded. Any in an environment that people use is worth a look at once.",
            f"sum({select(applications.HEALTH_STATUS, health_status='Degraded')})",
            _TO_APPLICATIONS,
            _BAD,
        ),
        _number(
            "Missing or Unknown",
            "Applications whose resources are not in the cluster, or whose health Argo CD cannot tell.",
            f"sum({select(applications.HEALTH_STATUS, health_status=('Missing', 'Unknown'))})",
            _TO_APPLICATIONS,
            _BAD,
        ),
        _number(
            "Last sync failed",
            "Applications whose last operation ended Failed or Error: what was to be deployed is not, or not whole.",
            views.zero(
                f"count({select(applications.OPERATION_PHASE, phase=_FAILED)} == 1)", applications.HEALTH_STATUS
            ),
            _TO_APPLICATIONS,
            _BAD,
        ),
        _number(
            "Live drift",
            "Applications that somebody changed in the cluster by hand: Git no longer says what runs.",
            views.zero(
                f"count({select(applications.OUT_OF_SYNC, cause='live_drift')} == 1)", applications.HEALTH_STATUS
            ),
            _TO_DRIFT,
            _BAD,
        ),
        _number(
            "Waiting for promotion",
            "Services with something deployed in one environment that the next has not had yet. "
            "Not a fault by itself: see how long they wait.",
            views.zero(f"sum({select(promotions.PROMOTION_PENDING)})", applications.HEALTH_STATUS),
            _TO_PROMOTION,
            _WORTH_A_LOOK,
        ),
        Panel(
            title="Age of the facts",
            kind=Kind.STAT,
            description="How long ago the exporter last heard of Applications. Bookmarks come about once a minute: "
            "with more than a few minutes all that stands here is old, and the exporter is to be looked at first.",
            queries=(views.now(f"max(time() - {select(exporter.LAST_EVENT, kind='Application')})"),),
            width=4,
            height=4,
            unit=Unit.SECONDS,
            thresholds=(
                Threshold(value=None, color="green"),
                Threshold(value=180, color="yellow"),
                Threshold(value=300, color="red"),
            ),
            links=(_TO_EXPORTER,),
        ),
    ),
)

PROBLEMS = Section(
    title="Problems",
    panels=(
        Panel(
            title="Alerts that fire",
            kind=Kind.TABLE,
            description="Alerts of gitops-observability that fire now, critical ones first. "
            "The name opens the runbook.",
            queries=(
                views.table(
                    "sort_desc(max by (alertname, severity, environment, project, service, application_namespace, "
                    f"application) (3 * {alerts(alertstate='firing', severity='critical')} "
                    f"or 2 * {alerts(alertstate='firing', severity='warning')} "
                    f"or {alerts(alertstate='firing', severity='info')}))"
                ),
            ),
            width=24,
            height=8,
            columns=(
                Column(field="severity", title="Severity", width=100, colored=True, colors="severity"),
                Column(field="alertname", title="Alert", links=(RUNBOOK,)),
                *views.OF_APPLICATION,
            ),
            empty="No alert fires.",
        ),
        Panel(
            title="Not healthy",
            kind=Kind.TABLE,
            description="Applications that are Degraded, Missing or Unknown, the longest first.",
            queries=(
                views.table(
                    views.joined(
                        f"time() - {select(applications.HEALTH_SINCE)}",
                        f"{select(applications.HEALTH_STATUS, health_status=_UNWELL)} == 1",
                        "health_status",
                    )
                ),
            ),
            height=9,
            colors="health",
            columns=(
                Column(field="health_status", title="Health", width=100, colored=True),
                Column(field="Value", title="For", unit=Unit.DURATION, width=180),
                *views.NARROW,
            ),
            sort="-Value",
            empty="Every Application is Healthy, Progressing or Suspended.",
        ),
        Panel(
            title="Last sync failed",
            kind=Kind.TABLE,
            description="Applications whose last operation ended Failed or Error, the longest ago first. "
            "Argo CD shows the message of the operation.",
            queries=(
                views.table(
                    views.joined(
                        f"time() - {select(applications.OPERATION_FINISHED)}",
                        f"{select(applications.OPERATION_PHASE, phase=_FAILED)} == 1",
                        "phase",
                    )
                ),
            ),
            height=9,
            colors="phase",
            columns=(
                Column(field="phase", title="Phase", width=100, colored=True),
                Column(field="Value", title="Ago", unit=Unit.DURATION, width=180),
                *views.NARROW,
            ),
            sort="-Value",
            empty="The last sync of every Application succeeded.",
        ),
        Panel(
            title="Out of sync",
            kind=Kind.TABLE,
            description="Applications that differ from Git, by why they do. live_drift, rolled_back and unconverged "
            "want somebody; pending_revision waits for a sync, which may be right.",
            queries=(
                views.table(
                    views.joined(
                        f"time() - {select(applications.OUT_OF_SYNC_SINCE)}",
                        f"{select(applications.OUT_OF_SYNC)} == 1",
                        "cause",
                    )
                ),
            ),
            width=24,
            height=9,
            colors="cause",
            columns=(
                Column(field="cause", title="Cause", width=180, colored=True),
                Column(field="Value", title="For", unit=Unit.DURATION, width=180),
                *views.OF_APPLICATION,
            ),
            sort="-Value",
            empty="Every Application is in sync, or a sync is at work.",
        ),
    ),
)

SERVICES = Section(
    title="Services in their environments",
    panels=(
        _matrix(
            "Health",
            "The worst health of the Applications of a service in each environment, the worst first. A cell opens the "
            "service there.",
            f"sort_desc(max by (service, environment) {coded(applications.HEALTH_STATUS, 'health', 'health_status')})",
            "health",
        ),
        _matrix(
            "Sync, and why not",
            "Whether all Applications of a service are in sync in each environment, else the cause that wants "
            "somebody most.",
            f"sort_desc(max by (service, environment) ({coded(applications.OUT_OF_SYNC, 'cause', 'cause')} "
            f"or 0 * {select(applications.SYNC_STATUS, sync_status='Synced')}))",
            "cause",
            width=10,
        ),
        _matrix(
            "Same revision as the environment before",
            "Whether a service runs the same revision in an environment as in the one that it is promoted from.",
            f"sort(min by (service, to_environment) ({select(promotions.PROMOTION_REVISION_MATCH)}))",
            "match",
            "to_environment",
        ),
    ),
)

COURSE = Section(
    title="How it went",
    panels=(
        Panel(
            title="Not Healthy, by health",
            kind=Kind.TIME_SERIES,
            description="How many Applications had another health than Healthy. A step that does not come back is an "
            "incident or a release that went wrong.",
            queries=(
                PromQuery(
                    expr=f"sum by (health_status) ({select(applications.HEALTH_STATUS, health_status=_NOT_HEALTHY)})",
                    legend="{{health_status}}",
                ),
            ),
            width=8,
            unit=Unit.SHORT,
            colors="health",
            stacked=True,
        ),
        Panel(
            title="Out of sync by cause",
            kind=Kind.TIME_SERIES,
            description="How many Applications differed from Git, by why they did.",
            queries=(PromQuery(expr=f"sum by (cause) ({select(applications.OUT_OF_SYNC)})", legend="{{cause}}"),),
            width=8,
            unit=Unit.SHORT,
            colors="cause",
            stacked=True,
            empty="Nothing was out of sync in this time.",
        ),
        Panel(
            title="Syncs by result",
            kind=Kind.TIME_SERIES,
            description="Syncs that ended, a minute, by result. Failures beside few successes: look at the table of "
            "failed syncs.",
            queries=(
                PromQuery(
                    expr=f"60 * sum by (result) (rate({select(aggregates.SYNCS)}[$__rate_interval]))",
                    legend="{{result}}",
                ),
            ),
            width=8,
            unit=Unit.PER_MINUTE,
            colors="result",
            stacked=True,
            legend=Legend.BOTTOM,
        ),
    ),
)

DASHBOARD = Dashboard(
    uid="gitops-overview",
    title="GitOps / Overview",
    description="What is wrong now in all environments, the worst first, and how every service is in each of them.",
    variables=(views.ENVIRONMENT, views.PROJECT, views.SERVICE),
    annotations=views.DEPLOYED_ANYWHERE,
    sections=(NUMBERS, PROBLEMS, SERVICES, COURSE),
)
