"""What travels between environments: whether something waits, and what happened on the way.

Written by `observability.state.promotion`, read by signals. Times in seconds since the epoch.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from observability.model.status import Result


class PromotionKey(StrEnum):
    """What is compared between two environments."""

    AUTO = "auto"
    """The revision where both read the same repository, path and target revision, else the images."""
    REVISION = "revision"
    IMAGES = "images"


class Pair(NamedTuple):
    """Two environments of a service, neighbours in the order of promotion; also the identity labels."""

    engine: str
    project: str
    service: str
    from_environment: str
    to_environment: str


class PromotionState(Struct, frozen=True, gc=False):
    """How two neighbouring environments of a service stand to each other.

    `pending`: the first has something that the second has not had yet; `pending_since` is when the oldest of it was
    deployed there. `revision_match` and `images_match`: both run the same; None while one of them is not known.
    """

    pair: Pair
    key: PromotionKey
    pending: bool = False
    pending_since: float | None = None
    revision_match: bool | None = None
    images_match: bool | None = None


class SyncMark(Struct, frozen=True, gc=False, array_like=True):
    """Which sync it was: the Application, and with `started_at` and `number` one of its operations (see `Run`)."""

    namespace: str
    name: str
    uid: str
    started_at: float
    number: int = 0


class Journey(Struct, frozen=True, gc=False):
    """What travels through the environments of a service: `value` is revisions, one a source, or images.

    `number` tells those of one value apart. It counts how often that has set out (from 0): images come back after a
    `git revert`. Where older ones may be forgotten it begins with the second in which it set out.
    `created_at`: when the oldest Application of the service was created, as it set out; 0 when nobody knows. A service
    that died and was born again under its name is another one, and each replica can see that.
    """

    engine: str
    project: str
    service: str
    key: PromotionKey
    value: tuple[str, ...]
    number: int = 0
    created_at: float = 0.0


class Delivered(Struct, frozen=True, gc=False, kw_only=True):
    """An environment has it, or failed to: from the start of the first of `syncs` until Healthy or failed.

    `result`: success; failure when it became Degraded; cancellation when something newer came before it was Healthy;
    of a sync that did not succeed its own.
    """

    journey: Journey
    environment: str
    started_at: float
    ended_at: float
    result: Result
    message: str = ""
    syncs: tuple[SyncMark, ...] = ()
    revision: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    observed_at: float = 0.0
    catch_up: bool = False


class Arrived(Struct, frozen=True, gc=False, kw_only=True):
    """The journey is over: the last environment has it, or (`complete` false) no environment does any more."""

    journey: Journey
    started_at: float
    ended_at: float
    complete: bool
    environments: tuple[str, ...] = ()
    """Those that had it successfully, in the order in which they did."""


class Promoted(Struct, frozen=True, gc=False, kw_only=True):
    """What was deployed in one environment at `deployed_at` is deployed and Healthy in a later one at `at`."""

    pair: Pair
    key: PromotionKey
    value: tuple[str, ...]
    deployed_at: float
    at: float
    observed_at: float
    catch_up: bool = False


Happening: TypeAlias = Delivered | Arrived | Promoted


class PromotionStep(NamedTuple):
    """What follows from some changes. `states`: None for a pair that is no more. `saved`: blobs by name, None: gone."""

    states: dict[Pair, PromotionState | None]
    happenings: Sequence[Happening]
    saved: dict[str, bytes | None]
