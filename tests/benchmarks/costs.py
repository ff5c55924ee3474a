"""What one application and one event cost: figures of the pipeline, and the rows that are made of them. Pure."""

from dataclasses import dataclass
from typing import Final

from tests.benchmarks import whole
from tests.benchmarks.peers import Children, Scraped
from tests.benchmarks.rows import Peer, Row

RENDER: Final = "of an event: exposition"
_LINEAR: Final = 1.5
"""Times as much at a hundred times as many applications: caches of the CPU, and nothing else."""


@dataclass(kw_only=True)
class Cost:
    """CPU seconds of each stage for so many objects.

    `follow_ups` is what became due by time, or for others; `history` is what the loop does for events, tallies and
    promotions, `journal` what the thread of the journal does for `records` of so many
    `transitions`; `longest_step` held the loop longest.
    """

    objects: int = 0
    line_bytes: int = 0
    decode: float = 0.0
    state: float = 0.0
    exposition: float = 0.0
    follow_ups: float = 0.0
    history: float = 0.0
    journal: float = 0.0
    records: int = 0
    transitions: int = 0
    longest_step: float = 0.0

    @property
    def seconds(self) -> float:
        """Of all stages."""
        return self.decode + self.state + self.exposition + self.follow_ups + self.history + self.journal

    @property
    def microseconds(self) -> float:
        """Of all stages, an object."""
        return self.seconds / max(1, self.objects) * 1e6

    def each(self, seconds: float) -> float:
        """Microseconds an object, of so many seconds in all."""
        return seconds / max(1, self.objects) * 1e6


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one size took. `resyncs`: the share of events in which nothing but the time of the comparison moved.

    `edit`: one edit of the sync windows of an AppProject with `edit_applications` of the applications.
    """

    applications: int
    new: Cost
    events: Cost
    resyncs: float
    edit: Cost
    edit_applications: int
    collector: Scraped | None = None
    children: Children | None = None


def rows_of(smallest: Figures, largest: Figures) -> list[Row]:
    """The costs at the largest size, and how they grew up to it."""
    return [*_costs(largest), *_growth(smallest, largest), *_edited(largest)]


def _costs(figures: Figures) -> list[Row]:
    cost, new = figures.events, figures.new
    events = (
        f"CPU time of decode, state with its timers, and exposition, of {cost.objects:,} watch lines of "
        f"{cost.line_bytes / cost.objects:,.0f} bytes; {figures.resyncs:.0%} are comparisons that found nothing new."
    )
    listed = f"The first list, {new.line_bytes / new.objects:,.0f} bytes each."
    return [
        Row(
            name="events through decode, state and exposition, one core",
            value=1e6 / cost.microseconds,
            unit="/s",
            target=15_000,
            more_is_better=True,
            notes=(events,),
        ),
        Row(name="of an event: decode", value=cost.each(cost.decode), unit="µs"),
        Row(name="of an event: state", value=cost.each(cost.state + cost.follow_ups), unit="µs"),
        Row(name=RENDER, value=cost.each(cost.exposition), unit="µs"),
        Row(
            name="new applications through the same, one core",
            value=1e6 / new.microseconds,
            unit="/s",
            more_is_better=True,
            notes=(listed,),
        ),
        Row(name="of a new application: decode", value=new.each(new.decode), unit="µs"),
        Row(name="of a new application: state", value=new.each(new.state + new.follow_ups), unit="µs"),
        Row(name="of a new application: exposition", value=new.each(new.exposition), unit="µs"),
    ]


def history_rows(figures: Figures) -> list[Row]:
    """The costs with history, and what of them is history."""
    cost, new = figures.events, figures.new
    note = (
        f"With history and its journal on disk: {cost.records:,} records. {cost.transitions / cost.objects:.0%} "
        f"of {cost.objects:,} events are transitions, which bring events about; most others only tell of comparisons. "
        "CPU time of all threads; waiting for the disk is not counted."
    )
    return [
        Row(
            name="events through the same and history, journal on disk",
            value=1e6 / cost.microseconds,
            unit="/s",
            target=8_000,
            more_is_better=True,
            notes=(note,),
        ),
        Row(name="of an event: history", value=cost.each(cost.history), unit="µs"),
        Row(name="of an event: journal, in its thread", value=cost.each(cost.journal), unit="µs"),
        Row(name="of a new application: history", value=new.each(new.history), unit="µs"),
        Row(name="of a new application: journal, in its thread", value=new.each(new.journal), unit="µs"),
        Row(
            name="longest step of the loop with history",
            value=max(cost.longest_step, new.longest_step) * 1e3,
            unit="ms",
            target=50.0,
        ),
    ]


def _growth(first: Figures, last: Figures) -> list[Row]:
    rows = []
    for name, small, large in (("an event", first.events, last.events), ("a new application", first.new, last.new)):
        note = f"{small.microseconds:.1f} µs and {large.microseconds:.1f} µs."
        rows.append(
            Row(
                name=f"{name} at {last.applications:,} applications over {first.applications:,}",
                value=large.microseconds / small.microseconds,
                unit="",
                target=_LINEAR,
                notes=(note,),
            )
        )
    return rows


def _edited(figures: Figures) -> list[Row]:
    edit = figures.edit
    note = f"A sync window is added to an AppProject with {figures.edit_applications:,} applications; CPU time."
    return [
        Row(name="an edit of sync windows", value=edit.seconds * 1e3, unit="ms", notes=(note,)),
        Row(name="an edit of sync windows, its longest step", value=edit.longest_step * 1e3, unit="ms", target=50.0),
    ]


def peers_of(figures: Figures) -> dict[str, list[Peer]]:
    """prometheus_client for the scrape of all, and for one change; Gauges of fewer applications in proportion."""
    found: dict[str, list[Peer]] = {}
    if figures.collector is not None:
        found[whole.GZIP] = found[whole.IDENTITY] = [Peer("prometheus_client", figures.collector.milliseconds)]
    if (children := figures.children) is not None:
        scrape_ms = children.scrape_ms * figures.applications / children.applications
        found[whole.GZIP] = [*found.get(whole.GZIP, ()), Peer("its Gauges", scrape_ms)]
        found[RENDER] = [Peer("its Gauges", children.update_us)]
    return found
