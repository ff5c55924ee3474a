"""What a `source` or `sources` of an Application says: where from, whether it carries values of its own, and a digest.

Sources carry secrets. Only what is named in `observability.model.application.Source` leaves here; of the rest it can be
told whether it equals that of another, and no more. Pure.
Source: argo-cd pkg/apis/application/v1alpha1/types.go, type ApplicationSource (3.6-dev).
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from sys import intern
from typing import Any, Final

import msgspec
from msgspec import Struct

from observability.model.application import Source
from observability.sources import redaction, wire

_ABSENT: Final = (b"", b"null")
_ONE: Final = msgspec.json.Decoder(dict[str, Any])
_SEVERAL: Final = msgspec.json.Decoder(list[dict[str, Any]])
_FIELDS: Final = ("repoURL", "path", "chart", "targetRevision")
_PLAIN_FIELDS: Final = frozenset(_FIELDS)
_OVERRIDES: Final = (
    ("helm", ("parameters", "values", "valuesObject")),
    ("kustomize", ("images", "replicas", "patches")),
    ("plugin", ("parameters", "env")),
    ("directory", ("jsonnet",)),
)
"""Where a source carries values that its repository does not."""
_VALUES: Final = "valuesObject"
_REMEMBERED: Final = 4096
_REMEMBERED_BYTES_MAX: Final = 8 * 2**10
"""A longer source is read each time: it would be kept whole, up to a megabyte of it, secrets and all."""


class Origins(Struct, frozen=True):
    """The sources of one object. `digest` is 0 for none; `readable` is false when they are no JSON objects."""

    digest: int = 0
    sources: tuple[Source, ...] = ()
    overridden: bool = False
    readable: bool = True


def origins(sourced: wire.Sourced) -> Origins:
    """What the sources of a spec, a comparison, an operation or an entry of the history say."""
    one, several = bytes(sourced.source), b"" if sourced.sources is wire.NOTHING else bytes(sourced.sources)
    return _read(one, several) if len(one) + len(several) > _REMEMBERED_BYTES_MAX else _remembered(one, several)


def hydrated(hydrator: wire.SourceHydrator) -> Origins:
    """What a hydrated Application syncs from (`GetSource` in types.go): the dry repository at the branch to sync."""
    source, branch = hydrator.dry_source or wire.DrySource(), hydrator.sync_source or wire.SyncSource()
    return _told([_pruned({"repoURL": source.repository, "path": branch.path, "targetRevision": branch.target_branch})])


def is_present(raw: msgspec.Raw) -> bool:
    """The field is there and not null."""
    return bytes(raw) not in _ABSENT


class _Plain(msgspec.Struct, gc=False, forbid_unknown_fields=True, rename={"repository": "repoURL"}):
    """A source with nothing but these, as most are."""

    repository: str = ""
    path: str = ""
    chart: str = ""
    target_revision: str = msgspec.field(default="", name="targetRevision")


_PLAIN: Final = msgspec.json.Decoder(_Plain)


def _read(one: bytes, several: bytes) -> Origins:
    """What `source` and `sources` say.

    `sources` counts when it has any, else `source` (`HasMultipleSources` in types.go); beside `sources` Argo CD writes
    a `source` with nothing but an empty repoURL.
    """
    try:
        if several in _ABSENT and one not in _ABSENT:
            plain = _PLAIN.decode(one)
            return _told_plainly(plain.repository, plain.path, plain.chart, plain.target_revision)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        entries = [_pruned(entry) for entry in _SEVERAL.decode(several)] if several not in _ABSENT else []
        if not entries and one not in _ABSENT:
            entries = [_pruned(_ONE.decode(one))]
        return _told([entry for entry in entries if entry])
    except (msgspec.DecodeError, RecursionError):
        return Origins(readable=False)


@lru_cache(maxsize=_REMEMBERED)
def _remembered(one: bytes, several: bytes) -> Origins:
    """The same: what was compared, requested and deployed is mostly the same text within one object."""
    return _read(one, several)


def _told(entries: list[dict[str, Any]]) -> Origins:
    if not entries:
        return Origins()
    if len(entries) == 1 and entries[0].keys() <= _PLAIN_FIELDS:
        texts = [entries[0].get(name, "") for name in _FIELDS]
        if all(isinstance(text, str) for text in texts):
            return _told_plainly(*texts)
    text = msgspec.json.encode(entries, order="deterministic")
    return Origins(_digest(text), tuple(map(_source, entries)), any(map(_has_overrides, entries)))


def _told_plainly(repository: str, path: str, chart: str, target_revision: str) -> Origins:
    """Of one source that has no other field: the same by whichever way it was read."""
    if not (repository or path or chart or target_revision):
        return Origins()
    digest = _digest("\0".join((repository, path, chart, target_revision)).encode("utf-8", "surrogatepass"))
    return Origins(digest, (Source(redaction.url(repository), path, chart, intern(target_revision)),))


def _digest(text: bytes) -> int:
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") or 1


def _source(entry: Mapping[str, Any]) -> Source:
    texts = [text if isinstance(text := entry.get(name, ""), str) else "" for name in _FIELDS]
    return Source(redaction.url(texts[0]), texts[1], texts[2], intern(texts[3]))


def _has_overrides(entry: Mapping[str, Any]) -> bool:
    for tool, names in _OVERRIDES:
        values = entry.get(tool)
        if isinstance(values, dict) and any(name in values for name in names):
            return True
    return False


def _pruned(value: Any) -> Any:
    """Without empty fields, at any depth: Argo CD writes some of them in one place and leaves them out in another.

    Values are kept as they are: in them an empty field, `false` or 0 says something.
    """
    if isinstance(value, dict):
        pruned = {
            name: _pruned(field) if isinstance(field, dict | list) and name != _VALUES else field
            for name, field in value.items()
        }
        return pruned if all(pruned.values()) else {name: field for name, field in pruned.items() if field}
    if isinstance(value, list):
        return [_pruned(entry) for entry in value]
    return value
