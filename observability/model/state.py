"""What the state believes of each object: its facts, what is remembered of it, and the judgement.

Written by `observability.state`, read by signals and by the command `explain`.
"""

from typing import NamedTuple, TypeAlias

from msgspec import Struct

from observability.model.application import Application, Key, Target
from observability.model.applicationset import ApplicationSet
from observability.model.observation import Kind
from observability.model.project import Project
from observability.model.status import Cause, HealthStatus, Policy, Result, SyncKind, SyncStatus


class Identity(NamedTuple):
    """The labels that each series of an Application carries, in this order; fixed while the Application lives."""

    engine: str
    application_namespace: str
    application: str
    project: str
    environment: str
    service: str


class WindowVerdict(Struct, frozen=True, omit_defaults=True):
    """What the sync windows of its project say to an Application at one instant.

    With an `error` both answers are no. `*_changes_at`: when that answer changes next; None when not within 35 days.
    """

    can_sync_auto: bool = True
    can_sync_manual: bool = True
    auto_changes_at: float | None = None
    manual_changes_at: float | None = None
    error: str | None = None


class Run(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One sync operation, from when it was asked for until it ended. Times in seconds since the epoch.

    With `started_at`, whole seconds, its `number` among those of the same Application that began in that second (from
    0) tells it from all others. `result` and `finished_at` are None while it is on its way.
    """

    kind: SyncKind
    automated: bool
    initiator: str = ""
    requested_at: float | None = None
    """When `.operation` was seen to appear; None when that was not seen."""
    started_at: float | None = None
    """`status.operationState.startedAt`; None while it is only requested."""
    number: int = 0
    finished_at: float | None = None
    result: Result | None = None
    message: str = ""
    retries: int = 0
    blocked: bool = False
    """A sync window was seen to hold it back."""
    dry_run: bool = False
    target: Target = Target()
    """What it was asked to sync, or did sync once that is known."""
    queue_seconds: float | None = None
    """From when it was asked for until it began; None when it was not seen to be asked for, and before it began."""


class Drift(Struct, frozen=True, gc=False, array_like=True):
    """The cluster differs from what Git wants although nothing is pending, from `detected_at` until it ends.

    `cause`: that of its beginning. `witnessed`: its beginning was seen to happen.
    """

    detected_at: float
    cause: Cause
    witnessed: bool = True
    version: str = ""
    """The resourceVersion at which it was detected: unlike the time, it is the same for whoever watches."""


class Awaited(Struct, frozen=True, gc=False, array_like=True):
    """A deployment that is not yet healthy: `id` of its history entry, and what it deployed.

    `finished_at`: when its sync ended; None while that runs.
    """

    id: int
    target: Target
    finished_at: float | None = None
    before: Target | None = None
    """What was deployed before it; None when nothing was, or when that is not known."""


class Lineage(Struct, frozen=True, gc=False, array_like=True):
    """The sets of images that Git wanted so far, as digests in the order in which each came first; the newest are kept.

    `place` is that of the one that is deployed now, -1 before any is known.
    """

    images: tuple[int, ...] = ()
    place: int = -1
    before: int = -1
    """The place of the deployment before."""


class Memory(Struct, gc=False, kw_only=True, omit_defaults=True):
    """What cannot be read off one object: how an Application came to be as it is. A value that can be saved.

    `observability.state.memory` writes a copy for each update; once handed on, it is never changed.
    """

    identity: Identity
    settled: Target | None = None
    """The desired state that was last seen Synced; None when it never was."""
    settled_since_deployment: bool = False
    """Seen Synced since the newest entry of the history."""
    deployed: Target | None = None
    """What the newest entry of the history deployed; None without history."""
    deployed_id: int = -1
    deployed_at: float | None = None
    oldest: Target | None = None
    """What the oldest entry of the history deployed: a rollback to it cuts it off."""
    rolled_back: bool = False
    """The newest entry repeats an older one and was behind Git when it arrived; until Synced, or desired again."""
    cause: Cause | None = None
    out_of_sync_since: float | None = None
    """When it was first seen OutOfSync, None once Synced. A lower bound when `witnessed` is false."""
    witnessed: bool = True
    """The beginning of this OutOfSync was seen to happen."""
    unconverged: bool = False
    """This OutOfSync began within the settle time after a sync, or while one was at work."""
    running: bool = False
    """An operation runs, waits for a retry, is parked, or terminates."""
    working: bool = False
    """An operation changes the cluster: it runs, and neither waits nor is a dry run."""
    fresh: bool = False
    """The running operation began while nothing was OutOfSync, and has brought no deployment yet."""
    ended: tuple[float, float] | None = None
    """`startedAt` and `finishedAt` of the operation that ended last, to know it again; None while one is on its way."""
    ended_at: float | None = None
    """When an operation that had changed the cluster last ended."""
    health: HealthStatus = HealthStatus.UNKNOWN
    health_since: float = 0.0
    health_left: tuple[int, ...] = ()
    """How often each status, in the order of the enumeration, was left in the second of `health_since`: Argo CD's times
    are whole seconds. Empty when none was."""
    conditions: tuple[tuple[str, float], ...] = ()
    """Since when each type of condition was there last, those that went included; without those of no time."""
    results: tuple[int, ...] = (0,) * len(Result)
    """How many operations ended, by `Result`, in the order of the enumeration."""
    deployments: int = 0
    self_heals: int = 0
    self_heal_attempts: int = 0
    """`autoHealAttemptsCount` of the last operation."""
    local: bool = False
    """Manifests from somebody's machine were synced, and nothing from Git as a whole since."""
    risky: bool = False
    """The same of a sync with risky options of its own."""
    outside_window: bool = False
    """The last sync ended while a window forbade it."""
    four_eyes: bool | None = None
    """Who deployed what is deployed did not write it. None: that is not known, or nobody in person deployed it."""
    deployer: str = ""
    """Who deployed it by hand, while its author is not known; empty: nobody waits for that."""
    run: Run | None = None
    """The sync operation on its way, or the last one; None before the first, and when what was asked for was taken
    back."""
    begun: tuple[float, int] | None = None
    """`started_at` and `number` of the run that began last."""
    drift: Drift | None = None
    """None while there is none."""
    degraded_since: float | None = None
    """Since it is Degraded; Progressing, Missing and Unknown do not end that. None while it is not."""
    awaited: Awaited | None = None
    """The newest deployment, until it is healthy; None once it is."""
    healthy_at: float | None = None
    """When the newest deployment became healthy; None before."""
    lineage: Lineage = Lineage()
    reverted_id: int = -1
    """Identifier of the newest history entry with which Git went back to something older; -1: none."""


class ApplicationState(Struct, frozen=True, gc=False):
    """All that is believed of one Application.

    Of `facts`, history (but for its newest entry), images, labels, what is asked for and what the operation did to each
    resource are let go once the store is asked for more.

    `windows`: None while its AppProject is not known.
    """

    facts: Application
    memory: Memory
    windows: WindowVerdict | None
    violations: tuple[Policy, ...] = ()

    @property
    def identity(self) -> Identity:
        """Its identity labels."""
        return self.memory.identity

    @property
    def out_of_sync_since(self) -> float | None:
        """Since when it is OutOfSync; None while it is not."""
        return self.memory.out_of_sync_since if self.facts.sync is SyncStatus.OUT_OF_SYNC else None


class WindowState(Struct, frozen=True):
    """One window of a project: active now? None when its schedule or duration cannot be read.

    `changes_at`: when that changes next; None when not within 35 days.
    """

    active: bool | None
    changes_at: float | None = None


class ProjectState(Struct, frozen=True):
    """All that is believed of one AppProject; `windows` is as long as `facts.windows`."""

    facts: Project
    windows: tuple[WindowState, ...] = ()


class ApplicationSetState(Struct, frozen=True):
    """All that is believed of one ApplicationSet.

    `step`: the lowest step with an Application that is not Healthy, the last one when all are; None without steps.
    """

    facts: ApplicationSet
    step: int | None = None
    step_since: float | None = None


State: TypeAlias = ApplicationState | ApplicationSetState | ProjectState


class Change(Struct, frozen=True, gc=False):
    """An object is now believed to be so. `before` None: new. `after` None: gone."""

    kind: Kind
    key: Key
    before: State | None
    after: State | None
    received_at: float
    catch_up: bool = False
    """It was rebuilt after a gap: it happened while nobody watched."""
    born: bool = False
    """With `before` None: it was created since the first list. Otherwise it was there before, and is only new to us."""
    compared: bool = False
    """An Application was compared once more: its resourceVersion and the time of that are all that is another one."""
