"""What publishing rule files would do to a folder: which to create, change, prune, and what is in the way. Pure.

Ours are the files that our manifest names. It lies beside them, and says of each its environment and its hash, so that
a file that somebody changed since is known.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

from observability.errors import PublishError, SpecError

MANIFEST: Final = ".gitops-observability.json"
"""In the folder; a rule_files glob such as *.yml does not find it."""


class Entry(NamedTuple):
    """A file of ours as we left it."""

    environment: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One file that will not stay as it is. `before` None: there is none; `after` None: it is removed."""

    name: str
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All steps. `conflicts`: why none of them may be done.

    `manifest`: as it is afterwards, with what it held of other environments; `loaded`: the same, once Prometheus is
    known to have loaded the files, so that a run that ended in between is made good by the next one.
    """

    steps: tuple[Step, ...]
    unchanged: int
    manifest: bytes
    loaded: bytes
    conflicts: tuple[str, ...] = ()


def named(environment: str, texts: Mapping[str, str]) -> dict[str, str]:
    """The files of an environment by the names they get in a folder that it shares with others.

    `texts`: by path, whose last part counts. Raises SpecError for two that would have the same name.
    """
    found: dict[str, str] = {}
    for path, text in texts.items():
        name = f"{environment}-{path.rpartition('/')[2]}"
        if name in found or not re.fullmatch(r"[\w.-]+\.ya?ml", name, re.ASCII):
            raise SpecError(path, f"expected a name of a file of its own that ends in .yml, got {name!r}")
        found[name] = text
    return found


def plan(
    wanted: Mapping[str, Mapping[str, str]],
    disk: Mapping[str, bytes],
    owned: Mapping[str, Entry],
    *,
    overwrite: bool = False,
) -> Plan:
    """What has to be done so that the folder has what is wanted.

    `wanted`: by environment, texts by name; what we own of other environments stays. `disk`: the files there are.
    """
    texts = {name: text.encode() for one in wanted.values() for name, text in one.items()}
    steps = [Step(name=name, before=disk.get(name), after=text) for name, text in texts.items()]
    steps += [
        Step(name=name, before=disk[name], after=None)
        for name, entry in owned.items()
        if entry.environment in wanted and name not in texts and name in disk
    ]
    changes = tuple(step for step in steps if step.before != step.after)
    entries = {name: entry for name, entry in owned.items() if entry.environment not in wanted}
    for environment, one in wanted.items():
        entries.update({name: Entry(environment, _hash(text.encode())) for name, text in one.items()})
    return Plan(
        steps=changes,
        unchanged=len(steps) - len(changes),
        manifest=_manifest(entries, loaded=False),
        loaded=_manifest(entries, loaded=True),
        conflicts=() if overwrite else tuple(_conflicts(changes, owned)),
    )


def _conflicts(steps: tuple[Step, ...], owned: Mapping[str, Entry]) -> Iterator[str]:
    for step in steps:
        if step.before is None:
            continue
        if step.name not in owned:
            yield f"{step.name} is not ours: --overwrite would replace it"
        elif owned[step.name].hash != _hash(step.before):
            yield f"{step.name} was changed since we wrote it: --overwrite would lose that"


def entries(manifest: bytes | None) -> dict[str, Entry]:
    """What a manifest says; without one (None) nothing is ours. Raises PublishError when it is damaged."""
    if manifest is None:
        return {}
    try:
        files = json.loads(manifest)["files"]
        return {
            str(name): Entry(str(entry["environment"]), str(entry["sha256"]))
            for name, entry in files.items()
            if "/" not in name
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PublishError(f"{MANIFEST} is damaged: remove it, and publish with --overwrite") from error


def described(plan: Plan) -> Iterator[str]:
    """The plan for people: a unified diff of each file."""
    for step in plan.steps:
        old, new = (_lines(side) for side in (step.before, step.after))
        old_name, new_name = ("/dev/null" if side is None else step.name for side in (step.before, step.after))
        yield from difflib.unified_diff(old, new, old_name, new_name, lineterm="")
    yield summary(plan)


def summary(plan: Plan) -> str:
    """How many of each, in one line."""
    created = sum(step.before is None for step in plan.steps)
    pruned = sum(step.after is None for step in plan.steps)
    changed = len(plan.steps) - created - pruned
    return f"{created} to create, {changed} to change, {pruned} to prune, {plan.unchanged} unchanged"


def _lines(content: bytes | None) -> list[str]:
    return [] if content is None else content.decode(errors="replace").splitlines()


def _manifest(entries: Mapping[str, Entry], *, loaded: bool) -> bytes:
    files = {name: {"environment": entry.environment, "sha256": entry.hash} for name, entry in sorted(entries.items())}
    return (json.dumps({"loaded": loaded, "files": files}, indent=2) + "\n").encode()


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()
