"""One service, or one Application of it: what became of it, why it is as it is, and what may be done now."""

from observability.monitoring.spec import (
    IN_ARGO_CD,
    Column,
    Dashboard,
    Kind,
    Legend,
    Link,
    LogQuery,
    Panel,
    PromQuery,
    Section,
    TraceQuery,
    Unit,
    buckets,
    coded,
    select,
    views,
)
from observability.signals import aggregates, applications

_ONE = "cluster, environment, application_namespace, application"
_TO_DRIFT = Link(title="Open drift and policy", dashboard="gitops-drift")
_NAMES = (
    Column(field="environment", title="Environment", width=110),
    Column(field="application", title="Application", links=(IN_ARGO_CD, _TO_DRIFT)),
    Column(field="application_namespace", title="Namespace", width=110),
)
_SHORT = (*_NAMES[:2], Column(field="application_namespace", title="Namespace", hidden=True))
"""Where other columns need the room: the namespace is there for the links."""

_EVENTS = (
    '{service_name="gitops-observability"} | gitops_environment =~ `${environment:regex}` '
    "| gitops_service =~ `${service:regex}`"
)


def _timeline(title: str, description: str, expression: str, colors: str, height: int = 6) -> Panel:
    return Panel(
        title=title,
        kind=Kind.STATE_TIMELINE,
        description=description,
        queries=(PromQuery(expr=expression, legend="{{environment}} {{application}}"),),
        width=24,
        height=height,
        unit=Unit.NONE,
        colors=colors,
        legend=Legend.HIDDEN,
    )


NOW = Section(
    title="",
    panels=(
        Panel(
            title="Now",
            kind=Kind.TABLE,
            description="The Applications of the service: health, sync and, where it is out of sync, the cause, the "
            "last operation, and how many resources differ from Git. The name opens Argo CD.",
            queries=(
                views.table(f"max by ({_ONE}, health_status) ({select(applications.HEALTH_STATUS)} == 1)"),
                views.table(f"max by ({_ONE}, sync_status) ({select(applications.SYNC_STATUS)} == 1)"),
                views.table(f"max by ({_ONE}, cause) ({select(applications.OUT_OF_SYNC)} == 1)"),
                views.table(f"max by ({_ONE}, phase) ({select(applications.OPERATION_PHASE)} == 1)"),
                views.table(f"max by ({_ONE}) (time() - {select(applications.OPERATION_STARTED)})"),
                views.table(f"max by ({_ONE}) ({select(applications.OUT_OF_SYNC_RESOURCES)})"),
                views.table(f"max by ({_ONE}) ({select(applications.RESOURCES)})"),
            ),
            width=24,
            height=7,
            columns=(
                *_NAMES,
                Column(field="health_status", title="Health", width=110, colored=True, colors="health"),
                Column(field="sync_status", title="Sync", width=110, colored=True, colors="sync"),
                Column(field="cause", title="Cause", width=170, colored=True, colors="cause"),
                Column(field="phase", title="Last operation", width=120, colored=True, colors="phase"),
                Column(field="Value #E", title="Began ago", unit=Unit.DURATION, width=180),
                Column(field="Value #F", title="Differ", unit=Unit.SHORT, width=80),
                Column(field="Value #G", title="Resources", unit=Unit.SHORT, width=90),
            ),
            sort="environment",
        ),
    ),
)

STATES = Section(
    title="What became of it",
    panels=(
        _timeline(
            "Health",
            "The health of each Application over time. Progressing for long after a deployment, or Degraded that comes "
            "and goes, want a look.",
            f"max by ({_ONE}) {coded(applications.HEALTH_STATUS, 'health', 'health_status')}",
            "health",
        ),
        _timeline(
            "Sync, and why not",
            "Whether each Application was in sync, else the cause. While a sync settles the cause before it stays.",
            f"max by ({_ONE}) ({coded(applications.OUT_OF_SYNC, 'cause', 'cause')} "
            f"or 0 * {select(applications.SYNC_STATUS, sync_status='Synced')})",
            "cause",
        ),
        _timeline(
            "Operations",
            "The phase of the last or running operation. Short syncs fall between two scrapes and are not to be seen.",
            f"max by ({_ONE}) {coded(applications.OPERATION_PHASE, 'phase', 'phase')}",
            "phase",
        ),
        _timeline(
            "Automated sync by its windows",
            "Blocked while the sync windows of its project forbid an automated sync to start: what waits then is "
            "meant to wait.",
            f"max by ({_ONE}) ({select(applications.SYNC_BLOCKED, by='automated')})",
            "blocked",
        ),
    ),
)

