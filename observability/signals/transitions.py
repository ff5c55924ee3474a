"""What events are computed from: an object before and after, who is asked, and what every event carries. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Self

from msgspec import Struct

from observability.model import digests
from observability.model.application import Application, Key, Target
from observability.model.event import Attribute, Event, Link, Severity
from observability.model.observation import Kind
from observability.model.promotion import SyncMark
from observability.model.state import ApplicationSetState, ApplicationState, Memory, ProjectState, Run
from observability.settings.environments import Environment
from observability.signals.catalogue import EventRow, Occurrence
from observability.signals.identifiers import sync_span, sync_trace

_DIGEST_BYTES: Final = 16

COMMON: Final = ("gitops.event.id", "gitops.catch_up", "gitops.engine", "k8s.namespace.name", "k8s.cluster.name")
"""Attributes of every event; the cluster's name only where the settings tell it."""
COMMON_OF_APPLICATIONS: Final = (
    "gitops.project",
    "gitops.environment",
    "gitops.service",
    "gitops.application.name",
    "gitops.application.namespace",
    "gitops.application.uid",
    "deployment.environment.name",
    "service.name",
)
"""Attributes of every event of an Application, beside `COMMON`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What of the settings events depend on.

    `cluster`: its name, None when the settings tell none. `otel_names`: `deployment.environment.name` by environment.
    `production`: the environment in which what is bad is worst, None without environments. `initiator_key`: with it,
    names of people are told as a hash only; None: as they are.
    """

    cluster: str | None = None
    otel_names: Mapping[str, str]
    production: str | None = None
    initiator_key: bytes | None = None

    @classmethod
    def of(
        cls, environments: tuple[Environment, ...], *, cluster: str | None = None, initiator_key: bytes | None = None
    ) -> Self:
        """From the environments of the settings, in the order of promotion: the last one is production."""
        return cls(
            cluster=cluster,
            otel_names={one.name: one.otel_name for one in environments},
            production=environments[-1].name if environments else None,
            initiator_key=initiator_key,
        )


class Transition(Struct, frozen=True, gc=False, kw_only=True):
    """An Application before and after. Of one that is new, `before` is a blank; `after` None: it is gone.

    `at`: when it was seen. `born`: it was created, rather than first seen.
    """

    before: ApplicationState
    after: ApplicationState | None
    at: float
    catch_up: bool
    born: bool
    context: Context

    @property
    def name(self) -> str:
        """The Application's, for sentences."""
        return self.before.facts.name

    @property
    def bad(self) -> Severity:
        """How bad something bad is, in the environment of this Application."""
        production = self.before.identity.environment == self.context.production
        return Severity.ERROR if production else Severity.WARN


class Grouping(Struct, frozen=True, gc=False, kw_only=True):
    """An ApplicationSet or AppProject before and after; None: not there. `at` and `born` as in `Transition`."""

    kind: Kind
    before: ApplicationSetState | ProjectState | None
    after: ApplicationSetState | ProjectState | None
    at: float
    catch_up: bool
    born: bool
    context: Context


def blank(state: ApplicationState) -> ApplicationState:
    """The Application before anything was known of it."""
    facts = state.facts
    nothing = Application(namespace=facts.namespace, name=facts.name, uid=facts.uid, project=facts.project)
    return ApplicationState(nothing, Memory(identity=state.identity), None)


def digest(*parts: str | float) -> str:
    """32 hexadecimal digits that follow from the parts alone."""
    return digests.digest("\0".join(map(str, parts)), _DIGEST_BYTES).hex()


def revision_of(target: Target | None) -> str:
    """For people and machines: the revisions, one a source, with commas; empty when there is none."""
    return ",".join(target.revisions) if target is not None else ""


def short(target: Target | None) -> str:
    """Revisions for people: commits cut to what Git shows."""
    if target is None or not target.revisions:
        return "an unknown revision"
    return ", ".join(one[:12] if len(one) == 40 else one for one in target.revisions)


