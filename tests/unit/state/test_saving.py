"""What is saved of a state is read back as it was; what is not readable is refused, and nothing else happens."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.errors import JournalError
from observability.model.application import Condition, Hydrator, Operation, SyncedResource, Target
from observability.model.applicationset import SetCondition, Step
from observability.model.observation import Kind
from observability.model.state import (
    ApplicationSetState,
    ApplicationState,
    Awaited,
    Drift,
    Identity,
    Lineage,
    Memory,
    ProjectState,
    Run,
    State,
    WindowState,
    WindowVerdict,
)
from observability.model.status import Cause, Phase, Policy, Result, SyncKind
from observability.state.saving import PUT_OFF_SECONDS, VERSION, UnreadableStateError, dumps, is_put_off, loads
from tests.builders import NOON, application, applicationset, entry, operation, project, state, window
from tests.replay import TOPICS, changes

texts = st.text(max_size=20)
times = st.floats(0, 4e9)
targets = st.builds(Target, st.lists(texts, max_size=3).map(tuple), st.integers(0, 2**64 - 1))
runs = st.builds(
    Run,
    kind=st.sampled_from(SyncKind),
    automated=st.booleans(),
    initiator=texts,
    requested_at=st.none() | times,
    started_at=st.none() | times,
    number=st.integers(0, 9),
    finished_at=st.none() | times,
    result=st.none() | st.sampled_from(Result),
    message=texts,
    blocked=st.booleans(),
    target=targets,
    queue_seconds=st.none() | times,
)
memories = st.builds(
    Memory,
    identity=st.builds(Identity, texts, texts, texts, texts, texts, texts),
    settled=st.none() | targets,
    deployed=st.none() | targets,
    deployed_id=st.integers(-1, 2**62),
    cause=st.none() | st.sampled_from(Cause),
    ended=st.none() | st.tuples(times, times),
    results=st.tuples(*[st.integers(0, 2**62)] * len(Result)),
    run=st.none() | runs,
    begun=st.none() | st.tuples(times, st.integers(0, 9)),
    drift=st.none() | st.builds(Drift, times, st.sampled_from(Cause), st.booleans()),
    degraded_since=st.none() | times,
    awaited=st.none()
    | st.builds(Awaited, st.integers(), targets, st.none() | times, st.none() | targets).filter(
        lambda awaited: abs(awaited.id) < 2**63
    ),
    healthy_at=st.none() | times,
    lineage=st.builds(Lineage, st.lists(st.integers(0, 2**64 - 1)).map(tuple), st.integers(-1, 9), st.integers(-1, 9)),
    reverted_id=st.integers(-1, 2**62),
)
applications = st.builds(
    application,
    labels=st.dictionaries(texts, texts, max_size=3),
    conditions=st.lists(st.builds(Condition, texts, texts, st.none() | times), max_size=2).map(tuple),
    operation=st.none() | st.builds(Operation, phase=st.none() | st.sampled_from(Phase), message=texts),
    history=st.just(()) | st.just((entry(3, "a"),)),
    images=st.lists(texts, max_size=3).map(tuple),
    hydrator=st.none() | st.builds(Hydrator, texts, st.none() | times),
    deleted_at=st.none() | times,
)
application_states = st.builds(
    ApplicationState,
    applications,
    memories,
    st.none() | st.builds(WindowVerdict, st.booleans(), st.booleans(), st.none() | times),
    st.lists(st.sampled_from(Policy), max_size=3).map(tuple),
)


@given(saved=application_states)
def test_what_was_saved_is_read_back(saved: ApplicationState) -> None:
    assert loads(Kind.APPLICATION, dumps(saved)) == saved


@pytest.mark.parametrize(
    ("kind", "saved"),
    [
        (
            Kind.APPLICATIONSET,
            ApplicationSetState(
                applicationset(
                    labels={"team": "shop"},
                    generators=("list",),
                    conditions=(SetCondition("ErrorOccurred", "True", "Bad", "no", NOON),),
                    steps=(Step("shop-dev", 1, "Healthy", NOON),),
                ),
                step=1,
                step_since=NOON,
            ),
        ),
        (Kind.PROJECT, ProjectState(project("shop", window(manual_sync=True)), (WindowState(True, NOON),))),
        (Kind.APPLICATION, state()),
    ],
)
def test_each_kind_is_read_back(kind: Kind, saved: State) -> None:
    assert loads(kind, dumps(saved)) == saved


@pytest.mark.parametrize("topic", TOPICS)
def test_each_recorded_state_is_read_back_without_what_the_store_lets_go_of(topic: str) -> None:
    for change in changes(topic):
        if change.after is None:
            continue
        read = loads(change.kind, dumps(change.after))
        if isinstance(read, ApplicationState) and isinstance(change.after, ApplicationState):
            assert read.memory == change.after.memory
            assert tuple(read.facts.history) == tuple(change.after.facts.history)[-1:]
            assert read.facts.operation is None or read.facts.operation.resources == ()
        else:
            assert read == change.after


def test_of_what_is_let_go_nothing_is_saved() -> None:
    hook = SyncedResource("batch", "Job", "shop", "migrate")
    whole = application(
        history=(entry(0, "a"), entry(1, "b")), operation=operation(resources=(hook,)), asked=operation()
    )
    slim = application(history=(entry(1, "b"),), operation=operation())
    assert loads(Kind.APPLICATION, dumps(state(whole))) == state(slim)
    assert len(whole.history) == 2, "what is saved stays as it is"


@given(data=st.binary(max_size=200))
def test_what_is_no_saved_state_is_refused(data: bytes) -> None:
    for kind in Kind:
        with pytest.raises(UnreadableStateError):
            loads(kind, data)
        with pytest.raises(UnreadableStateError):
            loads(kind, bytes([VERSION]) + data)


@given(saved=application_states, place=st.integers(0), byte=st.integers(0, 255))
def test_a_damaged_byte_is_refused_or_harmless(saved: ApplicationState, place: int, byte: int) -> None:
    data = bytearray(dumps(saved))
    data[place % len(data)] = byte
    try:
        read = loads(Kind.APPLICATION, bytes(data))
    except UnreadableStateError:
        return
    assert isinstance(read, ApplicationState)


@given(saved=application_states, length=st.integers(0))
def test_a_truncated_state_is_refused(saved: ApplicationState, length: int) -> None:
    data = dumps(saved)
    with pytest.raises(UnreadableStateError):
        loads(Kind.APPLICATION, data[: length % len(data)])


def test_another_version_is_refused_with_both_named() -> None:
    with pytest.raises(UnreadableStateError, match="a saved Application: expected version 1, got 2") as caught:
        loads(Kind.APPLICATION, b"\x02" + dumps(state())[1:])
    assert isinstance(caught.value, JournalError)
    assert isinstance(caught.value, ValueError)


def test_a_state_that_was_saved_without_the_newest_fields_is_read() -> None:
    """Fields that are left out have their defaults: those that are added later will."""
    assert b"lineage" not in dumps(state())
    read = loads(Kind.APPLICATION, dumps(state()))
    assert isinstance(read, ApplicationState)
    assert read.memory.lineage == Lineage()


def test_a_state_that_was_saved_with_a_field_that_is_no_more_is_read() -> None:
    """Verdicts of windows had the indexes of those that were active."""
    known = state(windows=WindowVerdict(can_sync_auto=False))
    front, document = dumps(known)[:1], msgspec.msgpack.decode(dumps(known)[1:])
    document["windows"]["active"] = [0, 2]
    read = loads(Kind.APPLICATION, front + msgspec.msgpack.encode(document))
    assert isinstance(read, ApplicationState)
    assert read.windows == WindowVerdict(can_sync_auto=False)


def test_a_state_is_small() -> None:
    """A hundred thousand of them are written when a large cluster is listed first."""
    sizes: list[int] = []
    for topic in TOPICS:
        last: dict[Any, State] = {
            change.key: change.after for change in changes(topic) if isinstance(change.after, ApplicationState)
        }
        sizes += [len(dumps(one)) for one in last.values()]
    assert sum(sizes) / len(sizes) < 2_048


def test_what_is_read_shares_what_is_equal() -> None:
    """As what is listed does: else a process that begins with a journal would need twice the memory."""
    *_, last = (one for one in changes(TOPICS[0]) if isinstance(one.after, ApplicationState) and one.after.memory.run)
    assert isinstance(last.after, ApplicationState)
    one, other = loads(Kind.APPLICATION, dumps(last.after)), loads(Kind.APPLICATION, dumps(last.after))
    assert isinstance(one, ApplicationState)
    assert isinstance(other, ApplicationState)
    run = one.memory.run
    assert run is not None
    assert run.started_at is one.facts.operation.started_at if one.facts.operation is not None else False
    assert run.target is one.memory.deployed
    assert one.facts.destination is other.facts.destination
    assert one.facts.sources is other.facts.sources
    assert one.facts.sources[0].repository is other.facts.sources[0].repository
    assert one.facts.labels is other.facts.labels


def test_another_kind_is_not_taken_for_an_application() -> None:
    for other in (ApplicationSetState(applicationset()), ProjectState(project())):
        with pytest.raises(UnreadableStateError):
            loads(Kind.APPLICATION, dumps(other))


def compared(at: float, memory: Memory | None = None, **facts: Any) -> ApplicationState:
    """An Application after a comparison; `memory` None: that of `REMEMBERED`."""
    return ApplicationState(application(reconciled_at=at, **facts), memory or REMEMBERED, None)


REMEMBERED = state(application()).memory
SLOT = next(at for at in range(int(NOON), int(NOON) + PUT_OFF_SECONDS) if is_put_off(compared(at), compared(at + 1)))


def test_a_comparison_that_found_nothing_is_put_off_but_not_for_ever() -> None:
    assert is_put_off(compared(SLOT), compared(SLOT + 1, resource_version="2"))
    assert not is_put_off(compared(SLOT), compared(SLOT + PUT_OFF_SECONDS))


def test_what_found_anything_is_saved() -> None:
    assert not is_put_off(compared(SLOT), compared(SLOT + 1, out_of_sync_resources=1))
    assert not is_put_off(compared(SLOT), compared(SLOT + 1, memory=msgspec.structs.replace(REMEMBERED, deployments=9)))
    assert not is_put_off(compared(SLOT), ProjectState(project()))
