"""What a commit adds to a deployment."""

from typing import Any

import pytest

from observability.model.commit import Commit, Signature
from observability.signals.commits import attributes, lead_time_seconds
from tests.builders import NOON


def commit(**facts: Any) -> Commit:
    return Commit(repository="https://git.example.com/shop.git", revision="a" * 40, **facts)


def test_the_lead_time_is_from_the_author_date_until_it_is_healthy() -> None:
    assert lead_time_seconds(commit(authored_at=NOON - 3600.0), NOON) == 3600.0


@pytest.mark.parametrize("unknown", [None, commit(), commit(authored_at=NOON + 1.0)])
def test_there_is_no_lead_time_without_an_author_date_or_from_the_future(unknown: Commit | None) -> None:
    assert lead_time_seconds(unknown, NOON) is None


def test_attributes_say_what_is_known() -> None:
    known = commit(
        author_name="Jo Doe",
        author_email="jo@example.com",
        authored_at=NOON,
        message="Fix the price",
        signature=Signature.GOOD,
    )
    assert attributes(known, str) == {
        "gitops.commit.author.name": "Jo Doe",
        "gitops.commit.author.email": "jo@example.com",
        "gitops.commit.time_seconds": NOON,
        "gitops.commit.message": "Fix the price",
        "gitops.commit.signed": True,
        "gitops.commit.signature": "good",
    }


def test_what_is_missing_is_left_out() -> None:
    assert attributes(None, str) == {}
    assert attributes(commit(), str) == {}
    assert attributes(commit(message="Fix"), str) == {"gitops.commit.message": "Fix"}


def test_people_are_told_by_what_the_hash_makes_of_them() -> None:
    told = attributes(commit(author_name="Jo Doe", author_email="jo@example.com", message="Fix"), lambda _: "h1")
    assert told == {
        "gitops.commit.author.name": "h1",
        "gitops.commit.author.email": "h1",
        "gitops.commit.message": "Fix",
    }


@pytest.mark.parametrize(
    ("signature", "signed"),
    [(Signature.NONE, False), (Signature.BAD, False), (Signature.UNVERIFIED, True), (Signature.GOOD, True)],
)
def test_a_bad_signature_is_none(signature: Signature, signed: bool) -> None:
    told = attributes(commit(signature=signature), str)
    assert told == {"gitops.commit.signed": signed, "gitops.commit.signature": str(signature)}
