"""The one way in which a value may differ by environment."""

from collections.abc import Iterable
from typing import Generic, TypeAlias, TypeVar

from observability.errors import SpecError

Value = TypeVar("Value")


class PerEnvironment(Generic[Value]):
    """A value for each environment: `PerEnvironment(dev=None, staging="30m", prod="10m")`.

    Every environment must be named, so that a new one is thought about; `others` stands for those that are not, of
    rows that do not know what environments are called: those may also name some that there are not.
    """

    def __init__(self, *, others: Value | None = None, **values: Value) -> None:
        self._values = values
        self._others = others

    def value(self, environment: str, name: str) -> Value:
        """The value for an environment. `name`: the row and field that hold it. Raises SpecError when it is missing."""
        if environment in self._values:
            return self._values[environment]
        if self._others is None:
            known = ", ".join(sorted(self._values))
            raise SpecError(name, f"expected a value for the environment {environment}, there are those for {known}")
        return self._others

    def values(self) -> tuple[Value, ...]:
        """All values that it has, that for the others at the end."""
        found = tuple(self._values.values())
        return found if self._others is None else (*found, self._others)

    def check(self, environments: Iterable[str], name: str) -> None:
        """Raises SpecError when it names an environment that does not exist, or lacks one."""
        wanted = tuple(environments)
        for unknown in sorted(self._values.keys() - set(wanted)) if self._others is None else ():
            raise SpecError(name, f"expected environments among {', '.join(wanted)}, got {unknown}")
        for environment in wanted:
            self.value(environment, name)


Differing: TypeAlias = Value | PerEnvironment[Value]


def value_in(environment: str, value: Differing[Value], name: str) -> Value:
    """What a value is in an environment. Raises SpecError when it was forgotten there."""
    return value.value(environment, name) if isinstance(value, PerEnvironment) else value
