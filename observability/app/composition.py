"""Starts the stages, joins them, stops them in reverse."""

import asyncio
import gc
import platform
import random
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

import structlog

from observability import __version__
from observability.app.availability import Availability
from observability.app.deliveries import deliveries, owe
from observability.app.enrichment import Enrichment
from observability.app.exposed import exposed, in_front
from observability.app.farewell import part
from observability.app.hugepages import collapse
from observability.app.keys import initiator_key
from observability.app.measuring import measure
from observability.app.pipeline import Pipeline
from observability.app.plugins import engines
from observability.app.recorder import History, Recorder
from observability.delivery.exposition import Exposition, Meters
from observability.delivery.family import Limits
from observability.delivery.guards import Refusal
from observability.delivery.http import Serving, serving
from observability.delivery.own import OwnMetrics
from observability.delivery.reloading import Reload
from observability.delivery.sending import send
from observability.delivery.site import Site
from observability.journal.group import Limits as JournalLimits
from observability.journal.journal import Journal
from observability.model.observation import Kind, Scope
from observability.settings import Cluster, Settings
from observability.signals import exporter
from observability.signals.transitions import Context
from observability.sources.commits.opening import open_source
from observability.sources.commits.source import CommitSource
from observability.sources.engine import Engine, WatchedKind
from observability.sources.kubernetes import Connection, connect
from observability.sources.reviews import KubernetesReviews
from observability.sources.watching import Subject, watch
from observability.state.promotion import Promotions
from observability.state.store import Store
from observability.state.tallies import Tallies

log = structlog.get_logger(__name__)

METERS: Final = Meters(
    series=exporter.SERIES,
    body_bytes=exporter.BODY_BYTES,
    dropped=exporter.SERIES_DROPPED,
    hidden=exporter.OBJECTS_HIDDEN,
    truncated=exporter.LABEL_VALUES_TRUNCATED,
    failures=exporter.RENDER_FAILURES,
    exposed_delay=exporter.EXPOSED_DELAY,
)
"""The rows that say how the exposition is."""
_BEFORE_APPLICATIONS: Final = (Kind.APPLICATIONSET, Kind.PROJECT)
_PATIENCE_SECONDS: Final = 60.0
"""So long Applications wait for the ApplicationSets and AppProjects that may tell their identity."""
_PROBE_SECONDS: Final = 0.05
_COLLAPSE_SECONDS: Final = 0.005
_FREEZE_SECONDS: Final = 0.5
_FREEZE_AGAIN_SECONDS: Final = 60.0
_SWITCH_SECONDS: Final = 0.0005
"""So soon a thread hands the interpreter over. With Python's 5 ms the loop, which lets go of it at each socket, would
wait dozens of times in a row for the thread that deflates."""
_COLLECTION: Final = (2_000, 1_000_000, 1_000_000)
"""Thresholds of the garbage collector. It looks at new objects, a few at a time: at 50,000 of them it held the loop for
0.2 s, and for longer at those that stay. What has stayed is frozen instead, see `_settle_down`."""


