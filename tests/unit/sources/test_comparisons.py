"""What the text of an Application says of its comparison, and what a reader makes of it."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from copy import copy
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.model.application import Application, Key
from observability.model.observation import Compared, Gone, Kind, Malformed, Observation, Scope, Seen
from observability.sources.applications import decode_application
from observability.sources.argocd import ARGOCD
from observability.sources.comparisons import comparison
from observability.sources.engine import Comparison, Problems
from observability.sources.reader import Cursor, Reader
from tests.replay import FOLDER, TOPICS, lines

SCOPE: Final = Scope(Kind.APPLICATION)
SHOP: Final = Key("argocd", "shop-prod")
FIRST: Final = "2026-11-23T07:30:00Z"
LATER: Final = "2026-11-23T07:33:00Z"
SECONDS: Final = 180.0


def shop(version: int = 5, at: str = FIRST, **metadata: Any) -> dict[str, Any]:
    """An Application as the API server writes it, all but the order of what `metadata` adds."""
    managed = {"manager": "argocd-application-controller", "operation": "Update", "time": at}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            **metadata,
            "creationTimestamp": "2026-11-01T00:00:00Z",
            "generation": version + 10,
            "labels": {"env": "prod"},
            "managedFields": [{"fieldsV1": {"f:status": {"f:reconciledAt": {}}}, **managed}],
            "name": SHOP.name,
            "namespace": SHOP.namespace,
            "resourceVersion": str(version),
            "uid": "0ca8fab1",
        },
        "spec": {"destination": {"name": "here"}, "source": {"repoURL": "https://git.example.com/a", "path": "."}},
        "status": {"health": {"status": "Healthy"}, "reconciledAt": at, "sync": {"status": "Synced"}},
    }


def text(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def line(document: dict[str, Any], type_: str = "MODIFIED") -> bytes:
    return b'{"type":"%s","object":%s}' % (type_.encode(), text(document))


def told(*documents: dict[str, Any]) -> list[Observation]:
    """What a reader says of them, one after the other."""
    return list(Reader(SCOPE, ARGOCD.kinds[0], Cursor("1", "")).lines(map(line, documents), 1.0))


def kinds(*documents: dict[str, Any]) -> list[type]:
    return [type(observation) for observation in told(*documents)]


def rest(document: dict[str, Any]) -> int:
    found = comparison(text(document))
    assert found is not None
    return found.rest


def test_what_moves_with_a_comparison_is_told() -> None:
    found = comparison(text(shop(7, LATER)))
    before = comparison(text(shop(5)))
    assert found is not None
    assert before is not None
    assert (found.key, found.resource_version, found.reconciled_at - before.reconciled_at) == (SHOP, "7", SECONDS)
    assert found.rest == before.rest


def test_who_is_compared_again_is_not_read_again() -> None:
    seen, compared = told(shop(5), shop(7, LATER))
    assert isinstance(seen, Seen)
    assert isinstance(seen.object, Application)
    assert compared == Compared(SCOPE, SHOP, "7", (seen.object.reconciled_at or 0.0) + SECONDS, 1.0)


def test_what_was_before_the_last_change_is_another_one() -> None:
    healthy, ill = shop(5), shop(6)
    ill["status"]["health"]["status"] = "Degraded"
    assert kinds(healthy, ill, shop(7), shop(8)) == [Seen, Seen, Seen, Compared]


def test_who_is_gone_is_read_anew() -> None:
    reader = Reader(SCOPE, ARGOCD.kinds[0], Cursor("1", ""))
    events = [line(shop(5)), line(shop(6), "DELETED"), line(shop(7), "ADDED"), line(shop(8))]
    assert list(map(type, reader.lines(events, 1.0))) == [Seen, Gone, Seen, Compared]


def test_a_list_is_read_whatever_was_known() -> None:
    cursor = Cursor("1", "")
    reader = Reader(SCOPE, ARGOCD.kinds[0], cursor)
    assert list(map(type, reader.lines([line(shop(5)), line(shop(6))], 1.0))) == [Seen, Compared]
    cursor.version = None
    cursor.listing(SCOPE)
    assert list(map(type, reader.lines([line(shop(6), "ADDED"), line(shop(6), "ADDED")], 1.0))) == [Seen, Compared]


def test_what_cannot_be_read_is_told_each_time() -> None:
    bad = [shop(version) for version in (5, 6)]
    for document in bad:
        document["status"]["sync"]["status"] = "Sometimes"
    assert kinds(*bad) == [Seen, Malformed, Seen, Malformed]


def test_a_field_of_that_name_elsewhere_is_not_taken_for_it() -> None:
    documents = [shop(version) for version in (5, 6, 7)]
    for number, document in enumerate(documents):
        del document["status"]["reconciledAt"]
        document["spec"]["source"]["helm"] = {"valuesObject": {"reconciledAt": f"2026-11-23T07:30:0{number}Z"}}
    assert kinds(*documents) == [Seen, Seen, Seen]


def test_values_that_look_like_metadata_are_not_taken_for_it() -> None:
    documents = [shop(version) for version in (5, 6)]
    for number, document in enumerate(documents):
        del document["metadata"]["generation"]
        document["spec"]["source"]["helm"] = {
            "valuesObject": {"generation": number, "resourceVersion": "5", "uid": "0"}
        }
    assert kinds(*documents) == [Seen, Seen]


@pytest.mark.parametrize(
    "odd",
    [
        {"annotations": {"name": "x", "namespace": "y"}},
        {"annotations": {"generation": "7"}},
        {"annotations": {"resourceVersion": "7", "uid": "7"}},
        {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"status":{"reconciledAt":""}}'}},
    ],
)
def test_annotations_are_not_taken_for_metadata(odd: dict[str, Any]) -> None:
    assert Malformed not in kinds(shop(5, **odd), shop(6, LATER, **odd))
    *_, last = told(shop(5, **odd), shop(6, LATER, **odd))
    found = last.object if isinstance(last, Seen) else last
    assert isinstance(found, Application | Compared)
    assert (found.key, found.resource_version) == (SHOP, "6")
    others = shop(6, LATER, annotations={name: value + "." for name, value in odd["annotations"].items()})
    assert kinds(shop(5, **odd), others) == [Seen, Seen]


@pytest.mark.parametrize(
    "raw",
    [b"", b"{}", b"[]", b"null", text(shop())[:-200], b" " + text(shop()), json.dumps(shop()).encode()],
)
def test_what_is_not_in_that_form_has_to_be_read(raw: bytes) -> None:
    assert comparison(raw) is None


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _leaves(one, (*path, name))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _leaves(one, (*path, place))
    else:
        yield path


MOVES: Final = {("metadata", "generation"), ("metadata", "resourceVersion"), ("status", "reconciledAt")}
COUNTS: Final = [path for path in _leaves(shop()) if path not in MOVES and path[:2] != ("metadata", "managedFields")]


@pytest.mark.parametrize("path", COUNTS, ids=lambda path: ".".join(map(str, path)))
@given(other=st.text(min_size=1, max_size=40))
def test_whatever_else_is_another_one_is_seen(path: tuple[str, ...], other: str) -> None:
    document = shop()
    place = document
    for name in path[:-1]:
        place = place[name]
    if place[path[-1]] != other:
        place[path[-1]] = other
        found = comparison(text(document))
        assert found is None or found.rest != rest(shop())


def recorded() -> Iterator[bytes]:
    """Applications with managedFields, as the API server wrote them."""
    with gzip.open(FOLDER / "spec.full.ndjson.gz") as file:
        for event in file:
            if b'"resource":"applications"' in event and b'"type":"DELETED"' not in event and b"BOOKMARK" not in event:
                yield event[event.index(b'"object":') + len(b'"object":') : event.rindex(b"}")]


def played(topic: str) -> Iterator[bytes]:
    for event in lines(topic):
        if event.resource == "applications" and event.type != "DELETED":
            yield text(event.object)


def verdicts(documents: Iterator[bytes]) -> Counter[str]:
    """How often the text alone told what there was to tell; each time that it was wrong is an error."""
    known: dict[Key, tuple[Comparison, Application]] = {}
    found: Counter[str] = Counter()
    for raw in documents:
        problems: Problems = []
        application, said = decode_application(raw, problems), comparison(raw)
        assert not problems
        if said is None:
            found["read: never compared" if application.reconciled_at is None else "read"] += 1
            known.pop(application.key, None)
            continue
        assert said[:3] == (application.key, application.resource_version, application.reconciled_at)
        last = known.get(said.key)
        if last is not None and last[0].rest == said.rest:
            found["compared"] += 1
            assert _without_comparison(application) == _without_comparison(last[1])
        else:
            found["changed"] += 1
        known[said.key] = said, application
    return found


def _without_comparison(application: Application) -> Application:
    bare = copy(application)
    bare.resource_version, bare.reconciled_at, bare.history = "", None, tuple(bare.history)
    if bare.operation is not None:
        bare.operation = copy(bare.operation)
        bare.operation.resources = tuple(bare.operation.resources)
    return bare


def test_recorded_texts_with_managed_fields() -> None:
    found = verdicts(recorded())
    assert found == {"compared": 89, "changed": 109, "read: never compared": 5}


def test_recorded_texts() -> None:
    found = sum(map(verdicts, map(played, TOPICS)), Counter())
    assert found["read"] == 0
    assert found["compared"] > 0.35 * found.total()