WHY = Section(
    title="Why it is as it is",
    panels=(
        Panel(
            title="Conditions",
            kind=Kind.TABLE,
            description="Conditions that Argo CD set: ComparisonError, SyncError, InvalidSpecError and the like. "
            "Argo CD shows their messages.",
            queries=(views.table(f"max by ({_ONE}, condition) ({select(applications.CONDITION)} == 1)"),),
            height=6,
            columns=(*_SHORT, Column(field="condition", title="Condition")),
            sort="environment",
            empty="No condition stands.",
        ),
        Panel(
            title="Policies violated",
            kind=Kind.TABLE,
            description="Policies of its environment that each Application violates.",
            queries=(views.table(f"max by ({_ONE}, policy) ({select(applications.POLICY_VIOLATION)} == 1)"),),
            height=6,
            columns=(*_SHORT, Column(field="policy", title="Policy")),
            sort="environment",
            empty="No policy is violated, or none is set.",
        ),
        Panel(
            title="Resources that differ from Git",
            kind=Kind.TIME_SERIES,
            description="Resources that are not Synced, hooks aside. A few that stay after each sync are rewritten by "
            "something in the cluster.",
            queries=(
                PromQuery(
                    expr=f"max by ({_ONE}) ({select(applications.OUT_OF_SYNC_RESOURCES)})",
                    legend="{{environment}} {{application}}",
                ),
            ),
            unit=Unit.SHORT,
            minimum=0,
        ),
        Panel(
            title="Since the last comparison",
            kind=Kind.TIME_SERIES,
            description="How long ago Argo CD had compared each Application with Git, the longest of every 15 minutes. "
            "It does so every few minutes: an age that only grows means that health and sync are old.",
            queries=(
                PromQuery(
                    # By itself it is a saw whose teeth are too many to see one that grows.
                    expr=f"max_over_time(max by ({_ONE}) (time() - {select(applications.RECONCILED)})[15m:1m])",
                    legend="{{environment}} {{application}}",
                ),
            ),
            unit=Unit.SECONDS,
            minimum=0,
        ),
        Panel(
            title="Windows, mutes and deletions",
            kind=Kind.TABLE,
            description="When automated and manual syncs are blocked or open next, until when alerts are muted, and "
            "since when an Application is being deleted.",
            queries=(
                views.table(f"max by ({_ONE}) ({select(applications.SYNC_WINDOW_CHANGE, by='automated')} - time())"),
                views.table(f"max by ({_ONE}) ({select(applications.SYNC_WINDOW_CHANGE, by='manual')} - time())"),
                views.table(f"max by ({_ONE}) ({select(applications.MUTED_UNTIL)} - time())"),
                views.table(f"max by ({_ONE}) (time() - {select(applications.DELETION)})"),
            ),
            width=24,
            height=6,
            columns=(
                *_NAMES,
                Column(field="Value #A", title="Automated syncs change in", unit=Unit.DURATION),
                Column(field="Value #B", title="Manual syncs change in", unit=Unit.DURATION),
                Column(field="Value #C", title="Muted for", unit=Unit.DURATION),
                Column(field="Value #D", title="Being deleted for", unit=Unit.DURATION),
            ),
            sort="environment",
            empty="No window changes within 35 days, nothing is muted, nothing is being deleted.",
        ),
    ),
)

OPERATIONS = Section(
    title="Operations and deployments",
    panels=(
        Panel(
            title="Operations by result",
            kind=Kind.TIME_SERIES,
            description="Sync operations that ended in each interval, by result.",
            queries=(
                PromQuery(
                    expr=f"sum by (result) (increase({select(applications.OPERATIONS)}[$__rate_interval]))",
                    legend="{{result}}",
                ),
            ),
            width=8,
            unit=Unit.SHORT,
            colors="result",
            stacked=True,
        ),
        Panel(
            title="Deployments and self-heals",
            kind=Kind.TIME_SERIES,
            description="New content in the history, and attempts of Argo CD to undo a change in the cluster. "
            "Self-heals again and again: something else writes the same resource.",
            queries=(
                PromQuery(
                    expr=f"sum(increase({select(applications.DEPLOYMENTS)}[$__rate_interval]))", legend="deployments"
                ),
                PromQuery(
                    expr=f"sum(increase({select(applications.SELF_HEALS)}[$__rate_interval]))", legend="self-heals"
                ),
            ),
            width=8,
            unit=Unit.SHORT,
            minimum=0,
        ),
        Panel(
            title="How long syncs take",
            kind=Kind.TIME_SERIES,
            description="Half of the syncs, and nine of ten, ran and waited no longer than this. Gaps: no sync ended.",
            queries=(
                PromQuery(expr=views.quantile(0.5, buckets(aggregates.SYNC_DURATION)), legend="run, half"),
                PromQuery(expr=views.quantile(0.9, buckets(aggregates.SYNC_DURATION)), legend="run, nine of ten"),
                PromQuery(expr=views.quantile(0.9, buckets(aggregates.SYNC_QUEUE)), legend="wait, nine of ten"),
                PromQuery(
                    expr=views.quantile(0.9, buckets(aggregates.TIME_TO_HEALTHY)), legend="until Healthy, nine of ten"
                ),
            ),
            width=8,
            unit=Unit.SECONDS,
            minimum=0,
            empty="No sync ended in this time.",
        ),
    ),
)

