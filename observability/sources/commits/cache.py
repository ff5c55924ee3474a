"""What is known of commits, bounded, and as values that the journal keeps. Pure.

A commit never changes, so that what is known of it holds for ever; a tag that was moved keeps what it was first.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

import msgspec

from observability.model.commit import Commit
from observability.model.digests import digest

PREFIX: Final = "commits/"
"""What all names begin with."""
NAMES: Final = "commit-names"
"""The name of the value that says whether names of people may be shown as they are here: `PLAIN`, else not."""
PLAIN: Final = b"plain"
HASHED: Final = b"hashed"
VERSION: Final = 1
"""Of the form. It is another one when fields move."""

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Commit)


class Cache:
    """The `limit` commits that were used last, by repository and revision."""

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._commits: OrderedDict[tuple[str, str], Commit] = OrderedDict()

    def __len__(self) -> int:
        return len(self._commits)

    def get(self, repository: str, revision: str) -> Commit | None:
        """What is known; None: nothing."""
        found = self._commits.get((repository, revision))
        if found is not None:
            self._commits.move_to_end((repository, revision))
        return found

    def put(self, commit: Commit) -> dict[str, bytes | None]:
        """Keep it. Returns what the journal is to keep by name, and, as None, to forget."""
        self._commits[commit.repository, commit.revision] = commit
        self._commits.move_to_end((commit.repository, commit.revision))
        changes: dict[str, bytes | None] = {name_of(commit.repository, commit.revision): encoded(commit)}
        while len(self._commits) > self._limit:
            gone, _ = self._commits.popitem(last=False)
            changes[name_of(*gone)] = None
        return changes

    def restore(self, values: Mapping[str, bytes]) -> dict[str, bytes | None]:
        """Take what the journal kept, names of others aside.

        Returns, as None, what it may forget: what cannot be read, stands under a wrong name, or is too much.
        """
        forgotten: dict[str, bytes | None] = {}
        for name, data in values.items():
            if not name.startswith(PREFIX):
                continue
            try:
                commit = decoded(data)
            except ValueError:
                forgotten[name] = None
                continue
            if len(self._commits) >= self._limit or name != name_of(commit.repository, commit.revision):
                forgotten[name] = None
            else:
                self._commits[commit.repository, commit.revision] = commit
        return forgotten


def name_of(repository: str, revision: str) -> str:
    """`commits/` and a digest: repositories have secrets in odd places, and slashes."""
    return PREFIX + digest(f"{repository}\0{revision}", 16).hex()


def encoded(commit: Commit) -> bytes:
    """A byte with the version, and the commit as MessagePack."""
    return bytes((VERSION,)) + _ENCODER.encode(commit)


def decoded(data: bytes) -> Commit:
    """What `encoded` was given, exactly. Raises ValueError for anything else."""
    if data[:1] != bytes((VERSION,)):
        raise ValueError(f"expected a commit of version {VERSION}")
    return _DECODER.decode(data[1:])
