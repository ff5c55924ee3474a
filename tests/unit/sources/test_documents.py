"""Objects that are wrong somewhere: what can be read is read, the rest is told, and nothing else is raised."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Final, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.errors import MalformedResource
from observability.model.application import Application
from observability.model.applicationset import ApplicationSet
from observability.model.project import Project, SyncWindow
from observability.model.status import HealthStatus, SyncStatus
from observability.sources.applications import decode_application
from observability.sources.engine import Problems
from observability.sources.groupings import decode_applicationset, decode_project
from tests.builders import APPLICATION_MANIFESTS, encoded, manifest
from tests.damage import JSON, LIKE_OURS, Path, damages, paths, put, text_of

Decode: TypeAlias = Callable[[bytes, Problems], Any]

DECODERS: Final[tuple[Decode, ...]] = (decode_application, decode_applicationset, decode_project)
MINIMAL: Final[dict[str, Any]] = {"metadata": {"name": "shop-prod"}}


def application(document: Any) -> tuple[Application, Problems]:
    """The facts, and what could not be read."""
    problems: Problems = []
    return decode_application(encoded(document), problems), problems


def minimal(**fields: Any) -> tuple[Application, Problems]:
    """An Application with a name, and these fields."""
    return application({**MINIMAL, **fields})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-23T12:00:00Z", 1_795_435_200.0),
        ("2026-11-23T13:00:00+01:00", 1_795_435_200.0),
        ("2026-11-23T12:00:00.123456789Z", 1_795_435_200.123456),
        ("0001-01-01T00:00:00Z", -62_135_596_800.0),
    ],
)
def test_times(text: str, seconds: float) -> None:
    facts, problems = minimal(status={"reconciledAt": text})
    assert facts.reconciled_at == pytest.approx(seconds)
    assert problems == []


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2026-11-23T12:00:00",
        "2026-13-23T12:00:00Z",
        "99999-01-01T00:00:00Z",
        "9" * 5000,
        "2026-11-23T12:00:00+99:00",
        "1795435200",
        "\u0662026-11-23T12:00:00Z",
    ],
)
def test_a_time_that_is_none_is_told_and_left_out(text: str) -> None:
    facts, problems = minimal(status={"reconciledAt": text, "sync": {"status": "Synced"}})
    assert facts.reconciled_at is None
    assert facts.sync is SyncStatus.SYNCED
    ((path, expected),) = problems
    assert path == "status.reconciledAt"
    assert "RFC3339" in expected or "timezone" in expected
    assert len(expected) < 120


TIMES: Final[tuple[Path, ...]] = (
    ("metadata", "creationTimestamp"),
    ("metadata", "deletionTimestamp"),
    ("metadata", "annotations", "gitops-observability/mute-until"),
    ("status", "health", "lastTransitionTime"),
    ("status", "reconciledAt"),
    ("status", "operationState", "startedAt"),
    ("status", "operationState", "finishedAt"),
    ("status", "history", 0, "deployedAt"),
    ("status", "history", 0, "deployStartedAt"),
    ("status", "sourceHydrator", "lastSuccessfulOperation", "finishedAt"),
)


@pytest.mark.parametrize("path", TIMES, ids=lambda path: ".".join(map(str, path)))
def test_each_bad_time_is_told_by_its_path(path: Path) -> None:
    _, problems = application(put(manifest("application-behind"), path, "tomorrow"))
    ((told, _),) = problems
    assert told.replace("[", ".").replace("]", "").split(".")[-1] == str(path[-1]).rsplit(".", maxsplit=1)[-1]


@pytest.mark.parametrize("word", ["synced", "Progressing", "💥", "x" * 100_000])
def test_unknown_words_are_unknown_and_told(word: str) -> None:
    facts, problems = minimal(
        status={"sync": {"status": word}, "health": {"status": word.lower()}, "operationState": {"phase": word.lower()}}
    )
    assert (facts.sync, facts.health) == (SyncStatus.UNKNOWN, HealthStatus.UNKNOWN)
    assert facts.operation is not None
    assert facts.operation.phase is None
    assert sorted(path for path, _ in problems) == [
        "status.health.status",
        "status.operationState.phase",
        "status.sync.status",
    ]
    assert all(len(expected) < 250 for _, expected in problems)


@pytest.mark.parametrize("word", ["", None])
def test_empty_words_are_unknown_and_nothing_is_wrong(word: str | None) -> None:
    facts, problems = minimal(
        status={"sync": {"status": word}, "health": {"status": word}, "operationState": {"phase": word}}
    )
    assert (facts.sync, facts.health) == (SyncStatus.UNKNOWN, HealthStatus.UNKNOWN)
    assert facts.operation is not None
    assert facts.operation.phase is None
    assert problems == []


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"", ""),
        (b"null", ""),
        (b"[]", ""),
        (b'"Application"', ""),
        (b"<!DOCTYPE html><title>Log in</title>", ""),
        (b'{"metadata":{"name":"a"}', ""),
        (b'{"metadata":{"name":"a"}}}', ""),
        (b'{"metadata":{"name":"a\xff"}}', ""),
        (b'{"metadata":{"name":"a"},"x":NaN}', ""),
        (b'{"metadata":{"name":"a"},"status":{"operationState":{"retryCount":NaN}}}', ""),
        (b'{"metadata":{"name":"a"},"spec":{"project":"\\ud800"}}', ""),
        (b'{"metadata":{"name":"a"},"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}", ""),
        (b'{"metadata":{"name":"a"},"status":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}", ""),
        (b"{}", "metadata.name"),
        (b'{"metadata":null}', "metadata.name"),
        (b'{"metadata":{"name":""}}', "metadata.name"),
        (b'{"metadata":{"name":null}}', "metadata.name"),
        (b'{"metadata":{"name":5}}', "metadata.name"),
        (b'{"metadata":{"name":"a"},"kind":"Deployment"}', "kind"),
    ],
)
def test_nothing_can_be_used(raw: bytes, path: str) -> None:
    with pytest.raises(MalformedResource) as caught:
        decode_application(raw, [])
    assert caught.value.path == path


def test_who_cannot_be_read_is_named() -> None:
    document = {"kind": "AppProject", "metadata": {"namespace": "argocd", "name": "shop"}}
    with pytest.raises(MalformedResource, match=r"^argocd/shop: kind: expected Application, got 'AppProject'$"):
        application(document)


@pytest.mark.parametrize("decode", [decode_application, decode_applicationset, decode_project])
@pytest.mark.parametrize("depth", [100, 300, 600, 900, 2_000])
@pytest.mark.parametrize("form", [b'{"a":%s}', b"[%s]"])
def test_what_is_nested_deeply_is_read_or_malformed(decode: Decode, depth: int, form: bytes) -> None:
    begin, end = form.split(b"%s")
    nested = begin * depth + b"1" + end * depth
    fields = b'{"source":{"helm":{"valuesObject":%s,"a":%s}},"generators":[{"list":%s}]}' % (nested, nested, nested)
    raw = b'{"metadata":{"name":"a"},"spec":%s,"status":{"sync":{"comparedTo":%s}}}' % (fields, fields)
    try:
        facts = decode(raw, [])
    except MalformedResource:
        assert depth > 200
    else:
        assert facts.name == "a"


def test_what_is_not_looked_at_may_be_anything() -> None:
    assert decode_application(b'{"metadata":{"name":"a"},"other":["\xff",1e999]}', []).name == "a"


def test_the_last_of_repeated_keys_counts() -> None:
    facts = decode_application(b'{"metadata":{"name":"a","name":"b"},"metadata":{"name":"c"}}', [])
    assert facts.name == "c"


def test_null_entries_are_told_and_the_others_count() -> None:
    entries = [None, {"id": 3, "revision": "a"}, None, {"id": 4, "revision": "b"}]
    facts, problems = minimal(status={"history": entries, "conditions": [{"type": "SyncError"}, None]})
    assert [entry.id for entry in facts.history] == [3, 4]
    assert [condition.type for condition in facts.conditions] == ["SyncError"]
    assert len(problems) == 3


@pytest.mark.parametrize("number", [2**53, 2**63 - 1, -(2**63)])
def test_integers_are_those_of_go(number: int) -> None:
    facts, problems = minimal(status={"history": [{"id": number}], "operationState": {"retryCount": number}})
    assert facts.history[0].id == number
    assert problems == []


@pytest.mark.parametrize("number", [2**63, 2**64, 2**100, -(2**70), 10**400])
def test_an_integer_that_go_does_not_have_is_told_and_left_out(number: int) -> None:
    facts, problems = minimal(
        status={
            "history": [{"id": number, "revision": "a"}],
            "operationState": {"retryCount": number, "operation": {"sync": {"autoHealAttemptsCount": number}}},
            "sync": {"status": "Synced"},
        },
        other=number,
    )
    assert (facts.sync, facts.history[0].id) == (SyncStatus.SYNCED, 0)
    assert {path for path, _ in problems} == {
        "status.history[0].id",
        "status.operationState.retryCount",
        "status.operationState.operation.sync.autoHealAttemptsCount",
    }


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"1" + b"0" * 5000])
def test_numbers_that_no_float_holds(number: bytes) -> None:
    raw = b'{"metadata":{"name":"a"},"status":{"operationState":{"retryCount":%s}}}' % number
    with_or_without_error(decode_application, raw)


def test_huge_texts_are_cut_or_carried_and_take_no_time() -> None:
    huge = "a-" * 500_000
    facts, _ = minimal(
        spec={"source": {"repoURL": f"{huge} ://", "targetRevision": huge}},
        status={"conditions": [{"type": "SyncError", "message": huge}], "operationState": {"message": huge}},
    )
    assert len(facts.conditions[0].message) <= 1024
    assert facts.operation is not None
    assert len(facts.operation.message) <= 1024


def test_wrong_types_are_told_and_the_rest_is_read() -> None:
    document = manifest("application-behind")
    document["status"]["health"] = "Healthy"
    document["status"]["history"][2]["id"] = "two"
    document["spec"]["syncPolicy"] = {"automated": "yes"}
    document["metadata"]["labels"] = ["a"]
    facts, problems = application(document)
    assert {path for path, _ in problems} == {
        "status.health",
        "status.history[2].id",
        "spec.syncPolicy.automated",
        "metadata.labels",
    }
    assert facts.health is HealthStatus.UNKNOWN
    assert (facts.labels, facts.automated) == ({}, False)
    assert [entry.id for entry in facts.history] == [0, 1, 0, 3, 4, 5, 6, 7, 8]
    assert facts.desired == application(manifest("application-behind"))[0].desired


def test_an_object_that_is_wrong_nearly_everywhere_is_given_up() -> None:
    entries = [{"id": "x"}] * 1000
    with pytest.raises(MalformedResource) as caught:
        application({"metadata": {"namespace": "argocd", "name": "a"}, "status": {"history": entries}})
    assert caught.value.key == "argocd/a"
    assert caught.value.path.startswith("status.history[")


def test_windows_that_are_wrong_keep_their_place() -> None:
    spec = {"syncWindows": [{"kind": "deny"}, None, {"kind": "allow", "schedule": "0 0 * * *"}]}
    facts = decode_project(encoded({**MINIMAL, "spec": spec}), [])
    assert facts.windows == (SyncWindow("deny"), SyncWindow(), SyncWindow("allow", "0 0 * * *"))


@pytest.mark.parametrize("step", ["first", "9" * 4000, "9" * 5000, 2**40, "1e3"])
def test_a_step_that_is_no_number_is_told(step: str | int) -> None:
    problems: Problems = []
    steps = [{"application": "a", "step": step}, {"application": "b", "step": 2}, {"application": "c"}]
    facts = decode_applicationset(encoded({**MINIMAL, "status": {"applicationStatus": steps}}), problems)
    assert [step.step for step in facts.steps] == [0, 2, 0]
    ((path, expected),) = problems
    assert path == "status.applicationStatus[].step"
    assert len(expected) < 120


@given(raw=st.binary() | JSON.map(text_of) | LIKE_OURS.map(text_of), decode=st.sampled_from(DECODERS))
def test_anything_is_read_or_malformed(raw: bytes, decode: Decode) -> None:
    with_or_without_error(decode, raw)


@given(document=LIKE_OURS, decode=st.sampled_from(DECODERS))
def test_anything_with_a_name_is_read_or_malformed(document: object, decode: Decode) -> None:
    raw = text_of({"metadata": {"name": "a"}, "spec": document, "status": document, "operation": document})
    with_or_without_error(decode, raw)


def with_or_without_error(decode: Decode, raw: bytes) -> Any:
    problems: Problems = []
    try:
        facts = decode(raw, problems)
    except MalformedResource:
        return None
    assert isinstance(facts, Application | ApplicationSet | Project)
    assert facts.name
    return facts


ORIGINS: Final[Mapping[str, tuple[Path, ...]]] = {
    "namespace": (("metadata", "namespace"),),
    "name": (("metadata", "name"),),
    "uid": (("metadata", "uid"),),
    "resource_version": (("metadata", "resourceVersion"),),
    "created_at": (("metadata", "creationTimestamp"),),
    "deleted_at": (("metadata", "deletionTimestamp"),),
    "labels": (("metadata", "labels"),),
    "applicationset": (("metadata", "ownerReferences"),),
    "skip_reconcile": (("metadata", "annotations"),),
    "muted_until": (("metadata", "annotations"),),
    "controller_namespace": (("status", "controllerNamespace"),),
    "project": (("spec", "project"),),
    "destination": (("spec", "destination"),),
    "sources": (("spec", "source"), ("spec", "sources"), ("spec", "sourceHydrator")),
    "sources_digest": (("spec", "source"), ("spec", "sources"), ("spec", "sourceHydrator")),
    "automated": (("spec", "syncPolicy", "automated"),),
    "self_heal": (("spec", "syncPolicy", "automated"),),
    "prune": (("spec", "syncPolicy", "automated"),),
    "options": (("spec", "syncPolicy", "syncOptions"),),
    "parameter_overrides": (("spec", "source"), ("spec", "sources"), ("spec", "sourceHydrator")),
    "sync": (("status", "sync", "status"),),
    "desired": (
        ("status", "sync", "revision"),
        ("status", "sync", "revisions"),
        ("status", "sync", "comparedTo"),
    ),
    "health": (("status", "health", "status"),),
    "health_since": (("status", "health", "lastTransitionTime"),),
    "reconciled_at": (("status", "reconciledAt"),),
    "resources": (("status", "resources"),),
    "out_of_sync_resources": (("status", "resources"),),
    "prune_only": (("status", "resources"),),
    "conditions": (("status", "conditions"),),
    "requested": (("operation",),),
    "asked": (("operation",), ("status", "operationState")),
    "operation": (("status", "operationState"),),
    "history": (("status", "history"),),
    "images": (("status", "summary"),),
    "hydrator": (("status", "sourceHydrator"),),
}
"""Where each fact of an Application comes from; nothing else has a say in it."""


def test_every_fact_has_an_origin() -> None:
    elsewhere = {"engine", "images_digest"}  # who decodes it says the one, the store makes the other of images
    assert set(ORIGINS) | elsewhere == set(Application.__struct_fields__)


def touches(path: Path, origin: Path) -> bool:
    """One of the two is inside the other."""
    shorter = min(len(path), len(origin))
    return path[:shorter] == origin[:shorter]


def told(app: Application, fact: str) -> Any:
    value = getattr(app, fact)
    return tuple(value) if fact == "history" else value


def assert_the_rest_is_read(name: str, path: Path, value: Any) -> None:
    """With `value` at `path`, all facts that come from elsewhere are as before."""
    before, _ = application(manifest(name))
    after = with_or_without_error(decode_application, text_of(put(manifest(name), path, value)))
    if after is None:
        assert path in {("kind",), ("metadata",), ("metadata", "name")}
        return
    for fact, origins in ORIGINS.items():
        if not any(touches(path, origin) for origin in origins):
            assert told(after, fact) == told(before, fact), fact


@given(damage=damages())
def test_whatever_stands_in_one_field_the_others_are_read(damage: tuple[str, Path, Any]) -> None:
    assert_the_rest_is_read(*damage)


@pytest.mark.parametrize("value", [None, True, 0, -1, 2**70, 1.5, "", "x", [], [None], [[]], {}, {"": {}}], ids=repr)
@pytest.mark.parametrize("name", ["application-behind", "application-self-healing", "application-generated"])
def test_in_every_field_every_kind_of_value(name: str, value: Any) -> None:
    for path in paths(manifest(name)):
        assert_the_rest_is_read(name, path, value)


@pytest.mark.parametrize("name", APPLICATION_MANIFESTS)
def test_any_field_may_be_missing_or_null(name: str) -> None:
    document = manifest(name)
    needed = {("metadata",), ("metadata", "name")}
    for path in paths(document):
        if path in needed or isinstance(path[-1], int):
            continue
        _, problems = application(put(document, path, None))
        inside_a_map = path[:2] in {("metadata", "labels"), ("metadata", "annotations")}
        assert problems == [] or (inside_a_map and len(path) > 2), path
        without = deepcopy(document)
        holder: Any = without
        for key in path[:-1]:
            holder = holder[key]
        del holder[path[-1]]
        assert application(without)[1] == []
