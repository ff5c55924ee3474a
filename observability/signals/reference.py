"""The reference of all signals, as Markdown, from the rows; `python -m observability.signals.reference` prints it."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

from observability.model.status import CAUSES_EXPLAINED
from observability.signals.aggregates import AGGREGATE_METRICS
from observability.signals.applications import APPLICATION_METRICS, IMAGES, REVISION_INFO, application_labels
from observability.signals.catalogue import Distribution, EventRow, Metric, OwnMetric
from observability.signals.events import APPLICATION_EVENTS, EXPORTER_EVENTS
from observability.signals.exporter import EXPORTER_METRICS
from observability.signals.gatherings import APPLICATIONSET_EVENTS, PROJECT_EVENTS
from observability.signals.groupings import APPLICATIONSET_METRICS, PROJECT_METRICS
from observability.signals.metrics import closed_labels
from observability.signals.promotions import PROMOTION_EVENTS, PROMOTION_METRICS
from observability.signals.spans import SPANS, SpanRow
from observability.signals.transitions import COMMON, COMMON_OF_APPLICATIONS

_INTRODUCTION: Final = """\
# Signals

Everything that the exporter serves on /metrics, in the text format 0.0.4, and every event and span that it records.
This page is generated from the catalogue: `make generate`.

- Names of facts begin with `gitops_`, those about the exporter itself with `gitops_exporter_`; `argocd_` is Argo CD's.
- Instants are seconds since the epoch (`_timestamp_seconds`), never ages: `time() - x` is the age.
- Info metrics and state sets have the type gauge, because the text format 0.0.4 knows no other.
- The families of a kind appear when its first list is complete. Until then only the exporter's own are there, so that
  `absent()` and counts stay true. Those of services and of promotion follow when all Applications have been taken in: at
  100,000 some seconds later. A deleted object is gone at the next scrape.
- Where the API server is away, what was last known stays; `gitops_exporter_last_event_timestamp_seconds` is its age.
- Words of Argo CD that the exporter does not know count as Unknown, and in `gitops_exporter_decode_failures_total`.
"""

_IDENTITY: Final = """\
## Identity

Each series of an Application begins with these labels, which never change while it lives and are never cut:

| label | from |
|---|---|
| `engine` | `argocd`, or the name of the engine of a plugin |
| `application_namespace` | `metadata.namespace`. Not `namespace`: Prometheus renames that one when it scrapes |
| `application` | `metadata.name` |
| `project` | `spec.project` when it was first seen |
| `environment` | the rules of `identity` in the settings; `unassigned` when none matches |
| `service` | the same; the name of the Application when none matches |

Series of an ApplicationSet begin with `engine, applicationset_namespace, applicationset`, those of an AppProject with
`engine, project_namespace, project`. What is counted of the Applications of a service in one environment begins with
`engine, environment, project, service`; it is there while there is such an Application, and goes on after a restart with a
journal. What is said of two environments of a service begins with
`engine, project, service, from_environment, to_environment`. With `cluster.label` all begin with `cluster`, and
those about the exporter itself carry it too, so that rules can join them.

Other label values longer than `exposition.label_value_bytes` are cut and end in a hash, so that two series never become
one; `gitops_exporter_label_values_truncated_total` counts them. A family with more than `exposition.series_per_family`
series leaves out whole objects, and `gitops_exporter_series_dropped_total` counts their series.
"""

_EVENTS: Final = f"""\
## Events

What happened, told once: in the journal, over OTLP as logs with an `event_name`, and to the sinks.

- The time is when it happened as far as the object tells (startedAt, finishedAt, lastTransitionTime, deployedAt,
  deletionTimestamp: whole seconds), else when it was seen. The observed time is always the latter.
- What was there when the exporter started for the first time is no event. What happened while nobody watched is rebuilt
  as far as the object tells, with `gitops.catch_up`: each deployment of the history, the last operation, the health and
  its time, self-heals by their count. A state that came and went meanwhile is not to be seen.
- `gitops.event.id` follows from the cluster, the uid and what happened: receivers drop what they have by it.
- Durations are numbers of seconds. What is not known is left out. Names of people may be hashed (see the settings).

Every event carries {", ".join(f"`{one}`" for one in COMMON)} (the last one where it is known),
one of an Application also {", ".join(f"`{one}`" for one in COMMON_OF_APPLICATIONS)};
one of an ApplicationSet or AppProject `gitops.applicationset.` or `gitops.project.` with `name`, `namespace`, `uid`.
One of a service has no `k8s.namespace.name`: its Applications may be in several.

With `argocd.metadata`, events of a revision that waits, is synced, deployed, healthy or rolled back to also carry what
is known of its commit: `gitops.commit.author.name`, `gitops.commit.author.email`, `gitops.commit.time_seconds`,
`gitops.commit.message`, `gitops.commit.signed`, `gitops.commit.signature`; or `gitops.commit.missing`, since no event
waits for that. `deployed` and `healthy_after_deploy` also say `gitops.four_eyes`, where it is known: who deployed it by
hand did not write it.
"""

_SPANS: Final = """\
## Spans

