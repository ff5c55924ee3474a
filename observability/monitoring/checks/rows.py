"""What a check is, and what it finds. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

Document_contra = TypeVar("Document_contra", contravariant=True)


class Severity(StrEnum):
    """How bad it is, in the words of SARIF."""

    ERROR = "error"
    """It does not do what it says: never fires, always fires, shows nothing."""
    WARNING = "warning"
    """It works on a good day, and misleads on a bad one."""
    NOTE = "note"
    """Others will have trouble with it."""


class Place(NamedTuple):
    """Where a document stands: a comment in these lines is about it. `subject`: the alert, the panel or the route."""

    file: str
    first: int
    last: int
    subject: str = ""


class Found(NamedTuple):
    """What a check says of a document. `line`: in its file, from 1; 0: where the document begins.

    `place`: of what is wrong, when it is not the document that was given.
    """

    said: str
    line: int = 0
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Generic[Document_contra]):
    """A rule of good alerts and dashboards: `find` says where a document of the type `of` breaks it.

    `why`: what goes wrong otherwise. `mend`: what to write instead. `source`: where the rule comes from.
    """

    name: str
    severity: Severity
    says: str
    why: str
    mend: str
    of: type[Document_contra]
    find: Callable[[Document_contra], Iterable[Found]]
    source: str = ""


class Finding(NamedTuple):
    """Something that is wrong, and where; `ignored`: the reason not to mind, empty when there is none."""

    place: Place
    line: int
    check: Check[Any]
    said: str
    ignored: str = ""
