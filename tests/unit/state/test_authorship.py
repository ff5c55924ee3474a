"""Whether who deployed something also wrote it."""

from typing import Any, Final

import pytest
from msgspec.structs import replace

from observability.model.application import HistoryEntry, Source, Target
from observability.model.commit import Commit
from observability.model.state import Memory, Run
from observability.model.status import SyncKind
from observability.state import authorship
from observability.state.authorship import four_eyes
from tests.builders import entry, memory, target

REPOSITORY: Final = "https://git.example.com/shop.git"
SOURCES: Final = (Source(REPOSITORY, "deploy", "", "main"),)


def commit(revision: str = "a", **facts: Any) -> Commit:
    return Commit(repository=REPOSITORY, revision=revision, **facts)


@pytest.mark.parametrize(
    ("initiator", "wrote"),
    [
        ("jo", {"author_name": "Jo"}),
        ("JO.DOE@example.com", {"author_email": "jo.doe@example.com"}),
        ("jo.doe", {"author_name": "Jo Doe", "author_email": "Jo.Doe@example.com"}),
        ("jo.doe@sso.example.com", {"author_name": "Jo Doe", "author_email": "jo.doe@example.com"}),
        ("jo@example.com", {"author_name": "jo"}),
        ("octojo", {"author_name": "Jo Doe", "author_email": "1234+octojo@users.noreply.github.com"}),
        ("octojo", {"author_name": "Jo Doe", "author_email": "octojo@users.noreply.github.com"}),
        ("Straße", {"author_name": "STRASSE"}),
    ],
)
def test_who_synced_what_they_wrote_was_alone(initiator: str, wrote: dict[str, str]) -> None:
    assert four_eyes(initiator, commit(**wrote)) is False


@pytest.mark.parametrize(
    ("initiator", "wrote"),
    [
        ("kim", {"author_name": "Jo Doe", "author_email": "jo.doe@example.com"}),
        ("kim@example.com", {"author_name": "Jo", "author_email": "jo@example.com"}),
        ("octojo", {"author_name": "Jo Doe", "author_email": "1234+octojo@example.com"}),
    ],
)
def test_who_synced_what_somebody_else_wrote_was_not_alone(initiator: str, wrote: dict[str, str]) -> None:
    assert four_eyes(initiator, commit(**wrote)) is True


@pytest.mark.parametrize(
    ("initiator", "known"),
    [
        (None, commit(author_name="Jo")),
        ("", commit(author_name="Jo")),
        ("jo", None),
        ("jo", commit()),
        ("jo", commit(author_name=" ")),
        ("admin", commit(author_name="Jo")),
        ("admin", commit(author_name="admin")),
    ],
)
def test_nothing_is_said_of_who_is_not_known(initiator: str | None, known: Commit | None) -> None:
    assert four_eyes(initiator, known) is None


def deployed(by: HistoryEntry, **known: Any) -> Memory:
    """What is remembered right after this entry of the history came."""
    now = memory(**{"deployed": by.target, **known})
    authorship.deployed(now, by)
    return now


def by_hand(name: str = "jo") -> HistoryEntry:
    return replace(entry(1, "a"), username=name)


@pytest.mark.parametrize(("author", "verdict"), [("jo", False), ("kim", True)])
def test_the_verdict_comes_with_the_commit(author: str, verdict: bool) -> None:
    before = deployed(by_hand(), four_eyes=not verdict)
    assert (before.four_eyes, before.deployer) == (None, "jo")
    known = commit(author_name=author)
    assert authorship.verdict(before, known) is verdict
    after = authorship.learned(before, SOURCES, known)
    assert (after.four_eyes, after.deployer) == (verdict, "")
    assert authorship.verdict(after, None) is verdict
    assert authorship.learned(after, SOURCES, known) is after
    assert (before.four_eyes, before.deployer) == (None, "jo")


@pytest.mark.parametrize("by", [replace(by_hand(), automated=True), by_hand("admin"), by_hand(" Admin"), by_hand("")])
def test_nobody_is_awaited_where_nobody_in_person_deployed(by: HistoryEntry) -> None:
    before = deployed(by, four_eyes=False, deployer="jo")
    assert (before.four_eyes, before.deployer) == (None, "")
    assert authorship.learned(before, SOURCES, commit(author_name="jo")) is before
    assert authorship.verdict(before, commit(author_name="jo")) is None


def test_a_commit_without_an_author_leaves_no_verdict_and_nobody_waiting() -> None:
    after = authorship.learned(deployed(by_hand()), SOURCES, commit())
    assert (after.four_eyes, after.deployer) == (None, "")


@pytest.mark.parametrize(
    "other",
    [
        commit("b", author_name="jo"),
        Commit(repository="https://git.example.com/other.git", revision="a", author_name="jo"),
    ],
)
def test_another_commit_says_nothing(other: Commit) -> None:
    before = deployed(by_hand())
    assert authorship.learned(before, SOURCES, other) is before


def test_the_commit_may_be_of_a_further_source() -> None:
    by = HistoryEntry(1, Target(("1.2.3", "a"), 1), username="jo")
    sources = (Source("https://charts.example.com", chart="redis"), *SOURCES)
    assert authorship.learned(deployed(by), sources, commit(author_name="jo")).four_eyes is False
    assert authorship.learned(deployed(by), sources[:1], commit(author_name="jo")).four_eyes is None


@pytest.mark.parametrize(
    ("run", "deployer"),
    [
        (Run(kind=SyncKind.MANUAL, automated=False, initiator="jo", target=target("a")), "jo"),
        (Run(kind=SyncKind.MANUAL, automated=False, initiator="jo", target=target("b")), ""),
        (Run(kind=SyncKind.AUTO, automated=True, initiator="jo", target=target("a")), ""),
        (None, ""),
    ],
)
def test_a_history_without_users_leaves_who_began_the_sync(run: Run | None, deployer: str) -> None:
    assert deployed(entry(1, "a"), run=run).deployer == deployer
