"""Rows and objects of the tests' own for the exposition: an Application whose labels say what its samples are."""

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from observability.delivery.exposition import Exposed, Meters
from observability.model.application import Application, Key
from observability.model.observation import Kind
from observability.model.state import ApplicationState, Change, Identity, Memory, WindowVerdict
from observability.signals.catalogue import Metric, OwnMetric, Samples, Type

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def _words(app: ApplicationState) -> Samples:
    return [((word,), float(index)) for index, word in enumerate(app.facts.labels.values())]


def _resources(app: ApplicationState) -> Samples:
    return [((), app.facts.resources)] if app.facts.resources else []


WORDS: Final = Metric(
    name="gitops_test_word",
    type=Type.GAUGE,
    help="Its words.",
    labels=("word",),
    samples=_words,
    reads=("facts.labels",),
)
RESOURCES: Final = Metric(
    name="gitops_test_resources",
    type=Type.GAUGE,
    help="A number.",
    samples=_resources,
    reads=("facts.resources",),
)


def _own(name: str, metric_type: Type, *labels: str) -> OwnMetric:
    return OwnMetric(name=f"gitops_exporter_{name}", type=metric_type, help=f"{name}.", labels=labels)


METERS: Final = Meters(
    series=_own("series", Type.GAUGE),
    body_bytes=_own("body_bytes", Type.GAUGE, "encoding"),
    dropped=_own("series_dropped_total", Type.COUNTER, "family"),
    hidden=_own("objects_hidden", Type.GAUGE, "family"),
    truncated=_own("label_values_truncated_total", Type.COUNTER),
    failures=_own("render_failures_total", Type.COUNTER, "family"),
    exposed_delay=_own("exposed_delay_seconds", Type.HISTOGRAM),
)
OWN: Final = (
    *(METERS.series, METERS.body_bytes, METERS.dropped, METERS.hidden),
    *(METERS.truncated, METERS.failures, METERS.exposed_delay),
)


def exposed(*metrics: Metric[ApplicationState]) -> Exposed[ApplicationState]:
    """Applications with these families."""
    return Exposed(kind=Kind.APPLICATION, identity=identity, metrics=metrics)


def identity(app: ApplicationState) -> Sequence[tuple[str, str]]:
    """The six labels of an Application."""
    return tuple(zip(Identity._fields, app.identity, strict=True))


def application(name: str, words: Sequence[str] = (), resources: int = 0, project: str = "shop") -> ApplicationState:
    """An Application with a series of WORDS for each word, and one of RESOURCES unless `resources` is 0."""
    facts = Application(
        namespace="argocd",
        name=name,
        labels={str(index): word for index, word in enumerate(words)},
        resources=resources,
    )
    memory = Memory(identity=Identity("argocd", "argocd", name, project, "prod", name))
    return ApplicationState(facts=facts, memory=memory, windows=WindowVerdict())


def change(before: ApplicationState | None, after: ApplicationState | None, received_at: float = 0.0) -> Change:
    """From one state to another; one of them is not None."""
    state = after or before
    assert state is not None
    return Change(kind=Kind.APPLICATION, key=state.facts.key, before=before, after=after, received_at=received_at)


def series_of(body: bytes) -> Series:
    """What a body says of the tests' families, the exporter's own aside. Fails when a series is there twice."""
    found = [
        ((sample.name, frozenset(sample.labels.items())), sample.value)
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
        if sample.name.startswith("gitops_test_")
    ]
    twice = [series for series, times in Counter(name for name, _ in found).items() if times > 1]
    assert not twice, twice
    return dict(found)


def expected(states: Mapping[Key, ApplicationState], *metrics: Metric[ApplicationState]) -> Series:
    """What a body should say of these objects."""
    return {
        (metric.name, frozenset((*identity(state), *zip(metric.labels, values, strict=True)))): float(value)
        for metric in metrics
        for state in states.values()
        for values, value in metric.samples(state)
    }


def gunzipped(pieces: Sequence[bytes | memoryview]) -> bytes:
    """What one gzip member holds. Fails when there is more than one, or less."""
    inflater = zlib.decompressobj(wbits=31)
    text = inflater.decompress(b"".join(pieces))
    assert inflater.eof
    assert not inflater.unused_data
    return text
