"""What publishing dashboards would do: which to create, to change, to prune, and what is in the way. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from observability.errors import SpecError
from observability.monitoring.publish.differences import comparable, indented, of_dashboards

_UID: Final = 40
"""Characters of a uid, at most. Source: Grafana 13 HTTP API, dashboards and folders."""

Document = Mapping[str, Any]


class Folder(NamedTuple):
    """The one folder of Grafana's that is ours to fill."""

    uid: str
    title: str


class Found(NamedTuple):
    """A dashboard that Grafana has. `folder`: the uid of its folder, empty for the root."""

    document: Document
    folder: str
    provisioned: bool = False


class Action(StrEnum):
    """What is done to a dashboard."""

    CREATE = "create"
    CHANGE = "change"
    PRUNE = "prune"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One dashboard that will not stay as it is. `before` None: there is none; `after` None: it is removed."""

    uid: str
    before: Found | None
    after: Document | None

    @property
    def action(self) -> Action:
        """What is done."""
        if self.before is None:
            return Action.CREATE
        return Action.PRUNE if self.after is None else Action.CHANGE

    @property
    def title(self) -> str:
        """What people call it."""
        document = self.after or (self.before.document if self.before else {})
        return str(document.get("title", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All steps in their order: what is removed comes last. `folder`: its uid. `conflicts`: why none may be done."""

    folder: str
    steps: tuple[Step, ...]
    unchanged: int
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a plan is made. Ours is what has `tag` and is in `folder`; `overwrite`: other things may be replaced, too."""

    folder: Folder
    tag: str
    overwrite: bool = False
    prune: bool = True


def folder(title: str) -> Folder:
    """The folder of that title: its uid is made of the title, so that it is found again."""
    uid = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:_UID]
    if not uid:
        raise SpecError("--folder", f"expected a title with letters or digits, got {title!r}")
    return Folder(uid, title)


def parsed(texts: Mapping[str, str]) -> dict[str, Document]:
    """Dashboards by uid, from texts by path. Raises SpecError for a text that is no dashboard, or the same again."""
    found: dict[str, Document] = {}
    for path, text in texts.items():
        try:
            document = json.loads(text)
        except ValueError as error:
            raise SpecError("", f"expected JSON: {error}", path) from error
        uid = document.get("uid") if isinstance(document, dict) else None
        if not isinstance(uid, str) or not 0 < len(uid) <= _UID:
            raise SpecError("uid", f"expected a dashboard with a uid of 1 to {_UID} characters", path)
        if uid in found:
            raise SpecError("uid", f"expected one that no other dashboard has, not {uid} again", path)
        found[uid] = document
    return found


def plan(wanted: Mapping[str, Document], found: Mapping[str, Found], rules: Rules) -> Plan:
    """What has to be done so that Grafana has what is wanted. `found`: what it has in our folder or by these uids."""
    steps: list[Step] = []
    conflicts: list[str] = []
    for uid, document in wanted.items():
        before = found.get(uid)
        if before is not None and (reason := _in_the_way(before, rules)):
            conflicts.append(f"{uid} {reason}")
        elif before is None or before.folder != rules.folder.uid or not same(before.document, document):
            steps.append(Step(uid=uid, before=before, after=document))
    unchanged = len(wanted) - len(steps) - len(conflicts)
    if rules.prune:
        steps.extend(
            Step(uid=uid, before=one, after=None)
            for uid, one in found.items()
            if uid not in wanted and _ours(one, rules) and not one.provisioned
        )
    return Plan(folder=rules.folder.uid, steps=tuple(steps), unchanged=unchanged, conflicts=tuple(conflicts))


def same(one: Document, other: Document) -> bool:
    """Whether two dashboards are equal, but for what Grafana numbers by itself."""
    return comparable(one) == comparable(other)


def described(plan: Plan) -> Iterator[str]:
    """The plan for people: a line for each dashboard, and below it what differs."""
    for step in plan.steps:
        mark = {Action.CREATE: "+", Action.CHANGE: "~", Action.PRUNE: "-"}[step.action]
        yield f"{mark} {step.uid}  {step.title}"
        if step.before is not None and step.after is not None:
            yield from indented(_moved(step.before, plan.folder))
            yield from indented(of_dashboards(step.before.document, step.after))
    yield summary(plan)


def summary(plan: Plan) -> str:
    """How many of each, in one line."""
    counts = {action: sum(step.action is action for step in plan.steps) for action in Action}
    return ", ".join([*(f"{count} to {action}" for action, count in counts.items()), f"{plan.unchanged} unchanged"])


def _moved(before: Found, folder: str) -> Iterator[str]:
    if before.folder != folder:
        yield f"folder: {before.folder or 'the root'} → {folder}"


def _ours(found: Found, rules: Rules) -> bool:
    return found.folder == rules.folder.uid and rules.tag in (found.document.get("tags") or ())


def _in_the_way(found: Found, rules: Rules) -> str:
    """Why it may not be replaced, empty when it may."""
    if found.provisioned:
        return "is provisioned from a file: Grafana lets nobody else change it"
    if rules.overwrite or _ours(found, rules):
        return ""
    if found.folder != rules.folder.uid:
        where = f"the folder {found.folder}" if found.folder else "the root"
        return f"is in {where}, not in {rules.folder.uid}: --overwrite would move it"
    return f"has no tag {rules.tag}, so it is not ours: --overwrite would replace it"
