"""A commit, as far as anybody told us: who wrote it, when, and what they said."""

from enum import StrEnum

from msgspec import Struct


class Signature(StrEnum):
    """What is known of the signature of a commit."""

    NONE = "none"
    UNVERIFIED = "unverified"
    """There is one, and nobody checked it, or the key is unknown."""
    GOOD = "good"
    BAD = "bad"


class Commit(Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """One revision of a repository. None is for what was not told.

    `revision` is as it was asked for. `authored_at` is the author date in seconds since the epoch. `message` is the
    first line, redacted and cut. `tags` are those that pointed at it when it was asked for.
    """

    repository: str
    revision: str
    author_name: str | None = None
    author_email: str | None = None
    authored_at: float | None = None
    message: str | None = None
    signature: Signature | None = None
    tags: tuple[str, ...] = ()
