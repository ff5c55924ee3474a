"""FAULTS: what can go wrong, each as a row. Several may be at a time, but only one of a target."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.chaos.gate import REFUSALS, Gate
from tests.chaos.world import World
from tests.integration.servers import Collector

Act = Callable[[World, Random], None]


def _nothing(_: World, __: Random) -> None:
    """It is over by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`begin` and, between the `seconds` later, `end`.

    `folds`: what happens meanwhile may be told as one step. `hurry`: things should happen meanwhile. `weight`: how
    often it is chosen. `possible`: whether there is what it hits.
    """

    name: str
    target: str
    begin: Act
    end: Act = _nothing
    seconds: tuple[float, float] = (0.2, 1.5)
    weight: int
    folds: bool = False
    hurry: bool = False
    possible: Callable[[World], bool] = lambda _: True


def _kill(world: World, _: Random) -> None:
    world.stop(kill=True)


def _stop(world: World, _: Random) -> None:
    world.stop(kill=False)


def _start(world: World, _: Random) -> None:
    world.start()


def _leave(world: World, _: Random) -> None:
    world.cluster.leave()


def _come_back(world: World, _: Random) -> None:
    world.cluster.come_back()


def _come_back_without_past(world: World, random: Random) -> None:
    """Of a real one only etcd forgets, and the API server lists what it has."""
    world.cluster.forget()
    _come_back(world, random)


def _collector(world: World) -> Collector:
    assert world.collector is not None
    return world.collector


def _gate(world: World) -> Gate:
    assert world.gate is not None
    return world.gate


def _kill_collector(world: World, _: Random) -> None:
    _collector(world).stop(kill=True)


def _start_collector(world: World, _: Random) -> None:
    _collector(world).start()


def _pause_collector(world: World, _: Random) -> None:
    _collector(world).pause()


def _resume_collector(world: World, _: Random) -> None:
    _collector(world).resume()


def _refuse(world: World, random: Random) -> None:
    _gate(world).shut = random.choice(REFUSALS)[1]


def _open(world: World, _: Random) -> None:
    _gate(world).shut = None


def _mute(world: World, _: Random) -> None:
    _gate(world).mute = True


def _speak(world: World, _: Random) -> None:
    _gate(world).mute = False


def _fill(world: World, _: Random) -> None:
    world.disk.fill()


def _free(world: World, _: Random) -> None:
    world.disk.free()


def _has_collector(world: World) -> bool:
    return world.collector is not None


def _has_disk(world: World) -> bool:
    return world.disk.small


def _is_up(world: World) -> bool:
    """One that is killed whenever it has just begun would see nothing at all."""
    return world.up


def _starts(world: World) -> bool:
    return not world.up


FAULTS: Final = (
    Fault(
        name="exporter: kill -9",
        target="exporter",
        begin=_kill,
        end=_start,
        seconds=(0.0, 1.5),
        possible=_is_up,
        weight=10,
    ),
    Fault(
        name="exporter: kill -9 while it starts",
        target="exporter",
        begin=_kill,
        end=_start,
        seconds=(0.0, 0.5),
        possible=_starts,
        weight=1,
    ),
    Fault(
        name="exporter: SIGTERM",
        target="exporter",
        begin=_stop,
        end=_start,
        seconds=(0.0, 1.0),
        possible=_is_up,
        weight=1,
    ),
    Fault(name="API server: down", target="api", begin=_leave, end=_come_back, weight=3),
    Fault(
        name="API server: 410",
        target="api",
        begin=_leave,
        end=_come_back_without_past,
        folds=True,
        possible=_is_up,
        weight=3,
    ),
    Fault(
        name="endpoint: killed",
        target="collector",
        begin=_kill_collector,
        end=_start_collector,
        possible=_has_collector,
        weight=2,
    ),
    Fault(
        name="endpoint: paused",
        target="collector",
        begin=_pause_collector,
        end=_resume_collector,
        seconds=(0.5, 5.0),
        possible=_has_collector,
        weight=1,
    ),
    Fault(name="endpoint: refuses", target="gate", begin=_refuse, end=_open, possible=_has_collector, weight=3),
    Fault(name="endpoint: answers lost", target="gate", begin=_mute, end=_speak, possible=_has_collector, weight=2),
    Fault(
        name="disk: full",
        target="disk",
        begin=_fill,
        end=_free,
        seconds=(0.5, 3.0),
        hurry=True,
        possible=_has_disk,
        weight=3,
    ),
)
"""All of them."""