def initiator(context: Context, name: str, *, automated: bool) -> dict[str, Attribute]:
    """Who had it done, as far as Argo CD tells: of an operation that was set with kubectl that is anybody's word."""
    kind = "automated" if automated else "user" if name else "unknown"
    told: dict[str, Attribute] = {"gitops.initiator.kind": kind}
    if name:
        told["gitops.initiator.name"] = name if automated else pseudonym(context, name)
    return told


def person(context: Context, name: str, *, automated: bool) -> str:
    """Who had it done, for sentences."""
    return "Argo CD" if automated else pseudonym(context, name) if name else "somebody unknown"


def application_event(row: EventRow[Transition], occurrence: Occurrence, transition: Transition) -> Event:
    """The event of an occurrence for an Application."""
    facts = (transition.after or transition.before).facts
    identity = transition.before.identity
    context = transition.context
    attributes: dict[str, Attribute] = {
        "gitops.engine": identity.engine,
        "gitops.project": identity.project,
        "gitops.environment": identity.environment,
        "gitops.service": identity.service,
        "gitops.application.name": facts.name,
        "gitops.application.namespace": facts.namespace,
        "gitops.application.uid": facts.uid,
        "deployment.environment.name": context.otel_names.get(identity.environment, identity.environment),
        "service.name": identity.service,
        **occurrence.attributes,
    }
    subject = Subject(Kind.APPLICATION, facts.key, facts.uid)
    return event(row.name, occurrence, subject, attributes, Seeing(transition.at, transition.catch_up, context))


class Subject(Struct, frozen=True, gc=False):
    """Whom an event is about."""

    kind: str
    key: Key
    uid: str


class Seeing(Struct, frozen=True, gc=False):
    """When something was seen, whether that was late, and by whom."""

    at: float
    catch_up: bool
    context: Context


def event(
    name: str, occurrence: Occurrence, subject: Subject, attributes: Mapping[str, Attribute], seeing: Seeing
) -> Event:
    """The event of an occurrence."""
    context = seeing.context
    key = map(_plain, occurrence.key)
    # An object without a uid is known by its name.
    identifier = digest(context.cluster or "", subject.uid or "/".join((subject.kind, *subject.key)), name, *key)
    common: dict[str, Attribute] = {
        "gitops.event.id": identifier,
        "gitops.catch_up": seeing.catch_up,
        "k8s.namespace.name": subject.key.namespace,
    }
    if context.cluster is not None:
        common["k8s.cluster.name"] = context.cluster
    return Event(
        id=identifier,
        name=name,
        at=occurrence.at,
        observed_at=seeing.at,
        severity=occurrence.severity,
        body=occurrence.body,
        subject=f"{subject.kind}/{subject.key.namespace}/{subject.key.name}",
        attributes={**common, **attributes},
        trace_id=occurrence.span.trace_id if occurrence.span is not None else "",
        span_id=occurrence.span.span_id if occurrence.span is not None else "",
    )


def known(attributes: Mapping[str, Attribute | None]) -> dict[str, Attribute]:
    """Without those that are None or empty texts."""
    return {name: value for name, value in attributes.items() if value is not None and value != ""}


def changed(before: Iterable[str], after: Iterable[str]) -> tuple[list[str], list[str]]:
    """What came, and what went, each in its order."""
    old, new = list(before), list(after)
    return [one for one in new if one not in old], [one for one in old if one not in new]


def pseudonym(context: Context, name: str) -> str:
    """The name of a person as it may be told: a keyed hash of it where the settings want that."""
    if context.initiator_key is None:
        return name
    return blake2b(
        name.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES, key=context.initiator_key
    ).hexdigest()


def span_of(t: Transition, run: Run | None) -> Link | None:
    """The root span of the run, which is told once it has ended; None of a dry run and of one without a start."""
    if run is None or run.started_at is None or run.dry_run:
        return None
    facts, cluster = (t.after or t.before).facts, t.context.cluster or ""
    sync = SyncMark(facts.namespace, facts.name, facts.uid, run.started_at, run.number)
    return Link(sync_trace(cluster, sync), sync_span(cluster, sync))


def _plain(part: str | float | None) -> str:
    """A number that is whole reads the same as float and as int."""
    return str(int(part)) if isinstance(part, float) and part.is_integer() else str(part)