async def run(settings: Settings, clock: Callable[[], float] = time.time) -> None:  # noqa: TID251
    """Watch and serve until the process is told to stop (SIGTERM).

    Raises SettingsError and DeliveryError when it cannot start. That the API server is away is no reason to end.
    """
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    gc.set_threshold(*_COLLECTION)
    sys.setswitchinterval(_SWITCH_SECONDS)
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(connect(settings.kubernetes, clock))
        own = _own(settings.cluster, clock)
        exposition = Exposition(exposed(settings.exposition, settings.cluster), _limits(settings), own, METERS, clock)
        stack.callback(exposition.close)
        store = Store(
            settle_seconds=settings.state.settle_seconds,
            environments=settings.environments,
            identity=settings.identity,
            global_projects=settings.argocd.global_projects,
            kept_labels=settings.exposition.application_labels,
            keeps_images=settings.exposition.images,
        )
        subjects = _subjects(settings, connection, clock, engines(settings.plugins))
        availability = Availability(subject.scope for subject in subjects)
        sendings = deliveries(settings, own, clock)
        journal = await Journal.open(settings.journal.path, _journal_limits(settings), clock)
        stack.push_async_callback(journal.close)
        commits = open_source(settings.argocd.metadata, settings.argocd.url, clock)
        if commits is not None:
            stack.push_async_callback(commits.close)
        history = _history(settings, commits)._replace(heard=settings.journal.path is not None or bool(sendings))
        recorder = Recorder(journal, store, exposition, own, history, clock)
        stack.push_async_callback(recorder.finish)
        pipeline = Pipeline(store, exposition, recorder, own, availability, clock)
        site = Site(
            metrics=exposition,
            waiting_for=availability.waiting_for,
            watched=availability.watched,
            version=__version__,
            links=_links(settings),
        )
        await stack.enter_async_context(serving(site, _serving(settings, connection, own, clock)))
        for delivery in sendings:
            stack.push_async_callback(delivery.sink.close)
        await owe(journal, sendings)
        known = await recorder.restore({subject.scope: subject.selector for subject in subjects})
        lanes = (
            *((observe(one, known.get(one.scope), pipeline), _name(one.scope)) for one in subjects),
            *_of_commits(history.commits, pipeline),
            (recorder.write(), "journal"),
            (recorder.welcome(), "welcome"),
            (recorder.unfold(), "unfold"),
            (measure(journal, own, history.commits, clock), "measure"),
            (pipeline.follow_time(), "timer"),
            (exposition.keep_fresh(), "deflate"),
            (_settle_down(pipeline), "settle"),
            (_probe(own), "probe"),
        )
        async with asyncio.TaskGroup() as stages:
            tasks = [stages.create_task(coroutine, name=name) for coroutine, name in lanes]
            senders = [
                stages.create_task(send(journal, one.sink, one.how), name=f"send {one.sink.name}") for one in sendings
            ]
            await stop.wait()
            log.info("stopping")
            for task in tasks:
                task.cancel()
            await part(journal, [one.sink.name for one in sendings], recorder.finish)
            for task in senders:
                task.cancel()


def _own(cluster: Cluster, clock: Callable[[], float]) -> OwnMetrics:
    own = OwnMetrics(exporter.EXPORTER_METRICS, dict(in_front(cluster)))
    own.set(exporter.BUILD_INFO, (__version__, platform.python_version()), 1)
    own.set(exporter.START_TIMESTAMP, (), clock())
    return own


def _limits(settings: Settings) -> Limits:
    only_current = ("gitops_application_health_status", "gitops_application_sync_status")
    return Limits(
        series_per_family=settings.exposition.series_per_family,
        label_value_bytes=settings.exposition.label_value_bytes,
        current_only=frozenset(only_current if settings.exposition.current_state_only else ()),
    )


def _journal_limits(settings: Settings) -> JournalLimits:
    journal = settings.journal
    return JournalLimits(max_bytes=journal.max_bytes, retention_days=journal.retention_days)


def _history(settings: Settings, commits: CommitSource | None) -> History:
    """Raises SettingsError when the key for names cannot be read."""
    environments = settings.environments
    names = tuple(environment.name for environment in environments)
    context = Context.of(environments, cluster=settings.cluster.name, initiator_key=initiator_key(settings.events))
    return History(
        context,
        Tallies(settings.state.change_failure_seconds),
        Promotions(names, settings.promotion.key),
        None if commits is None else Enrichment(commits, context, time.monotonic, random.random),
    )


