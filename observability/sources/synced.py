"""What a sync did to each resource, from its JSON to the model, once somebody looks. Pure.

Source: argo-cd pkg/apis/application/v1alpha1/types.go, type ResourceResult (3.6-dev).
"""

from collections.abc import Iterator, Sequence
from typing import Final, overload

import msgspec
from msgspec import Raw

from observability.model.application import SyncedResource
from observability.sources import redaction, wire

_ENTRIES: Final = msgspec.json.Decoder(list[Raw])
_SYNCED: Final = msgspec.json.Decoder(wire.SyncedResource)


class Synced(Sequence[SyncedResource]):
    """What a sync did to each resource, built when it is looked at. What cannot be read of it is left out."""

    __slots__ = ("_built", "_raw")

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        self._built: tuple[SyncedResource, ...] | None = None

    def __len__(self) -> int:
        return len(self._whole())

    @overload
    def __getitem__(self, place: int) -> SyncedResource: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[SyncedResource, ...]: ...
    def __getitem__(self, place: int | slice) -> SyncedResource | tuple[SyncedResource, ...]:
        return self._whole()[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._whole() == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # as that of a list

    def _whole(self) -> tuple[SyncedResource, ...]:
        if self._built is None:
            self._built = tuple(_synced(self._raw))
        return self._built


def _synced(raw: Raw) -> Iterator[SyncedResource]:
    try:
        entries = _ENTRIES.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    for entry in entries:
        try:
            one = _SYNCED.decode(entry)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        yield SyncedResource(
            one.group or "",
            one.kind or "",
            one.namespace or "",
            one.name or "",
            one.status or "",
            one.sync_phase or "",
            one.hook_type or "",
            one.hook_phase or "",
            redaction.message(one.message or ""),
        )
