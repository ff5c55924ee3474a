"""What waits where to go on to the next environment, for how long, and which windows let it."""

from observability.monitoring.spec import (
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
    select,
    views,
)
from observability.signals import applications, groupings, promotions

_PAIR = "project, service, from_environment, to_environment"
_WAITED = (
    Threshold(value=None, color="green"),
    Threshold(value=86_400, color="yellow"),
    Threshold(value=259_200, color="red"),
)
_WORTH_A_LOOK = (Threshold(value=None, color="green"), Threshold(value=1, color="yellow"))
_BAD = (Threshold(value=None, color="green"), Threshold(value=1, color="red"))
_HERE = Link(title="Open drift and policy", dashboard="gitops-drift")
_TO_APPLICATIONS = Link(title="Open the applications", dashboard="gitops-application")
_SERVICE = (
    Column(field="service", title="Service", links=(views.TO_SERVICE,)),
    Column(field="project", title="Project", width=120),
    Column(field="from_environment", title="From", width=100),
    Column(field="to_environment", title="To", width=100),
)
_WINDOW = "cluster, project_namespace, project, kind, schedule, duration, time_zone"
_SET = "cluster, applicationset_namespace, applicationset"


def _number(title: str, description: str, expression: str, thresholds: tuple[Threshold, ...], unit: Unit) -> Panel:
    return Panel(
        title=title,
        kind=Kind.STAT,
        description=description,
        queries=(views.now(expression),),
        width=6,
        height=4,
        unit=unit,
        thresholds=thresholds,
        links=(_TO_APPLICATIONS,),
    )


NUMBERS = Section(
    title="",
    panels=(
        _number(
            "Services that wait",
            "Services with something deployed in one environment that the next has not had yet.",
            views.zero(f"sum({select(promotions.PROMOTION_PENDING)})", applications.HEALTH_STATUS),
            _WORTH_A_LOOK,
            Unit.SHORT,
        ),
        _number(
            "Longest wait",
            "How long the oldest of what waits has been deployed in the environment before.",
            views.zero(f"max(time() - {select(promotions.PROMOTION_PENDING_SINCE)})", applications.HEALTH_STATUS),
            _WAITED,
            Unit.DURATION,
        ),
        _number(
            "Blocked by windows",
            "Applications that no automated sync may start for now, because of the sync windows of their project.",
            views.zero(f"sum({select(applications.SYNC_BLOCKED, by='automated')})", applications.HEALTH_STATUS),
            _WORTH_A_LOOK,
            Unit.SHORT,
        ),
        _number(
            "Windows that cannot be read",
            "Sync windows with a schedule or duration that Argo CD cannot read: it then refuses every sync that they "
            "match.",
            views.zero(f"sum({select(groupings.PROJECT_SYNC_WINDOW_INVALID)})", applications.HEALTH_STATUS),
            _BAD,
            Unit.SHORT,
        ),
    ),
)

WAITING = Section(
    title="What waits",
    panels=(
        Panel(
            title="What waits where",
            kind=Kind.TABLE,
            description="Services with something in one environment that the next has not had yet, the longest first. "
            "Whether both run the same images tells a change of configuration from a new version.",
            queries=(
                views.table(f"max by ({_PAIR}) (time() - {select(promotions.PROMOTION_PENDING_SINCE)})"),
                views.table(
                    f"min by ({_PAIR}) ({select(promotions.PROMOTION_REVISION_MATCH)}) "
                    f"and on ({_PAIR}) {select(promotions.PROMOTION_PENDING)} == 1"
                ),
                views.table(
                    f"min by ({_PAIR}) ({select(promotions.PROMOTION_IMAGES_MATCH)}) "
                    f"and on ({_PAIR}) {select(promotions.PROMOTION_PENDING)} == 1"
                ),
            ),
            width=24,
            height=10,
            thresholds=_WAITED,
            columns=(
                *_SERVICE,
                Column(field="Value #A", title="Waits for", unit=Unit.DURATION, width=180, colored=True),
                Column(field="Value #B", title="Revision", width=100, colored=True, colors="match"),
                Column(field="Value #C", title="Images", width=100, colored=True, colors="match"),
            ),
            sort="-Value #A",
            empty="Nothing waits: every environment has what the one before it has.",
        ),
        Panel(
            title="Same revision as the environment before",
            kind=Kind.TABLE,
            description="Whether a service runs the same revision in an environment as in the one that it is promoted "
            "from; those that do not stand first.",
            queries=(
                views.table(f"sort(min by (service, to_environment) ({select(promotions.PROMOTION_REVISION_MATCH)}))"),
            ),
            width=8,
            height=10,
            matrix=("service", "to_environment"),
            colors="match",
            links=(_HERE,),
        ),
        Panel(
            title="Services that wait, over time",
            kind=Kind.TIME_SERIES,
            description="How many services waited to be promoted into each environment. A step down is a release.",
            queries=(
                PromQuery(
                    expr=f"sum by (from_environment, to_environment) ({select(promotions.PROMOTION_PENDING)})",
                    legend="{{from_environment}} to {{to_environment}}",
                ),
            ),
            width=16,
            height=10,
            unit=Unit.SHORT,
            minimum=0,
            legend=Legend.RIGHT,
        ),
    ),
)

