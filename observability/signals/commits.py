"""What a commit adds to a deployment: lead time, whether two pairs of eyes saw it, attributes. Pure."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from observability.model.commit import Commit, Signature
from observability.model.event import Attribute

_NOBODY: Final = frozenset({"admin"})
"""Accounts that do not tell who it was. Source: argo-cd docs/operator-manual/user-management: the built-in admin."""

_NO_REPLY: Final = re.compile(r"(?:\d+\+)?(.+)@users\.noreply\.github\.com")
"""Source: GitHub Docs, "Email addresses reference": ID+USERNAME@users.noreply.github.com, older ones without ID."""


def lead_time_seconds(commit: Commit | None, healthy_at: float) -> float | None:
    """From the author date until it was healthy (epoch seconds).

    None when the author date is unknown, or later than that: then some clock was wrong.
    """
    if commit is None or commit.authored_at is None or commit.authored_at > healthy_at:
        return None
    return healthy_at - commit.authored_at


def four_eyes(initiator: str | None, commit: Commit | None) -> bool | None:
    """Who synced is not who wrote the commit, as far as their names tell.

    `initiator` is the plain user name of who synced, None or empty when that was automated or is unknown. User names,
    e-mail addresses and the parts of them before the @ are compared, in any case of letters. None: it cannot be told,
    also when the built-in admin synced, who may be anybody.
    """
    who = set(_names(initiator)) if initiator else set()
    wrote = {*_names(commit.author_name), *_names(commit.author_email)} if commit is not None else set()
    return not who & wrote if who and wrote and not who & _NOBODY else None


def attributes(commit: Commit | None, hash: Callable[[str], str]) -> dict[str, Attribute]:
    """What an event says of a commit; without what is unknown, and empty without a commit.

    `hash` makes what is told of the name and the e-mail address of a person; it returns them as they are when they
    may be told. `gitops.commit.signed` is true when there is a signature that is not known to be bad.
    """
    if commit is None:
        return {}
    signature = commit.signature
    told: dict[str, Attribute | None] = {
        "gitops.commit.author.name": None if commit.author_name is None else hash(commit.author_name),
        "gitops.commit.author.email": None if commit.author_email is None else hash(commit.author_email),
        "gitops.commit.time_seconds": commit.authored_at,
        "gitops.commit.message": commit.message,
        "gitops.commit.signed": None if signature is None else signature in {Signature.GOOD, Signature.UNVERIFIED},
        "gitops.commit.signature": None if signature is None else str(signature),
    }
    return {name: value for name, value in told.items() if value is not None}


def _names(text: str | None) -> Iterator[str]:
    """All that somebody may go by."""
    name = (text or "").strip().casefold()
    local, at, _ = name.rpartition("@")
    user = _NO_REPLY.fullmatch(name)
    yield from (one for one in (name, local if at else "", user[1] if user else "") if one)
