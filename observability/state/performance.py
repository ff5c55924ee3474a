"""Delivery performance: which deployments fail, which repair, and how long it takes. Pure.

A deployment is a full sync from Git that succeeded and changed the content. Its revision is a change failure when the
Application becomes Degraded within a window after it, or when it is rolled back; once a revision and Application.
Source: DORA's software delivery performance metrics (dora.dev, 2025): lead time for changes, deployment frequency,
failed deployment recovery time, change fail rate, deployment rework rate.
"""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from observability.model.event import Event
from observability.model.status import SyncKind
from observability.model.tally import HEALTHY_SECONDS, LEAD_SECONDS, RESTORE_SECONDS, Deployed, Tally
from observability.state.measures import observed, seconds_of, started, word_of

_MOST_SEEN: Final = 16
"""So many revisions of a group are remembered with the time when they were first seen."""
_MOST_FAILURES: Final = 8
"""So many revisions of an Application are remembered as change failures."""


def uid_of(event: Event) -> str:
    """The Application that the event is about; empty when it does not say."""
    return word_of(event, "gitops.application.uid")


def noticed(tally: Tally, event: Event) -> Tally:
    """With the revision of the event among those that were seen."""
    revision = word_of(event, "gitops.revision")
    seen = tally.past.seen
    if not revision or revision in seen:
        return tally
    latest = [*seen.items(), (revision, event.at)][-_MOST_SEEN:]
    return replace(tally, past=replace(tally.past, seen=dict(latest)))


def deployed(tally: Tally, event: Event) -> Tally:
    """After a deployment. It is rework when it repairs: a failure of that Application, or with another revision."""
    kind = word_of(event, "gitops.sync.kind")
    if kind in (SyncKind.PARTIAL, SyncKind.LOCAL):
        return tally
    tally = noticed(tally, event)
    uid, revision = uid_of(event), word_of(event, "gitops.revision")
    counts, past = tally.counts, tally.past
    before = past.applications.get(uid)
    new = Deployed(
        revision=revision,
        at=event.at,
        previous_at=None if before is None else before.at,
        leads=kind != SyncKind.ROLLBACK and (before is None or before.revision != revision),
        failures=() if before is None else before.failures,
        failing_since=None if before is None else before.failing_since,
    )
    repairs = past.failed is not None and (past.failed[0] == uid or past.failed[1] != revision)
    counts = replace(
        counts,
        deployments=counts.deployments + 1,
        rework=counts.rework + repairs,
        time_to_healthy=started(counts.time_to_healthy, HEALTHY_SECONDS),
        lead_time=started(counts.lead_time, LEAD_SECONDS),
    )
    past = replace(past, applications={**past.applications, uid: new}, failed=None if repairs else past.failed)
    return replace(tally, counts=counts, past=past)


def healthy(tally: Tally, event: Event, first_seen: Callable[[str], float | None]) -> Tally:
    """After a deployment became Healthy. `first_seen` tells when a revision of the service was, None: it was not."""
    counts = tally.counts
    if (seconds := seconds_of(event, "gitops.time_to_healthy_seconds")) is not None:
        counts = replace(counts, time_to_healthy=observed(counts.time_to_healthy, HEALTHY_SECONDS, seconds))
    application = tally.past.applications.get(uid_of(event))
    if application is None or application.leads:
        began_at = seconds_of(event, "gitops.commit.time_seconds")
        if began_at is None:
            began_at = first_seen(word_of(event, "gitops.revision"))
        if began_at is not None:
            counts = replace(counts, lead_time=observed(counts.lead_time, LEAD_SECONDS, event.at - began_at))
    return restored(tally if counts is tally.counts else replace(tally, counts=counts), event)


def restored(tally: Tally, event: Event) -> Tally:
    """After an Application became Healthy: its failure is over, if there was one."""
    uid, counts, past = uid_of(event), tally.counts, tally.past
    application = past.applications.get(uid)
    if application is None or application.failing_since is None:
        return tally
    seconds = event.at - application.failing_since
    counts = replace(counts, time_to_restore=observed(counts.time_to_restore, RESTORE_SECONDS, seconds))
    mended = replace(application, failing_since=None)
    return replace(tally, counts=counts, past=replace(past, applications={**past.applications, uid: mended}))


def degraded(tally: Tally, event: Event, window_seconds: float) -> Tally:
    """After an Application became Degraded: a change failure unless its newest deployment is older than the window."""
    uid = uid_of(event)
    application = tally.past.applications.get(uid)
    if application is None or not 0 <= event.at - application.at <= window_seconds:
        return tally
    return _failed(tally, uid, application, application.revision, event.at)


def rolled_back(tally: Tally, event: Event) -> Tally:
    """After a rollback, in the cluster or in Git: what it left behind failed. Its `deployed` may come before or after.

    A failure that was not seen as Degraded began with the deployment, as far as that is known.
    """
    uid, revision = uid_of(event), word_of(event, "gitops.revision")
    failed = word_of(event, "gitops.previous_revision")
    application = tally.past.applications.get(uid)
    if application is None:
        application = Deployed(revision=failed, at=event.at)
    is_deployed = application.revision == revision != failed
    since = application.previous_at if is_deployed else application.at
    after = _failed(tally, uid, application, failed, event.at if since is None else since)
    if after is tally or not is_deployed:
        return after
    counts = replace(after.counts, rework=after.counts.rework + 1)
    return replace(after, counts=counts, past=replace(after.past, failed=None))


def _failed(tally: Tally, uid: str, application: Deployed, revision: str, since: float) -> Tally:
    """With a change failure more, unless that revision is known as one."""
    if revision in application.failures:
        return tally
    counts, past = tally.counts, tally.past
    failing = replace(
        application,
        failures=(*application.failures, revision)[-_MOST_FAILURES:],
        failing_since=since if application.failing_since is None else application.failing_since,
    )
    counts = replace(
        counts,
        change_failures=counts.change_failures + 1,
        time_to_restore=started(counts.time_to_restore, RESTORE_SECONDS),
    )
    past = replace(past, applications={**past.applications, uid: failing}, failed=(uid, revision))
    return replace(tally, counts=counts, past=past)