def _serving(settings: Settings, connection: Connection, own: OwnMetrics, clock: Callable[[], float]) -> Serving:
    def refused(reason: Refusal) -> None:
        own.increment(exporter.HTTP_REFUSALS, (reason.value,))

    def reloaded(reload: Reload) -> None:
        own.set(exporter.WEB_CONFIG_LOADED, (), float(reload.successful))
        own.set(exporter.CERTIFICATE_ENDS_AT, (), reload.certificate_ends_at)
        if reload.successful:
            own.set(exporter.WEB_CONFIG_LOADED_AT, (), reload.at)

    return Serving(
        listen=settings.server.listen,
        web_config=settings.server.web_config,
        clock=clock,
        reviewer=KubernetesReviews(connection) if settings.server.token_review else None,
        on_refusal=refused,
        on_reload=reloaded,
    )


def _links(settings: Settings) -> list[tuple[str, str]]:
    links = settings.links
    named = (("Argo CD", links.argocd or settings.argocd.url), ("Grafana", links.grafana), ("Runbooks", links.runbooks))
    return [(name, address) for name, address in named if address is not None]


def _subjects(
    settings: Settings, connection: Connection, clock: Callable[[], float], watched: Sequence[Engine]
) -> list[Subject]:
    """What to watch: each kind of each engine, in each namespace. The selector is for Applications only."""

    def subject(engine: Engine, kind: WatchedKind, namespace: str) -> Subject:
        selector = settings.kubernetes.label_selector or "" if kind.kind is Kind.APPLICATION else ""
        return Subject(
            connection=connection,
            scope=Scope(kind.kind, namespace, engine.name),
            kind=kind,
            settings=settings.watch,
            selector=selector,
            clock=clock,
            random=random.random,
        )

    namespaces = settings.kubernetes.namespaces or ("",)
    return [subject(engine, kind, namespace) for engine in watched for kind in engine.kinds for namespace in namespaces]


async def observe(subject: Subject, resume_from: str | None, pipeline: Pipeline) -> None:
    """Carry all observations of one scope into the pipeline, for ever. `resume_from`: see `watch`."""
    kind = subject.scope.kind
    if kind is Kind.APPLICATION:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await pipeline.settled(_BEFORE_APPLICATIONS)
        except TimeoutError:
            log.warning("going on without what may tell the identity of Applications", kinds=_BEFORE_APPLICATIONS)
    async for batch in watch(subject, resume_from):
        if not pipeline.take(subject.scope, batch):
            subject.rests.clear()


def _of_commits(commits: Enrichment | None, pipeline: Pipeline) -> tuple[tuple[Coroutine[Any, Any, None], str], ...]:
    """What finds out about commits, and judges with them; nothing where nobody is asked."""
    if commits is None:
        return ()
    return (commits.run(), "commits"), (commits.ask_again(), "authors"), (pipeline.learn(commits), "learn")


async def _settle_down(pipeline: Pipeline) -> None:
    """Once all is listed, put it into huge pages. Tell the garbage collector again and again that it stays, for ever.

    Looking through a hundred thousand Applications would hold the loop for a quarter of a second, each time. Nothing of
    theirs forms cycles; what an answered request leaves behind is collected while it is new.
    """
    known = -1
    while not all(map(pipeline.availability.is_settled, Kind)):
        if pipeline.known != known:  # what waits for nothing but a server that is away is not to be kept for ever
            known = pipeline.known
            gc.freeze()
        await asyncio.sleep(_FREEZE_SECONDS)
    log.info("ready", watched=pipeline.availability.watched())
    for _ in collapse():
        await asyncio.sleep(_COLLAPSE_SECONDS)
    while True:
        gc.collect(0)
        gc.freeze()
        await asyncio.sleep(_FREEZE_AGAIN_SECONDS)


async def _probe(own: OwnMetrics) -> None:
    """Measure how late the loop wakes up, for ever."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _PROBE_SECONDS
        await asyncio.sleep(_PROBE_SECONDS)
        own.observe(exporter.LOOP_STALL, (), max(0.0, loop.time() - due))


def _name(scope: Scope) -> str:
    return f"watch {scope.of} {scope.namespace}".rstrip()