WHAT = Section(
    title="What it deploys",
    panels=(
        Panel(
            title="Source and destination",
            kind=Kind.TABLE,
            description="What each Application deploys, from where and where to, and how it is synced.",
            queries=(
                views.table(
                    f"max by ({_ONE}, repository, path, chart, target_revision, destination_name, destination_server, "
                    f"destination_namespace, applicationset, automated, self_heal, prune, sources) "
                    f"({select(applications.INFO)})"
                ),
            ),
            width=24,
            height=6,
            columns=(
                *_SHORT,
                Column(field="repository", title="Repository", width=220),
                Column(field="path", title="Path", width=90),
                Column(field="chart", title="Chart", width=110),
                Column(field="target_revision", title="Revision", width=80),
                Column(field="destination_name", title="Cluster", width=110),
                Column(field="destination_server", title="Server", width=150),
                Column(field="destination_namespace", title="Into", width=130),
                Column(field="applicationset", title="ApplicationSet", width=120),
                Column(field="automated", title="Automated", width=90),
                Column(field="self_heal", title="Self-heal", width=75),
                Column(field="prune", title="Prune", width=60),
                Column(field="sources", title="Sources", width=65),
            ),
            sort="environment",
        ),
        Panel(
            title="Source hydrator",
            kind=Kind.TABLE,
            description="Where manifests are hydrated before they are synced: the phase, and when it last succeeded.",
            queries=(
                views.table(f"max by ({_ONE}, phase) ({select(applications.HYDRATOR_PHASE)} == 1)"),
                views.table(f"max by ({_ONE}) (time() - {select(applications.HYDRATED)})"),
            ),
            width=10,
            height=6,
            columns=(
                *_SHORT,
                Column(field="phase", title="Phase", width=120),
                Column(field="Value #B", title="Hydrated ago", unit=Unit.DURATION),
            ),
            sort="environment",
            empty="No Application has a source hydrator.",
        ),
        Panel(
            title="Revisions and images",
            kind=Kind.TABLE,
            description="The revision that is wanted, the one that was deployed last, and the images that run.",
            queries=(
                views.table(f"max by ({_ONE}, revision, deployed_revision) ({select(applications.REVISION_INFO)})"),
                views.table(f"max by ({_ONE}, image) ({select(applications.IMAGES)})"),
            ),
            width=14,
            height=6,
            columns=(
                *_SHORT,
                Column(field="revision", title="Wanted", width=110),
                Column(field="deployed_revision", title="Deployed", width=110),
                Column(field="image", title="Image"),
            ),
            sort="environment",
            empty="Exposed only with exposition.revisions and exposition.images.",
        ),
    ),
)

EVENTS = Section(
    title="Events and traces (with Loki and Tempo)",
    collapsed=True,
    panels=(
        Panel(
            title="Events",
            kind=Kind.LOGS,
            description="What happened to the service, from the events that the exporter sends over OTLP: who synced "
            "what, what failed, what drifted.",
            queries=(LogQuery(expr=_EVENTS),),
            width=14,
            height=12,
            empty="Needs a Loki that receives the events over OTLP.",
        ),
        Panel(
            title="Syncs and deliveries",
            kind=Kind.TRACES,
            description="Traces of syncs, and of what travels through the environments.",
            queries=(TraceQuery(expr='{ span.gitops.service =~ "${service:pipe}" }'),),
            width=10,
            height=12,
            empty="Needs a Tempo that receives the traces over OTLP.",
        ),
    ),
)

DASHBOARD = Dashboard(
    uid="gitops-application",
    title="GitOps / Application",
    description="One service in its environments, or one Application: its states over time, why it is as it is, "
    "operations, resources, windows, and what it deploys.",
    variables=(views.ENVIRONMENT, views.PROJECT, views.ONE_SERVICE, views.APPLICATION),
    annotations=(views.DEPLOYED, views.DEPLOYED_EVENTS),
    sections=(NOW, STATES, WHY, OPERATIONS, WHAT, EVENTS),
)
