"""The store keeps one resourceVersion for all, and a ring of events that forgets."""

import pytest

from observability.demo.objects import Literal
from observability.demo.store import Expired, Store


def project(name: str, description: str = "") -> Literal:
    return Literal({"metadata": {"name": name, "namespace": "argocd"}, "spec": {"description": description}})


KEY = ("argocd", "shop")


def test_each_change_has_a_resource_version_of_its_own() -> None:
    store = Store(first=7)
    store.put("appprojects", project("shop"))
    store.put("appprojects", project("shop", "changed"))
    store.delete("appprojects", KEY)

    events = store.shelves["appprojects"].since(0, 10)
    assert [(event.type, event.resource_version) for event in events] == [
        ("ADDED", 8),
        ("MODIFIED", 9),
        ("DELETED", 10),
    ]
    assert events[2].record == project("shop", "changed")
    assert store.get("appprojects", KEY) is None


def test_deleting_what_is_not_there_is_no_event() -> None:
    store = Store(first=7)
    store.delete("appprojects", KEY)

    assert store.resource_version == 7


def test_a_position_is_the_first_event_after_a_resource_version() -> None:
    store = Store(first=0)
    for number in range(5):
        store.put("appprojects", project(f"p{number}"))
        store.put("applicationsets", project("other"))
    shelf = store.shelves["appprojects"]

    assert [shelf.position(version) for version in (0, 1, 2, 3, 9, 10, 99)] == [0, 1, 1, 2, 5, 5, 5]


def test_a_full_ring_forgets_the_oldest() -> None:
    store = Store(ring=3, first=0)
    for number in range(8):
        store.put("appprojects", project(f"p{number}"))
    shelf = store.shelves["appprojects"]

    assert [event.resource_version for event in shelf.since(5, 10)] == [6, 7, 8]
    assert shelf.position(5) == 5
    with pytest.raises(Expired):
        shelf.position(4)
    with pytest.raises(Expired):
        shelf.since(4, 10)


def test_a_compaction_makes_older_versions_too_old_and_the_ring_goes_on() -> None:
    store = Store(ring=3, first=0)
    for number in range(2):
        store.put("appprojects", project(f"p{number}"))
    store.compact()
    for number in range(7):
        store.put("appprojects", project(f"q{number}"))
        shelf = store.shelves["appprojects"]
        assert shelf.since(shelf.head - 1, 5)[0].record == project(f"q{number}")

    with pytest.raises(Expired):
        store.shelves["appprojects"].position(1)
    assert store.shelves["appprojects"].floor == 6


def test_loaded_objects_are_no_events_and_versions_before_them_are_too_old() -> None:
    store = Store(first=0)
    store.load("appprojects", [project("b"), project("a")])
    shelf = store.shelves["appprojects"]

    assert shelf.head == 0
    assert store.snapshot("appprojects").keys == [("argocd", "a"), ("argocd", "b")]
    with pytest.raises(Expired):
        shelf.position(1)


def test_a_snapshot_stays_as_it_was() -> None:
    store = Store()
    store.put("appprojects", project("shop"))
    snapshot = store.snapshot("appprojects")
    store.put("appprojects", project("shop", "changed"))
    store.put("appprojects", project("another"))

    assert [entry.record for entry in snapshot.entries] == [project("shop")]


def test_listeners_are_woken_by_each_event() -> None:
    store, heard = Store(), []
    store.shelves["appprojects"].listeners.add(lambda: heard.append(store.resource_version))
    store.put("appprojects", project("shop"))
    store.put("applicationsets", project("shop"))

    assert len(heard) == 1
