"""What a source of commits is, which revisions it may be asked for, and how the words of strangers are taken. Pure."""

import math
import re
from typing import Final, Protocol

from observability.model.application import Key
from observability.model.commit import Commit
from observability.sources import redaction

_LONGEST_NAME: Final = 256
"""Characters of a name or an e-mail address that are kept."""
_LONGEST_LINE: Final = 4 * redaction.LONGEST_MESSAGE
_TAGS_MAX: Final = 32

_SHA: Final = re.compile(r"[0-9a-fA-F]{7,64}")
_TAG: Final = re.compile(r"(?!.*(?:\.\.|//|/\.|\.lock(?:/|$)))[A-Za-z0-9_][A-Za-z0-9_.+/-]{0,254}(?<![./])")
"""Part of what `git check-ref-format` allows: nothing that an option, a range or a shell could begin with."""
_AUTHOR: Final = re.compile(r"([^<]*)<([^<>]*)>\s*")
_LATEST: Final = 253_402_300_800.0
"""The end of the year 9999."""


class CommitSource(Protocol):
    """Somebody who knows commits."""

    async def commit(self, application: Key, repository: str, revision: str, place: int = 0) -> Commit | None:
        """The commit `revision` of `repository`, from which `application` is; None: this source does not have it.

        `place` is that of the repository among the sources of the Application, from 0.

        Raises:
            Forbidden: it may not be asked about this Application.
            SourceError: it cannot tell now; it may another time.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def is_sha(revision: str) -> bool:
    """The revision is the hash of a commit, or its beginning."""
    return _SHA.fullmatch(revision) is not None


def is_askable(revision: str) -> bool:
    """The revision is a hash or the name of a tag. Digests of OCI artefacts are not, and have no commit."""
    return is_sha(revision) or _TAG.fullmatch(revision) is not None


def author(text: str) -> tuple[str | None, str | None]:
    """Name and e-mail address of `Jo Doe <jo@example.com>`; a text of another form is a name."""
    match = _AUTHOR.fullmatch(text[:_LONGEST_LINE])
    return (name(match[1]), name(match[2])) if match else (name(text), None)


def name(text: str) -> str | None:
    """A name or an e-mail address; None when it is empty."""
    return _printable(text)[:_LONGEST_NAME] or None


def first_line(text: str) -> str | None:
    """The first line of a message, redacted and cut; None when it is empty."""
    lines = text[:_LONGEST_LINE].strip().splitlines()
    return redaction.message(_printable(lines[0])) or None if lines else None


def tags(names: list[str]) -> tuple[str, ...]:
    """The names of tags in order, those that could be asked for, and not too many."""
    return tuple(sorted(name for name in names if _TAG.fullmatch(name)))[:_TAGS_MAX]


def instant(seconds: float) -> float | None:
    """Seconds since the epoch; None for what can be no author date: Git was not, or it is no number."""
    return seconds if math.isfinite(seconds) and 0 < seconds < _LATEST else None


def _printable(text: str) -> str:
    """Without what terminals and pages obey: control characters, changes of direction, halves of characters."""
    return " ".join("".join(one if one.isprintable() else " " for one in text[:_LONGEST_LINE]).split())
