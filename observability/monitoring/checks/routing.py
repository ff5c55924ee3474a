"""Checks of configurations of Alertmanager."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from observability.monitoring.checks import routes
from observability.monitoring.checks.documents import Routing
from observability.monitoring.checks.rows import Check, Found, Severity
from observability.monitoring.checks.sources import text_of

_ENVIRONMENTS: Final = {"environment", "env", "stage"}
_NOBODY: Final = {"null", "none", "nobody", "blackhole", "black_hole", "black-hole", "devnull", "nowhere", "silent"}


def _inhibition(routing: Routing) -> Iterator[Found]:
    for index, rule in enumerate(_rows(routing, "inhibit_rules")):
        equal = rule.get("equal")
        named = set(map(str, equal)) if isinstance(equal, list) else set()
        pinned = [{one.label for one in routes.matchers(rule, side)} & _ENVIRONMENTS for side in ("source_", "target_")]
        if not named & _ENVIRONMENTS and not all(pinned):
            said = f"equal is {', '.join(sorted(named)) or 'empty'}: an alert of any environment inhibits"
            yield Found(said, routing.line(f"inhibit_rules.{index}.equal"))


def _no_receiver(routing: Routing) -> Iterator[Found]:
    route = routing.value.get("route")
    if not isinstance(route, Mapping):
        yield Found("there is no route", routing.line("route"))
        return
    if not route.get("receiver"):
        yield Found("the first route has no receiver", routing.line("route"))
    known = {text_of(one.get("name")) for one in _rows(routing, "receivers")}
    for path, one in _all_routes(route, "route"):
        name = text_of(one.get("receiver"))
        if name and name not in known:
            yield Found(f"there is no receiver {name}", routing.line(f"{path}.receiver"))


def _all_routes(route: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield path, route
    for index, child in enumerate(routes.children(route)):
        yield from _all_routes(child, f"{path}.routes.{index}")


def _nobody(routing: Routing) -> Iterator[Found]:
    for index, receiver in enumerate(_rows(routing, "receivers")):
        name = text_of(receiver.get("name"))
        if not routes.reaches_somebody(receiver) and name.lower() not in _NOBODY:
            yield Found(f"the receiver {name} sends to nobody", routing.line(f"receivers.{index}"))


def _rows(routing: Routing, key: str) -> Iterator[Mapping[str, Any]]:
    found = routing.value.get(key)
    yield from (one for one in found if isinstance(one, Mapping)) if isinstance(found, list) else ()


CHECKS: Final = (
    Check(
        name="inhibition-across-environments",
        severity=Severity.ERROR,
        says="An inhibition does not compare the environment.",
        why="A critical alert of staging mutes the warnings of prod.",
        mend="Add environment to equal.",
        of=Routing,
        find=_inhibition,
    ),
    Check(
        name="route-without-receiver",
        severity=Severity.ERROR,
        says="A route has no receiver, or one that is not there.",
        why="Alertmanager refuses the file and goes on with the old one, or does not start.",
        mend="Name a receiver that is in receivers.",
        of=Routing,
        find=_no_receiver,
        source="amtool check-config",
    ),
    Check(
        name="receiver-reaches-nobody",
        severity=Severity.WARNING,
        says="A receiver sends to nobody.",
        why="Pages end there, and look delivered.",
        mend='Give it a way to a person, or call it "null" when that is meant.',
        of=Routing,
        find=_nobody,
    ),
)
