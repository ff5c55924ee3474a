"""Whether who deployed something also wrote it: two pairs of eyes, as far as names tell. Pure.

Who wrote a commit is not in the Kubernetes API. It is learned later, or never; until then there is no verdict.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from observability.model.application import HistoryEntry, Source
from observability.model.commit import Commit
from observability.model.state import Memory, Run

_NOBODY: Final = frozenset({"admin"})
"""Accounts that do not tell who it was. Source: argo-cd docs/operator-manual/user-management: the built-in admin."""

_NO_REPLY: Final = re.compile(r"(?:\d+\+)?(.+)@users\.noreply\.github\.com")
"""Source: GitHub Docs, "Email addresses reference": ID+USERNAME@users.noreply.github.com, older ones without ID."""


def four_eyes(initiator: str | None, commit: Commit | None) -> bool | None:
    """Who synced is not who wrote the commit, as far as their names tell.

    `initiator` is the plain user name of who synced, None or empty when that was automated or is unknown. User names,
    e-mail addresses and the parts of them before the @ are compared, in any case of letters. None: it cannot be told,
    also when the built-in admin synced, who may be anybody.
    """
    who = set(_names(initiator)) if initiator else set()
    wrote = {*_names(commit.author_name), *_names(commit.author_email)} if commit is not None else set()
    return not who & wrote if who and wrote and not who & _NOBODY else None


def deployed(memory: Memory, entry: HistoryEntry) -> None:
    """`entry` deployed something else: the verdict on what was deployed before says nothing of it."""
    memory.four_eyes = None
    memory.deployer = "" if entry.automated else _told(entry.username or _initiator(memory.run, entry))


def learned(memory: Memory, sources: Sequence[Source], commit: Commit) -> Memory:
    """The memory once a commit is known. The same object when that is not what waits for a verdict.

    `sources` are those of the Application: the commit is of one of them, at the revision that is deployed.
    """
    if not memory.deployer or memory.deployed is None:
        return memory
    pairs = zip(sources, memory.deployed.revisions, strict=False)
    if all((source.repository, revision) != (commit.repository, commit.revision) for source, revision in pairs):
        return memory
    return replace(memory, four_eyes=four_eyes(memory.deployer, commit), deployer="")


def verdict(memory: Memory, commit: Commit | None) -> bool | None:
    """What is, or will be, believed of what is deployed with this commit; None: it cannot be told."""
    return four_eyes(memory.deployer, commit) if memory.deployer else memory.four_eyes


def _initiator(run: Run | None, entry: HistoryEntry) -> str:
    """Older versions of Argo CD leave the user out of the history: who began the sync of the same revision."""
    if run is None or run.automated or run.target.revisions != entry.target.revisions:
        return ""
    return run.initiator


def _told(name: str) -> str:
    return "" if name.strip().casefold() in _NOBODY else name


def _names(text: str | None) -> Iterator[str]:
    """All that somebody may go by."""
    name = (text or "").strip().casefold()
    local, at, _ = name.rpartition("@")
    user = _NO_REPLY.fullmatch(name)
    yield from (one for one in (name, local if at else "", user[1] if user else "") if one)
