"""What a benchmark found: rows, and the table and the JSON that are made of them. Pure."""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

_HEADINGS: Final = ("", "this machine", "target", "peer", "ratio")


class Peer(NamedTuple):
    """What another program took for the same, in the unit of the row."""

    name: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure. `target` None: nothing was promised. `notes`: what one must know to read it."""

    name: str
    value: float
    unit: str
    target: float | None = None
    more_is_better: bool = False
    peers: tuple[Peer, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether the target is met, None without one."""
        if self.target is None:
            return None
        return self.value >= self.target if self.more_is_better else self.value <= self.target

    @property
    def ratios(self) -> tuple[float, ...]:
        """How many times better than each peer this is; 0 where that cannot be said."""
        pairs = [(peer.value, self.value) for peer in self.peers]
        return tuple(_over(ours, theirs) if self.more_is_better else _over(theirs, ours) for theirs, ours in pairs)


def _over(value: float, by: float) -> float:
    return value / by if by else 0.0


def beside(rows: Iterable[Row], peers: Mapping[str, Sequence[Peer]]) -> list[Row]:
    """The same rows, with the peers that were measured for their names."""
    return [dataclasses.replace(row, peers=(*row.peers, *peers.get(row.name, ()))) for row in rows]


def table(rows: Sequence[Row]) -> str:
    """A Markdown table, a line a row, and the notes below it, numbered."""
    notes = list(dict.fromkeys(note for row in rows for note in row.notes))
    lines = [_HEADINGS, *(_cells(row, notes) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    text = [_line(line, widths) for line in lines]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join([*text, "", *(f"{number}. {note}" for number, note in enumerate(notes, start=1))])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = [(cell, width) for cell, width in zip(cells, widths, strict=True)]
    return "| " + " | ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]) + " |"


def _cells(row: Row, notes: Sequence[str]) -> tuple[str, ...]:
    mark = f" ({', '.join(str(notes.index(note) + 1) for note in row.notes)})" if row.notes else ""
    target = ""
    if row.target is not None:
        target = f"{'≥' if row.more_is_better else '≤'} {number(row.target)}{'' if row.met else ', missed'}"
    peers = "; ".join(f"{number(peer.value)} {peer.name}" for peer in row.peers)
    return (
        row.name + mark,
        f"{number(row.value)} {row.unit}".rstrip(),
        target,
        peers,
        "; ".join(map(_times, row.ratios)),
    )


def _times(ratio: float) -> str:
    return f"{number(ratio)} x" if ratio else ""


def number(value: float) -> str:
    """Three digits, or all of a large whole part."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def to_json(rows: Sequence[Row], facts: Mapping[str, object]) -> str:
    """`facts` about the run, and the rows, as JSON."""
    body = [
        {**dataclasses.asdict(row), "peers": [peer._asdict() for peer in row.peers], "met": row.met} for row in rows
    ]
    return json.dumps({**facts, "rows": body}, indent=2, ensure_ascii=False) + "\n"
