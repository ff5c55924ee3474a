"""What runs and is not in Git, for how long, and which rules of an environment are broken."""

from observability.monitoring.spec import (
    Column,
    Dashboard,
    Kind,
    Legend,
    Link,
    Not,
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
from observability.signals import aggregates, applications

_BAD = (Threshold(value=None, color="green"), Threshold(value=1, color="red"))
_WORTH_A_LOOK = (Threshold(value=None, color="green"), Threshold(value=1, color="yellow"))
_OLD = (
    Threshold(value=None, color="green"),
    Threshold(value=1800, color="yellow"),
    Threshold(value=7200, color="red"),
)
_TO_APPLICATIONS = Link(title="Open the applications", dashboard="gitops-application")


def _by_cause(title: str, cause: str, description: str, thresholds: tuple[Threshold, ...]) -> Panel:
    return Panel(
        title=title,
        kind=Kind.STAT,
        description=description,
        queries=(
            views.now(
                views.zero(f"count({select(applications.OUT_OF_SYNC, cause=cause)} == 1)", applications.HEALTH_STATUS)
            ),
        ),
        width=4,
        height=4,
        unit=Unit.SHORT,
        thresholds=thresholds,
        links=(_TO_APPLICATIONS,),
    )


NUMBERS = Section(
    title="",
    panels=(
        _by_cause("Live drift", "live_drift", "Applications that somebody changed in the cluster by hand.", _BAD),
        _by_cause(
            "Rolled back",
            "rolled_back",
            "Applications that were rolled back in the cluster: Git says something newer, and a sync would bring it.",
            _BAD,
        ),
        _by_cause(
            "Unconverged",
            "unconverged",
            "Applications that were synced and are out of sync all the same: something rewrites what was applied.",
            _WORTH_A_LOOK,
        ),
        _by_cause(
            "Prune pending",
            "prune_pending",
            "Applications that differ only by resources that Git has no more, and that nobody pruned.",
            _WORTH_A_LOOK,
        ),
        _by_cause(
            "Never deployed",
            "never_deployed",
            "Applications that were created and never synced.",
            _WORTH_A_LOOK,
        ),
        Panel(
            title="Policies violated",
            kind=Kind.STAT,
            description="Violations of the policies of an environment, each policy of each Application one.",
            queries=(
                views.now(
                    views.zero(f"count({select(applications.POLICY_VIOLATION)} == 1)", applications.HEALTH_STATUS)
                ),
            ),
            width=4,
            height=4,
            unit=Unit.SHORT,
            thresholds=_WORTH_A_LOOK,
            links=(_TO_APPLICATIONS,),
        ),
    ),
)

DRIFT = Section(
    title="Drift",
    panels=(
        Panel(
            title="What differs from Git and should not",
            kind=Kind.TABLE,
            description="Applications that are out of sync for another reason than that a sync waits, the longest "
            "first. The time counts from when the exporter saw it: a lower bound after a restart without a journal.",
            queries=(
                views.table(
                    views.joined(
                        f"time() - {select(applications.OUT_OF_SYNC_SINCE)}",
                        f"{select(applications.OUT_OF_SYNC, cause=Not(('pending_revision', 'pending_source_change')))}"
                        " == 1",
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
            empty="No Application has drifted.",
        ),
        Panel(
            title="By cause",
            kind=Kind.TIME_SERIES,
            description="How many Applications were out of sync, by cause. live_drift that returns is a person or a "
            "controller that works beside Git.",
            queries=(PromQuery(expr=f"sum by (cause) ({select(applications.OUT_OF_SYNC)})", legend="{{cause}}"),),
            unit=Unit.SHORT,
            colors="cause",
            stacked=True,
            empty="Nothing was out of sync in this time.",
        ),
        Panel(
            title="Self-heals",
            kind=Kind.TABLE,
            description="Attempts of Argo CD to undo a change in the cluster in the time that is shown, the most "
            "first. More than a few an hour is a fight with something that writes the same resource.",
            queries=(
                views.table(
                    "topk(20, round(sum by (environment, project, service) "
                    f"(increase({select(applications.SELF_HEALS)}[$__range]))) > 0)"
                ),
            ),
            columns=(
                Column(field="environment", title="Environment", width=110),
                Column(field="service", title="Service", links=(views.TO_SERVICE,)),
                Column(field="project", title="Project", width=120),
                Column(field="Value", title="Attempts", unit=Unit.SHORT, width=110),
            ),
            sort="-Value",
            empty="Argo CD undid nothing in this time.",
        ),
        Panel(
            title="How long drift stood",
            kind=Kind.HEATMAP,
            description="Drifts that were resolved, by how long they had stood. Dark cells high up: drift is noticed "
            "late.",
            queries=(
                PromQuery(
                    expr=f"sum by (le) (increase({buckets(aggregates.DRIFT_DURATION)}[$__rate_interval]))",
                    legend="{{le}}",
                ),
            ),
            unit=Unit.SECONDS,
            empty="No drift was resolved in this time.",
        ),
        Panel(
            title="Drift that was resolved, by service",
            kind=Kind.TABLE,
            description="How often the services drifted in the time that is shown, and how long it stood on average.",
            queries=(
                views.table(
                    "round(sum by (environment, project, service) "
                    f"(increase({count(aggregates.DRIFT_DURATION)}[$__range]))) > 0"
                ),
                views.table(
                    "sum by (environment, project, service) "
                    f"(increase({total(aggregates.DRIFT_DURATION)}[$__range])) / "
                    "(sum by (environment, project, service) "
                    f"(increase({count(aggregates.DRIFT_DURATION)}[$__range])) > 0)"
                ),
            ),
            columns=(
                Column(field="environment", title="Environment", width=110),
                Column(field="service", title="Service", links=(views.TO_SERVICE,)),
                Column(field="Value #A", title="Drifts", unit=Unit.SHORT, width=90),
                Column(field="Value #B", title="Stood on average", unit=Unit.DURATION),
            ),
            sort="-Value #A",
            empty="No drift was resolved in this time.",
        ),
    ),
)

POLICY = Section(
    title="Policy",
    panels=(
        Panel(
            title="Violations by environment",
            kind=Kind.TABLE,
            description="How many Applications violate each policy in each environment.",
            queries=(views.table(f"sum by (policy, environment) ({select(applications.POLICY_VIOLATION)})"),),
            width=10,
            height=10,
            matrix=("policy", "environment"),
            unit=Unit.SHORT,
            thresholds=_WORTH_A_LOOK,
            links=(_TO_APPLICATIONS,),
            empty="No policy is violated, or none is set.",
        ),
        Panel(
            title="Who violates what",
            kind=Kind.TABLE,
            description="Applications that violate a policy of their environment. The settings say which policies an "
            "environment has.",
            queries=(views.table(f"max by ({views.IDENTITY}, policy) ({select(applications.POLICY_VIOLATION)} == 1)"),),
            width=14,
            height=10,
            columns=(Column(field="policy", title="Policy", width=160), *views.NARROW),
            sort="policy",
            empty="No policy is violated, or none is set.",
        ),
    ),
)

TRUST = Section(
    title="Can it be believed",
    panels=(
        Panel(
            title="Verdicts about another source",
            kind=Kind.TABLE,
            description="Applications whose sync status is about another source than the spec has now: Argo CD has not "
            "compared them since the change.",
            queries=(views.table(f"max by ({views.IDENTITY}) ({select(applications.STALE_VERDICT)} == 1)"),),
            columns=views.NARROW,
            sort="environment",
            empty="Every verdict is about the source of the spec.",
        ),
        Panel(
            title="Compared longest ago",
            kind=Kind.TABLE,
            description="The 20 Applications that Argo CD compared with Git longest ago. It does so every few minutes; "
            "hours mean that health and sync of these are old.",
            queries=(views.table(f"topk(20, max by ({views.IDENTITY}) (time() - {select(applications.RECONCILED)}))"),),
            thresholds=_OLD,
            columns=(
                Column(field="Value", title="Ago", unit=Unit.DURATION, width=180, colored=True),
                *views.NARROW,
            ),
            sort="-Value",
        ),
        Panel(
            title="Conditions",
            kind=Kind.TIME_SERIES,
            description="Conditions that stand on Applications, by type. With ComparisonError the sync status is "
            "Unknown, and drift is not seen.",
            queries=(PromQuery(expr=f"sum by (condition) ({select(applications.CONDITION)})", legend="{{condition}}"),),
            width=24,
            height=7,
            unit=Unit.SHORT,
            stacked=True,
            legend=Legend.RIGHT,
            empty="No condition stood in this time.",
        ),
    ),
)

DASHBOARD = Dashboard(
    uid="gitops-drift",
    title="GitOps / Drift and policy",
    description="What runs and is not in Git, for how long and why, and which policies of an environment are violated.",
    variables=(views.ENVIRONMENT, views.PROJECT, views.SERVICE, views.APPLICATION),
    annotations=views.DEPLOYED_ANYWHERE,
    sections=(NUMBERS, DRIFT, POLICY, TRUST),
)
