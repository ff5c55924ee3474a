"""The store: all that is believed, kept up to date by observations and by time.

Reads observations, yields changes. Between two observations nothing changes but what time changes, settle times and
sync windows, and what follows for others from a change of an AppProject: `due` brings that up to date.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from msgspec.structs import replace

from observability.model.application import Application, Key
from observability.model.applicationset import ApplicationSet
from observability.model.commit import Commit
from observability.model.observation import (
    Compared,
    Gone,
    Kind,
    Listed,
    Listing,
    Malformed,
    Observation,
    Resource,
    Scope,
    Seen,
)
from observability.model.project import Project
from observability.model.state import (
    ApplicationSetState,
    ApplicationState,
    Change,
    Identity,
    Memory,
    ProjectState,
    Run,
    State,
    WindowVerdict,
)
from observability.settings.environments import Environment, IdentityRule
from observability.settings.groups import GlobalProject
from observability.state import authorship, operations, policies
from observability.state import memory as memories
from observability.state.agenda import Agenda
from observability.state.applicationsets import state_of
from observability.state.calendar import Assignment, Calendar
from observability.state.identity import UNASSIGNED, Identification, Identities
from observability.state.lists import Lists

Failed: TypeAlias = Callable[[Kind, Exception], None]
"""Told of a kind of which one object could not be judged."""


_DAY_SECONDS: Final = 86_400.0
_NO_LABELS: Final[Mapping[str, str]] = {}


def _raise(_: Kind, error: Exception) -> None:
    raise error


class Store:
    """What is believed of each object. One coroutine feeds it; it is not safe for threads."""

    def __init__(
        self,
        *,
        settle_seconds: float,
        environments: tuple[Environment, ...],
        identity: tuple[IdentityRule, ...],
        global_projects: tuple[GlobalProject, ...] = (),
        kept_labels: tuple[str, ...] = (),
        keeps_images: bool = False,
    ) -> None:
        self._settle_seconds = settle_seconds
        self._identities = Identities(Identification(identity, environments))
        self._demands = {one.name: policies.demands(one.policies) for one in environments}
        self._kept_labels = kept_labels
        self._keeps_images = keeps_images
        self._calendar = Calendar(global_projects)
        self._applications: dict[Key, ApplicationState] = {}
        self._applicationsets: dict[Key, ApplicationSetState] = {}
        self._projects: dict[Key, ProjectState] = {}
        self._assignments: dict[Key, Assignment] = {}
        self._of_project: dict[str, set[Key]] = {}
        self._lists = Lists()
        self._agenda = Agenda()
        self._whole: list[Application] = []
        """Seen since the last call: they still have all that those who read changes may look at."""

    def restore(self, states: Iterable[State], listed: Mapping[Scope, float]) -> None:
        """Begin with what was believed before, at the very start; some at a time, Applications last.

        `listed`: when each scope was listed first (seconds since the epoch), as `listed` told. `due` then brings what
        time has changed meanwhile up to date, and the next list of these scopes tells what was missed.
        """
        applications: list[ApplicationState] = []
        for state in states:
            facts = state.facts
            match state:
                case ApplicationState():
                    self._applications[facts.key] = state
                    self._of_project.setdefault(state.facts.project, set()).add(facts.key)
                    applications.append(state)
                case ApplicationSetState():
                    self._applicationsets[facts.key] = state
                case ProjectState():
                    self._projects[facts.key] = state
                    self._calendar.put(state.facts)
                    self._agenda.add(Kind.PROJECT, (facts.key,))
        self._lists.listed.update(listed)
        for known in applications:
            if known.identity.environment == UNASSIGNED or known.identity.service == known.identity.application:
                self._identify(known.facts)  # what tells it may still be to come
            self._whole.append(known.facts)
        self._agenda.add(Kind.APPLICATION, (known.facts.key for known in applications))

    @property
    def listed(self) -> Mapping[Scope, float]:
        """When each scope was listed first, in seconds since the epoch: to be saved beside the states."""
        return self._lists.listed

    @property
    def applications(self) -> Mapping[Key, ApplicationState]:
        """All that is believed of Applications."""
        return self._applications

    def states(self, kind: Kind) -> Mapping[Key, State]:
        """All that is believed of the objects of one kind."""
        match kind:
            case Kind.APPLICATION:
                return self._applications
            case Kind.APPLICATIONSET:
                return self._applicationsets
            case Kind.PROJECT:
                return self._projects

    def apply(self, observations: Iterable[Observation], failed: Failed = _raise) -> list[Change]:
        """Take in what was observed, and tell what changes at once; what follows for others waits for `due`.

        What the call before has told of is let go, see `ApplicationState`.
        An observation that cannot be taken in, a defect of ours, is told to `failed`; the others are taken in.
        """
        changes: list[Change] = []
        self._slim()
        for observation in observations:
            try:
                self._take(observation, changes)
            except Exception as error:
                failed(_kind_of(observation), error)
        return changes

    def due(self, now: float, failed: Failed = _raise, most: int = 200) -> list[Change]:
        """What changed by time until `now`, and what follows from changes of others; of `most` objects at most.

        What the call before has told of is let go, see `ApplicationState`.
        Call it again while `next_due` is not later than `now`: a window of a large project concerns thousands.
        """
        changes: list[Change] = []
        self._slim()
        for alarm in self._agenda.rung(now):
            if isinstance(alarm, Assignment):
                self._ring(alarm, now, failed)
            else:
                self._agenda.add(alarm[0], (alarm[1],))
        for kind, key in self._lists.leaving(most - len(changes)):
            self._forget(kind, key, now, changes, catch_up=True)
        for kind, key in self._agenda.turns(most - len(changes)):
            try:
                self._again(kind, key, now, changes)
            except Exception as error:
                failed(kind, error)
        return changes

    def learn(self, key: Key, commit: Commit, at: float) -> list[Change]:
        """Take in who wrote what an Application has deployed, and tell what changes; nothing when nobody waits for it.

        It may come at any time after the deployment. What was told before is not let go yet.
        """
        before = self._applications.get(key)
        if before is None:
            return []
        memory = authorship.learned(before.memory, before.facts.sources, commit)
        if memory is before.memory:
            return []
        violations = policies.violations(before.facts, memory, self._demands.get(memory.identity.environment, ()))
        after = self._applications[key] = replace(before, memory=memory, violations=violations)
        return [Change(Kind.APPLICATION, key, before, after, at)]

    def rewind(self) -> None:
        """The clock was set back: what was judged by it, and when to judge again, holds no more. `due` judges anew."""
        self._agenda.forget_alarms()
        for assignment in {one for one in self._assignments.values() if one}:
            assignment.expires_at = float("-inf")
            self._agenda.alarm(0.0, assignment)
        self._agenda.add(Kind.PROJECT, self._projects)
        self._agenda.add(Kind.APPLICATION, self._applications)

    def next_due(self) -> float | None:
        """When `due` has something to do (seconds since the epoch, 0: at once); None: not before an observation."""
        return 0.0 if self._lists.are_leaving else self._agenda.next_at()

    def _ring(self, assignment: Assignment, now: float, failed: Failed) -> None:
        """The answer of some windows changes: it is another one for all that they match."""
        if not assignment.members:
            return
        try:
            assignment.at(now)
            self._agenda.alarm(assignment.expires_at, assignment)
        except Exception as error:
            failed(Kind.APPLICATION, error)
        self._agenda.add(Kind.APPLICATION, assignment.members)

    def _take(self, observation: Observation, changes: list[Change]) -> None:
        match observation:
            case Seen():
                self._seen(observation.object, observation.received_at, changes)
            case Compared():
                self._compared(observation, changes)
            case Gone():
                self._gone(observation, changes)
            case Listing():
                self._lists.begin(observation.scope, observation.reason)
            case Listed():
                self._complete(observation.scope, observation.received_at, changes)
            case Malformed():
                # It is there, though it cannot be read: what was known of it stands.
                self._lists.note(observation.scope.kind, observation.key)
            case _:
                pass

    def _again(self, kind: Kind, key: Key, now: float, changes: list[Change]) -> None:
        """Judge a known object as it is now."""
        if kind is Kind.PROJECT and (project := self._projects.get(key)) is not None:
            self._project(project.facts, now, changes)
        elif kind is Kind.APPLICATION and (state := self._applications.get(key)) is not None:
            if self._calendar.assign(state.facts) is not self._assignments.get(key):
                self._unassign(key)
            if self._identities.is_provisional(key):
                state = self._identified(key, state, now, changes)
            self._judge(key, state.facts, state, now, changes)

    def _identified(self, key: Key, state: ApplicationState, now: float, changes: list[Change]) -> ApplicationState:
        """The same under the identity that is known now; as another one, when that is another."""
        identity = self._identify(state.facts)
        if identity == state.identity:
            return state
        memory = replace(state.memory, identity=identity)
        after = self._applications[key] = ApplicationState(state.facts, memory, state.windows, state.violations)
        changes.append(Change(Kind.APPLICATION, key, None, after, now))
        return after

    def _seen(self, resource: Resource, at: float, changes: list[Change]) -> None:
        match resource:
            case Application():
                self._application(resource.key, resource, at, changes)
            case ApplicationSet():
                before = self._applicationsets.get(resource.key)
                if before is not None:
                    _confirm(before.facts, resource.engine)
                self._lists.note(Kind.APPLICATIONSET, resource.key)
                after = state_of(resource)
                self._applicationsets[resource.key] = after
                self._agenda.add(Kind.APPLICATION, self._identities.waiting_for(Kind.APPLICATIONSET, resource.name))
                if after != before:
                    changes.append(self._told(Kind.APPLICATIONSET, resource.key, before, after, at))
            case Project():
                known = self._projects.get(resource.key)
                if known is not None:
                    _confirm(known.facts, resource.engine)
                self._lists.note(Kind.PROJECT, resource.key)
                if known is None or known.facts.windows != resource.windows or known.facts.labels != resource.labels:
                    self._reassign(resource.name)
                self._calendar.put(resource)
                self._agenda.add(Kind.APPLICATION, self._identities.waiting_for(Kind.PROJECT, resource.name))
                self._project(resource, at, changes)

    def _compared(self, compared: Compared, changes: list[Change]) -> None:
        """Judge an Application as it was seen last, compared again. Who is not known is a failure: it is read anew."""
        key = compared.key
        before = self._applications[key]
        _confirm(before.facts, compared.scope.engine)
        self._lists.note(Kind.APPLICATION, key)
        if before.facts.resource_version == compared.resource_version and not self._lists.go_back:
            return
        facts = replace(before.facts, resource_version=compared.resource_version, reconciled_at=compared.reconciled_at)
        self._judge(key, facts, before, compared.received_at, changes, compared=True)

    def _gone(self, gone: Gone, changes: list[Change]) -> None:
        before = self.states(gone.kind).get(gone.key)
        if before is not None and gone.uid in ("", before.facts.uid):
            self._forget(gone.kind, gone.key, gone.received_at, changes)

    def _complete(self, scope: Scope, at: float, changes: list[Change]) -> None:
        """The list is complete: what is known in its scope and was not in it was deleted meanwhile."""
        for key in self._lists.complete(scope, at, self.states(scope.kind)):
            self._forget(scope.kind, key, at, changes, catch_up=True)

    def _told(self, kind: Kind, key: Key, before: State | None, after: State, at: float) -> Change:
        """A change of an object that groups Applications. It says nothing of its own of when it was created."""
        born = before is None and self._lists.have(kind, after.facts)
        return Change(kind, key, before, after, at, self._lists.catch_up(kind, after.facts), born)

    def _forget(self, kind: Kind, key: Key, at: float, changes: list[Change], *, catch_up: bool = False) -> None:
        before: State
        self._lists.left(kind, key)
        match kind:
            case Kind.APPLICATION:
                before = self._applications.pop(key)
                self._of_project[before.facts.project].discard(key)
                self._unassign(key)
                self._identities.forget(key)
            case Kind.APPLICATIONSET:
                before = self._applicationsets.pop(key)
            case Kind.PROJECT:
                before = self._projects.pop(key)
                self._calendar.drop(key)
                self._reassign(key.name)
        changes.append(Change(kind, key, before, None, at, catch_up))

    def _project(self, facts: Project, at: float, changes: list[Change]) -> None:
        before = self._projects.get(facts.key)
        after = self._calendar.state(facts, at)
        self._projects[facts.key] = after
        if after.windows:
            # Once a day at least: what changes next may be beyond the horizon.
            changes_at = (window.changes_at for window in after.windows if window.changes_at is not None)
            self._agenda.alarm(min((*changes_at, at + _DAY_SECONDS)), (Kind.PROJECT, facts.key))
        if after != before:
            changes.append(self._told(Kind.PROJECT, facts.key, before, after, at))

    def _reassign(self, project: str) -> None:
        """Judge anew the Applications of a project whose windows are others now."""
        keys = self._applications if self._calendar.is_global(project) else self._of_project.get(project, ())
        self._agenda.add(Kind.APPLICATION, keys)

    def _application(self, key: Key, facts: Application, at: float, changes: list[Change]) -> None:
        """Judge an Application as it is seen now."""
        before = self._applications.get(key)
        if before is not None and before.facts.engine != facts.engine:
            _confirm(before.facts, facts.engine)  # compared here first: a call for each would cost more
        self._lists.note(Kind.APPLICATION, key)
        if before is not None:
            if before.facts.uid != facts.uid:
                self._forget(
                    Kind.APPLICATION, key, at, changes, catch_up=self._lists.catch_up(Kind.APPLICATION, before.facts)
                )
                before = None
            elif before.facts.resource_version == facts.resource_version != "" and not self._lists.go_back:
                return
            elif _moved(facts, before.facts):
                self._unassign(key)
        if before is None or before.facts.project != facts.project:
            if before is not None:
                self._of_project[before.facts.project].discard(key)
            self._of_project.setdefault(facts.project, set()).add(key)
        self._judge(key, facts, before, at, changes)

    def _judge(
        self,
        key: Key,
        facts: Application,
        before: ApplicationState | None,
        at: float,
        changes: list[Change],
        *,
        compared: bool = False,
    ) -> None:
        """What is believed of an Application with these facts; `compared`: all that is new is when it was compared."""
        assignment = self._assignments.get(key)
        if assignment is None:
            assignment = self._assign(facts, at)
        born = before is None and self._lists.saw_birth(facts)
        memory = self._remember(facts, before, assignment, at, born=born)
        windows = assignment.at(at)
        if compared and before is not None and memory is before.memory:
            violations = before.violations
            compared = windows == before.windows
        else:
            violations = policies.violations(facts, memory, self._demands.get(memory.identity.environment, ()))
            compared = False
        self._whole.append(facts)
        after = ApplicationState(facts, memory, windows, violations)
        settles_at = memories.settles_at(memory, facts, self._settle_seconds)
        if settles_at is not None and settles_at > at:
            self._agenda.alarm(settles_at, (Kind.APPLICATION, key))
        if before is None or facts is not before.facts or after != before:
            self._applications[key] = after
            catch_up = self._lists.catch_up(Kind.APPLICATION, facts)
            changes.append(Change(Kind.APPLICATION, key, before, after, at, catch_up, born, compared))

    def _slim(self) -> None:
        """Let go of what was told by the last call: a hundred thousand histories would be most of the memory."""
        for facts in self._whole:
            _let_go(facts)
            if not self._keeps_images:
                facts.images_digest, facts.images = facts.images_mark, ()
            if facts.labels and not self._identities.is_provisional(facts.key):
                kept = self._kept_labels
                labels = facts.labels
                facts.labels = {name: labels[name] for name in kept if name in labels} if kept else _NO_LABELS
        self._whole.clear()

    def _remember(
        self, facts: Application, before: ApplicationState | None, assignment: Assignment, at: float, *, born: bool
    ) -> Memory:
        if before is None:
            return memories.first(facts, self._identify(facts), at, self._settle_seconds, born=born)
        memory = memories.remember(before.memory, facts, at, self._settle_seconds)
        if memory.running and memory.run is not None and not memory.run.blocked:
            memory = _parked(memory, memory.run, facts, assignment.at(at))
        if memory.ended is not None and memory.ended != before.memory.ended and _ran(facts, before.facts):
            memory.outside_window = _ran_outside_window(facts, assignment, at)
        return memory

    def _identify(self, facts: Application) -> Identity:
        owner = self._applicationsets.get(Key(facts.namespace, facts.applicationset))
        project = self._calendar.project_of(facts)
        return self._identities.identify(facts, None if owner is None else owner.facts, project)

    def _assign(self, facts: Application, at: float) -> Assignment:
        assignment = self._assignments[facts.key] = self._calendar.assign(facts)
        if assignment:
            if not assignment.members:
                assignment.at(at)
                self._agenda.alarm(assignment.expires_at, assignment)
            assignment.members.add(facts.key)
        return assignment

    def _unassign(self, key: Key) -> None:
        """Let an Application be assigned anew; between a change of its project and `due` it has no assignment."""
        if (assignment := self._assignments.pop(key, None)) is not None:
            self._calendar.leave(assignment, key)


def _confirm(known: Resource, engine: str) -> None:
    """One of two objects of one name can be told; that of another engine is counted as a failure, not taken in."""
    if known.engine != engine:
        raise ValueError(f"{known.engine} and {engine} both have {'/'.join(known.key)}")


def _let_go(facts: Application) -> None:
    """Of the history all but the newest entry, and what the operation did to each resource: unseen, as it came."""
    if facts.history:
        facts.history = (facts.history[-1],)
    if facts.operation is not None:
        facts.operation.resources = ()
    facts.asked = None


def _parked(memory: Memory, run: Run, facts: Application, windows: WindowVerdict | None) -> Memory:
    """Note that a window holds the run back. The message alone also comes, for a moment, where the window lets it."""
    if not operations.is_parked(facts.operation):
        return memory
    if windows is not None and (windows.can_sync_auto if run.automated else windows.can_sync_manual):
        return memory
    return replace(memory, run=replace(run, blocked=True))


def _ran(now: Application, before: Application) -> bool:
    """True when the operation that just ended changed something: a dry run did not, nor one parked until its end."""
    return now.operation is not None and not now.operation.dry_run and not operations.is_parked(before.operation)


def _ran_outside_window(facts: Application, assignment: Assignment, at: float) -> bool:
    """Whether the sync that just ended did so while a window forbade it."""
    operation = facts.operation
    if operation is None:
        return False
    ended_at = at if operation.finished_at is None else operation.finished_at
    return assignment.forbade(automated=operation.automated, started_at=operation.started_at, at=ended_at)


def _moved(now: Application, before: Application) -> bool:
    """True when other windows may hold for it than before."""
    return (
        now.project != before.project
        or now.destination != before.destination
        or now.controller_namespace != before.controller_namespace
    )


def _kind_of(observation: Observation) -> Kind:
    match observation:
        case Seen(Application()):
            return Kind.APPLICATION
        case Seen(ApplicationSet()):
            return Kind.APPLICATIONSET
        case Seen():
            return Kind.PROJECT
        case Gone():
            return observation.kind
        case _:
            return observation.scope.kind