WINDOWS = Section(
    title="Release windows",
    panels=(
        Panel(
            title="Automated syncs by environment",
            kind=Kind.STATE_TIMELINE,
            description="Whether any Application of an environment and project is blocked by a sync window: those that "
            "were, in the time that is shown.",
            queries=(
                PromQuery(
                    expr=f"max by (environment, project) ({select(applications.SYNC_BLOCKED, by='automated')}) "
                    "and on (environment, project) "
                    f"max_over_time({select(applications.SYNC_BLOCKED, by='automated')}[$__range] @ end()) == 1",
                    legend="{{environment}} {{project}}",
                ),
            ),
            width=24,
            height=11,
            unit=Unit.NONE,
            colors="blocked",
            legend=Legend.HIDDEN,
            empty="No window blocked anything in this time.",
        ),
        Panel(
            title="Pending and blocked",
            kind=Kind.TABLE,
            description="Applications that wait for a sync and may not have it now, and when that changes.",
            queries=(
                views.table(
                    views.joined(
                        "sum without (by) "
                        f"({select(applications.SYNC_WINDOW_CHANGE, by='automated')} - time() "
                        f"and {select(applications.SYNC_BLOCKED, by='automated')} == 1)",
                        f"{select(applications.OUT_OF_SYNC, cause=('pending_revision', 'pending_source_change'))} == 1",
                        "cause",
                    )
                ),
            ),
            height=9,
            columns=(
                Column(field="Value", title="May in", unit=Unit.DURATION, width=180),
                *views.NARROW,
            ),
            sort="Value",
            empty="Nothing that waits for a sync is blocked.",
        ),
        Panel(
            title="Windows of projects",
            kind=Kind.TABLE,
            description="The sync windows of the AppProjects, and which of them are active now.",
            queries=(
                views.table(f"max by ({_WINDOW}) ({select(groupings.PROJECT_SYNC_WINDOW_ACTIVE)})"),
                views.table(f"max by ({_WINDOW}) ({select(groupings.PROJECT_SYNC_WINDOW_INVALID)} == 1)"),
            ),
            height=9,
            columns=(
                Column(field="project", title="Project", links=(_TO_APPLICATIONS,)),
                Column(field="kind", title="Kind", width=60),
                Column(field="schedule", title="Schedule", width=110),
                Column(field="duration", title="Duration", width=75),
                Column(field="time_zone", title="Time zone", width=110),
                Column(field="Value #A", title="Active", width=60),
                Column(field="Value #B", title="Unreadable", width=90),
            ),
            sort="-Value #A",
            empty="No AppProject has sync windows.",
        ),
    ),
)

SETS = Section(
    title="Progressive syncs of ApplicationSets",
    panels=(
        Panel(
            title="ApplicationSets",
            kind=Kind.TABLE,
            description="How many Applications each ApplicationSet owns, and the step of its progressive sync: one "
            "that stands for long waits for an Application that does not become Healthy.",
            queries=(
                views.table(f"max by ({_SET}, generators, strategy) ({select(groupings.APPLICATIONSET_INFO)})"),
                views.table(f"max by ({_SET}) ({select(groupings.APPLICATIONSET_APPLICATIONS)})"),
                views.table(f"max by ({_SET}) ({select(groupings.APPLICATIONSET_STEP)})"),
                views.table(f"max by ({_SET}) (time() - {select(groupings.APPLICATIONSET_STEP_SINCE)})"),
            ),
            width=14,
            columns=(
                Column(field="applicationset", title="ApplicationSet", links=(_TO_APPLICATIONS,)),
                Column(field="generators", title="Generators"),
                Column(field="strategy", title="Strategy", width=120),
                Column(field="Value #B", title="Applications", unit=Unit.SHORT, width=110),
                Column(field="Value #C", title="Step", unit=Unit.SHORT, width=70),
                Column(field="Value #D", title="For", unit=Unit.DURATION, width=180),
            ),
            sort="-Value #D",
            empty="There is no ApplicationSet.",
        ),
        Panel(
            title="Conditions of ApplicationSets",
            kind=Kind.TABLE,
            description="Conditions that are True. ErrorOccurred: it generates nothing new until that is mended.",
            queries=(views.table(f"max by ({_SET}, condition) ({select(groupings.APPLICATIONSET_CONDITION)} == 1)"),),
            width=10,
            columns=(
                Column(field="applicationset", title="ApplicationSet", links=(_TO_APPLICATIONS,)),
                Column(field="condition", title="Condition"),
            ),
            sort="condition",
            empty="There is no ApplicationSet.",
        ),
    ),
)

DASHBOARD = Dashboard(
    uid="gitops-promotion",
    title="GitOps / Promotion and release",
    description="What waits in which environment to go on to the next, for how long, and which sync windows let it.",
    variables=(views.ENVIRONMENT, views.PROJECT, views.SERVICE),
    annotations=views.DEPLOYED_ANYWHERE,
    sections=(NUMBERS, WAITING, WINDOWS, SETS),
    since="now-2d",
)
