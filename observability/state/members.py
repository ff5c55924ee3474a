"""Which Applications make up a group, so that a group goes with its last one. No I/O."""

from collections import Counter

from observability.model.application import Key
from observability.model.state import Identity
from observability.model.tally import Group


def group_of(identity: Identity) -> Group:
    """The group that an Application belongs to."""
    return Group(identity.environment, identity.project, identity.service, identity.engine)


class Members:
    """The group of each Application, and how many each group has."""

    def __init__(self) -> None:
        self._group_of: dict[Key, Group] = {}
        self._sizes: Counter[Group] = Counter()

    def __contains__(self, group: Group) -> bool:
        """True while the group has an Application."""
        return group in self._sizes

    def join(self, key: Key, group: Group) -> Group | None:
        """An Application is of this group now; yields the group that it leaves thereby, None: none."""
        old = self._group_of.get(key)
        if old == group:
            return None
        self._group_of[key] = group
        self._sizes[group] += 1
        if old is not None:
            self._shrink(old)
        return old

    def group(self, key: Key) -> Group | None:
        """The group of an Application; None when it is in none."""
        return self._group_of.get(key)

    def leave(self, key: Key) -> None:
        """An Application is gone."""
        group = self._group_of.pop(key, None)
        if group is not None:
            self._shrink(group)

    def _shrink(self, group: Group) -> None:
        self._sizes[group] -= 1
        if not self._sizes[group]:
            del self._sizes[group]
