"""Who deployed by hand what they wrote, as it becomes known."""

import pytest
from msgspec.structs import replace

from observability.model.application import Application, Key
from observability.model.commit import Commit
from observability.model.observation import (
    Kind,
)
from observability.model.state import ApplicationState
from observability.model.status import Policy
from observability.settings.environments import Environment, Requirement, by_name
from observability.state import saving
from observability.state.store import Store
from tests.builders import (
    NOON,
    application,
    entry,
    seen,
    target,
)
from tests.stores import APPLICATIONS, HOUR, SHOP, known, watching


def wrote(author: str, revision: str = "b") -> Commit:
    return Commit(repository="https://git.example.com/shop.git", revision=revision, author_name=author)


def deployed_by(name: str, *, automated: bool = False) -> Application:
    by_hand = replace(entry(1, "b", NOON), username=name, automated=automated)
    return application(history=(entry(0, "a", NOON - HOUR), by_hand), desired=target("b"))


def four_eyes() -> Store:
    """A store that has seen `a`, and demands nothing else."""
    ignored = dict.fromkeys(Policy, Requirement.IGNORED)
    only = Environment(name="prod", policies={**ignored, Policy.FOUR_EYES: Requirement.REQUIRED})
    before = application(history=(entry(0, "a", NOON - HOUR),))
    return watching(before, environments=(only,), identity=(by_name((only,)),))


def test_who_deployed_what_they_wrote_violates_four_eyes_once_that_is_known() -> None:
    store = four_eyes()
    store.apply([seen(deployed_by("jo"), NOON)])
    assert known(store).violations == ()
    (change,) = store.learn(SHOP, wrote("Jo"), NOON + 5)
    assert (change.before, change.after, change.received_at) == (change.before, known(store), NOON + 5)
    assert known(store).violations == (Policy.FOUR_EYES,)
    assert store.learn(SHOP, wrote("Jo"), NOON + 6) == []
    store.apply([seen(replace(deployed_by("jo"), resource_version="9"), NOON + 7)])
    assert known(store).violations == (Policy.FOUR_EYES,)


@pytest.mark.parametrize(
    ("deployed", "commit"),
    [
        (deployed_by("kim"), wrote("jo")),
        (deployed_by("jo", automated=True), wrote("jo")),
        (deployed_by("admin"), wrote("admin")),
        (deployed_by("jo"), wrote("jo", "a")),
        (deployed_by("jo"), Commit(repository="https://git.example.com/shop.git", revision="b")),
    ],
)
def test_what_two_saw_or_nobody_can_tell_violates_nothing(deployed: Application, commit: Commit) -> None:
    store = four_eyes()
    store.apply([seen(deployed, NOON)])
    store.learn(SHOP, commit, NOON)
    assert known(store).violations == ()


def test_the_verdict_stands_until_something_else_is_deployed() -> None:
    store = four_eyes()
    store.apply([seen(deployed_by("jo"), NOON)])
    store.learn(SHOP, wrote("jo"), NOON)
    once = deployed_by("jo")
    same, other = (replace(entry(2 + n, revision, NOON), username="kim") for n, revision in enumerate("bc"))
    store.apply([seen(replace(once, history=(*once.history, same)), NOON + 60)])
    assert known(store).memory.deployed_id == same.id
    assert known(store).violations == (Policy.FOUR_EYES,)
    store.apply([seen(replace(once, history=(*once.history, same, other), desired=target("c")), NOON + 120)])
    assert known(store).violations == ()


def test_it_survives_a_restart_known_or_awaited() -> None:
    store = four_eyes()
    store.apply([seen(deployed_by("jo"), NOON)])
    awaited = saving.loads(Kind.APPLICATION, saving.dumps(known(store)))
    again = four_eyes()
    again.restore([awaited], {APPLICATIONS: NOON})
    assert again.learn(SHOP, wrote("jo"), NOON + 60)
    violated = saving.loads(Kind.APPLICATION, saving.dumps(known(again)))
    assert isinstance(violated, ApplicationState)
    assert violated.violations == (Policy.FOUR_EYES,)
    assert "jo" not in str(violated.memory.deployer)


def test_what_was_deployed_before_it_was_first_seen_is_not_judged() -> None:
    store = watching(deployed_by("jo"))
    assert store.learn(SHOP, wrote("jo"), NOON) == []
    assert store.learn(Key("argocd", "nobody"), wrote("jo"), NOON) == []
