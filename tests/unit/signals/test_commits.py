"""What a commit adds to a deployment."""

from typing import Any

import pytest

from observability.model.commit import Commit, Signature
from observability.signals.commits import attributes
from tests.builders import NOON


def commit(**facts: Any) -> Commit:
    return Commit(repository="https://git.example.com/shop.git", revision="a" * 40, **facts)


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