What took time, told once it is over: in the journal until every receiver has it, and over OTLP as traces. A sync is a
trace, and so is what travels through the environments of a service. Ids follow from what happened: a resend, a restart
or a second replica makes the same ones. The status is unset unless something failed; then it carries the message.
"""

_CAUSES: Final = """\
## Causes of OutOfSync

Argo CD says that an Application is OutOfSync; the label `cause` says why. The first line that holds names it.
*Desired* is what Argo CD compared the cluster with (`status.sync.revision(s)` of `status.sync.comparedTo`), *deployed*
is the newest entry of `status.history`. An Application is *settled* when it was seen Synced since the newest deployment.

| cause | holds when |
|---|---|
{rows}

While an operation is at work, and for `state.settle_seconds` after it, Argo CD writes stale verdicts: a cause that
stands is not judged again, and a new OutOfSync has no cause until that time is over. Dry runs, and operations that wait
for a sync window or a retry, are not at work. One that begins together with an operation, as
every automated sync does, is judged at once.

After a restart without a journal file the past is what the object tells: an Application that is OutOfSync at its
deployed revision, by a verdict from after the settle time, counts as `live_drift`.
"""

_POLICIES: Final = """\
## Policies

What an environment requires or forbids is set with `environments[].policies`. `policy` is one of:

| policy | violated when |
|---|---|
| `automated_sync` | automated sync is off where it is required, or on where it is forbidden |
| `self_heal` | the same for self-heal |
| `outside_window` | the last sync ended while a window forbade it; judged when it is seen to end |
| `rollback_in_cluster` | a rollback that Git does not know stands |
| `local_manifests` | manifests from somebody's machine were synced, and nothing from Git as a whole since |
| `risky_options` | Replace, Force, Validate=false or SkipDryRunOnMissingResource in the spec, or in a sync that nothing from Git as a whole followed |
| `parameter_overrides` | the source carries values of its own: Helm parameters or values, Kustomize images, replicas or patches, Jsonnet variables, plugin parameters or variables |
| `target_revision` | a target revision is not pinned: neither a commit, nor a tag as far as its name tells (a full version, `v` and a number, a date) |
| `skip_reconcile` | the annotation argocd.argoproj.io/skip-reconcile is set |
| `four_eyes` | who deployed what is deployed also wrote its commit, as far as their names tell. Judged once the author is known (`argocd.metadata`); an automated sync, one by the built-in admin, and what was deployed before it was first seen violate nothing |
"""


def render() -> str:
    """The whole page."""
    optional = (application_labels(()), IMAGES, REVISION_INFO)
    parts = [
        _INTRODUCTION,
        _IDENTITY,
        *_section("Applications", APPLICATION_METRICS),
        *_section("Applications, when the settings ask for it", optional),
        *_section("ApplicationSets", APPLICATIONSET_METRICS),
        *_section("AppProjects", PROJECT_METRICS),
        *_section("Services in their environments", AGGREGATE_METRICS),
        *_section("Promotion", PROMOTION_METRICS),
        *_section("The exporter itself", EXPORTER_METRICS),
        _EVENTS,
        *_events("Events of Applications", APPLICATION_EVENTS),
        *_events("Events of ApplicationSets", APPLICATIONSET_EVENTS),
        *_events("Events of AppProjects", PROJECT_EVENTS),
        *_events("Events of services", PROMOTION_EVENTS),
        *_events("Events of the exporter itself", EXPORTER_EVENTS),
        _SPANS,
        _spans(SPANS),
        _CAUSES.format(rows="\n".join(f"| `{cause}` | {holds} |" for cause, holds in CAUSES_EXPLAINED.items())),
        _POLICIES,
        "## Values of labels\n",
        "\n".join(
            [
                "| label | values |",
                "|---|---|",
                *(f"| `{name}` | {_listed(words)} |" for name, words in closed_labels()),
            ]
        )
        + "\n",
    ]
    return "\n".join(parts)


def _section(title: str, metrics: Sequence[Metric[Any] | Distribution[Any] | OwnMetric]) -> tuple[str, str]:
    rows = [f"| `{one.name}` | {one.type} | {_listed(one.labels)} | {one.stability} | {one.help} |" for one in metrics]
    return f"## {title}\n", "\n".join(
        ["| metric | type | labels | stability | meaning |", "|---|---|---|---|---|", *rows]
    ) + "\n"


def _events(title: str, events: Sequence[EventRow[Any]]) -> tuple[str, str]:
    rows = [f"| `{one.name}` | {_listed(one.attributes)} | {one.stability} | {one.help} |" for one in events]
    return f"### {title}\n", "\n".join(
        ["| event | attributes | stability | meaning |", "|---|---|---|---|", *rows]
    ) + "\n"


def _spans(rows: Sequence[SpanRow]) -> str:
    lines = [
        f"| `{one.name}` | {one.kind.value} | {f'`{one.parent}`' if one.parent else ''} "
        f"| {_listed(one.attributes)} | {one.stability} | {one.help} |"
        for one in rows
    ]
    heading = ["| span | kind | parent | attributes | stability | when |", "|---|---|---|---|---|---|"]
    return "\n".join([*heading, *lines]) + "\n"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


if __name__ == "__main__":
    sys.stdout.write(render())
