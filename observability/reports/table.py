"""A report as a value: rows of cells for machines, the same rows for people, and what is said beside them. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

from observability.model.application import Key
from observability.reports import instants

DEFAULT_NAMESPACE: Final = "argocd"
"""That of Applications which are named without one."""

Cell: TypeAlias = str | bool | int | float | tuple[str, ...] | None
"""A value for machines. None: not known, or there is none."""
Fact: TypeAlias = Cell | Mapping[str, "Fact"]

Entry = TypeVar("Entry")


class Column(NamedTuple, Generic[Entry]):
    """A column: `name` for machines. With a `heading` people see it too, as `shown`, else as its value reads.

    `narrowest`: may be cut to so many characters where there is no room; 0: never. `wide`: only where there is room
    for everything, as in Markdown.
    """

    name: str
    value: Callable[[Entry], Cell]
    heading: str = ""
    shown: Callable[[Entry], str] | None = None
    narrowest: int = 0
    wide: bool = False


class Table(NamedTuple):
    """A report. `rows` has a cell for each of `names`, `lines` a text for each of `headings`.

    `notes` are sentences for people below it, `facts` what JSON says beside the rows.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    headings: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    narrowest: tuple[int, ...]
    wide: tuple[bool, ...]
    details: tuple[tuple[str, ...], ...]
    """For each row what a terminal, which has no room for wide columns, shows in lines of its own below it."""
    empty: str
    """What to say instead of a table without rows."""
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = {}


def tabulate(
    columns: Iterable[Column[Entry]],
    entries: Iterable[Entry],
    empty: str,
    notes: Iterable[str] = (),
    facts: Mapping[str, Fact] | None = None,
    details: Callable[[Entry], Iterable[str]] = lambda _: (),
) -> Table:
    """The table of `entries`, in their order."""
    columns, entries = tuple(columns), tuple(entries)
    seen = [column for column in columns if column.heading]
    return Table(
        tuple(column.name for column in columns),
        tuple(tuple(column.value(entry) for column in columns) for entry in entries),
        tuple(column.heading for column in seen),
        tuple(tuple(_shown(column, entry) for column in seen) for entry in entries),
        tuple(column.narrowest for column in seen),
        tuple(column.wide for column in seen),
        tuple(tuple(details(entry)) for entry in entries),
        empty,
        tuple(notes),
        facts or {},
    )


def _shown(column: Column[Entry], entry: Entry) -> str:
    return column.shown(entry) if column.shown is not None else read(column.value(entry))


def read(cell: Cell) -> str:
    """A cell as people read it; `-` for what is not known."""
    match cell:
        case None | "" | ():
            return "-"
        case bool():
            return "yes" if cell else "no"
        case tuple():
            return ", ".join(cell)
        case float():
            return f"{cell:.3g}" if abs(cell) < 1000 else f"{cell:.0f}"
        case _:
            return str(cell)


def second(at: float | None) -> str:
    """An instant for people, to the second."""
    return "-" if at is None else instants.rfc_3339(at // 1, 0)


def application(key: Key) -> str:
    """An Application for people, as they name it to a command: without the namespace that goes without saying."""
    return key.name if key.namespace == DEFAULT_NAMESPACE else "/".join(key)


def revision(text: str) -> str:
    """A revision for people: a commit is cut to its first eight digits, a tag stays."""
    is_commit = len(text) in (40, 64) and not text.strip("0123456789abcdef")
    return text[:8] if is_commit else text or "-"
