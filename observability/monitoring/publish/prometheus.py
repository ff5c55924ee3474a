"""Rule files into a folder of Prometheus, and a reload; all of them, or none. Files, signals and the network.

Source: Prometheus 2.42 and 3.x: POST /-/reload (with --web.enable-lifecycle; 403 without, 500 when it cannot load) or
SIGHUP; /api/v1/rules, /api/v1/status/config; the metrics prometheus_config_last_reload_*.
"""

import asyncio
import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from observability.errors import Conflict, PublishError
from observability.monitoring.publish import folder as disk
from observability.monitoring.publish.folder import Disk
from observability.monitoring.publish.rulefiles import Plan
from observability.monitoring.publish.web import Web

_AGAIN_SECONDS: Final = 0.1
_RELOADED: Final = "prometheus_config_last_reload_success_timestamp_seconds"
_SUCCESSFUL: Final = "prometheus_config_last_reload_successful"

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the files go and who reads them.

    `web` None: nobody is asked. `pid_file`: reload by SIGHUP to the process in it, None: over HTTP. `patience_seconds`:
    so long a reload may take.
    """

    folder: Path
    web: Web | None = None
    pid_file: Path | None = None
    patience_seconds: float = 30.0

    @property
    def told(self) -> bool:
        """Whether anybody is told to reload."""
        return self.web is not None or self.pid_file is not None


async def publish(target: Target, planned: Plan, before: Disk, wanted: Mapping[str, str], say: Say) -> None:
    """Write what is planned, have it loaded, and see that it is. `wanted`: the text of each file by its name.

    Raises:
        Conflict: something of somebody else's is in the way.
        PublishError: it cannot be written, reloaded, or is not loaded; then the former files are back, and loaded.
    """
    refuse(planned)
    # Asked before anything is written, too: one that cannot be asked cannot be told to reload either.
    unknown = target.web is not None and bool(await _missing(target.web, wanted))
    process = None if target.pid_file is None else _process(target.pid_file)
    as_it_should_be = {planned.loaded} if target.told else {planned.loaded, planned.manifest}
    if not planned.steps and not unknown and before.manifest in as_it_should_be:
        return
    disk.write(target.folder, planned, before.manifest)
    for step in planned.steps:
        say(f"{'removed' if step.after is None else 'created' if step.before is None else 'changed'} {step.name}")
    try:
        await _loaded(target, process, wanted, say)
    except PublishError as error:
        raise PublishError(f"{error}\n{await _undone(target, process, planned, before)}") from error
    except BaseException:  # interrupted
        say(await _undone(target, process, planned, before))
        raise
    if target.web is not None:
        disk.mark_loaded(target.folder, planned)


def refuse(planned: Plan) -> None:
    """Raises Conflict when anything is in the way of a plan."""
    if planned.conflicts:
        raise Conflict("\n".join([*planned.conflicts, "nothing was changed"]))


async def _loaded(target: Target, process: int | None, wanted: Mapping[str, str], say: Say) -> None:
    """Have Prometheus reload, and see that it has loaded what is wanted. Raises PublishError."""
    if target.web is None and process is None:
        say("nobody was told: Prometheus reads the files when it reloads (--url or --pid-file would have it reload)")
        return
    await _reload(target, process)
    if target.web is None:
        say("told to reload; without --url nobody asked whether it did")
        return
    missing = await _missing(target.web, wanted)
    if missing:
        raise PublishError(
            f"{target.web.url} has reloaded, but has not loaded {', '.join(missing)}: "
            f"its rule_files are {await _rule_files(target.web)}, do they find {target.folder}/*.yml?"
        )
    say(f"loaded by {target.web.url}")


async def _undone(target: Target, process: int | None, planned: Plan, before: Disk) -> str:
    """Put the former files back and have them loaded; what came of it, for people."""
    try:
        disk.take_back(target.folder, planned, before.manifest)
    except PublishError as error:
        return f"the former files are not back: {error}"
    if target.web is None and process is None:
        return "the former files are back"
    try:
        await _reload(target, process)
    except PublishError as error:
        return f"the former files are back, but not loaded anew: {error}"
    return "the former files are back, and loaded"


async def _reload(target: Target, process: int | None) -> None:
    """Have Prometheus reload, and wait until it has. Raises PublishError when it says that it could not."""
    if process is None and target.web is not None:
        await target.web.ask("POST", "/-/reload")
        return
    assert process is not None  # noqa: S101 - _loaded has seen to it
    before = None if target.web is None else await _last_reload(target.web)
    try:
        os.kill(process, signal.SIGHUP)
    except OSError as error:
        raise PublishError(f"SIGHUP to process {process}: {error.strerror}") from error
    if target.web is not None and before is not None:
        try:
            async with asyncio.timeout(target.patience_seconds):
                await _reloaded_since(target.web, before)
        except TimeoutError as error:
            raise PublishError(
                f"{target.web.url} has not reloaded within {target.patience_seconds:g} s after SIGHUP: its log says why"
            ) from error


async def _reloaded_since(web: Web, before: tuple[float, bool]) -> None:
    while True:
        at, successful = await _last_reload(web)
        if successful and at > before[0]:
            return
        if before[1] and not successful:
            raise PublishError(f"{web.url} could not reload: its log says why")
        await asyncio.sleep(_AGAIN_SECONDS)


async def _last_reload(web: Web) -> tuple[float, bool]:
    """When Prometheus last reloaded with success, in seconds since 1970, and whether the last try was one."""
    text = (await web.ask("GET", "/metrics")).body.decode(errors="replace")
    values = dict(re.findall(rf"^({_RELOADED}|{_SUCCESSFUL}) (\S+)$", text, re.MULTILINE))
    if values.keys() != {_RELOADED, _SUCCESSFUL}:
        raise PublishError(f"{web.url}/metrics does not say when it reloaded: is it Prometheus?")
    return float(values[_RELOADED]), float(values[_SUCCESSFUL]) == 1


async def _missing(web: Web, wanted: Mapping[str, str]) -> list[str]:
    """The files of which not each group is loaded with all its rules."""
    answer = await web.ask("GET", "/api/v1/rules")
    loaded = {
        (Path(str(group["file"])).name, str(group["name"]), tuple(str(rule["name"]) for rule in group["rules"]))
        for group in answer.member("data", "groups")
    }
    return [name for name, text in wanted.items() if not loaded.issuperset(expected(name, text))]


def expected(name: str, text: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """The groups in a rule file: its name, the group, and the names of the group's rules. Pure."""
    document: Any = yaml.safe_load(text)
    for group in document["groups"]:
        yield name, group["name"], tuple(rule.get("alert") or rule["record"] for rule in group["rules"])


async def _rule_files(web: Web) -> str:
    """What Prometheus' configuration says of rule files, for people."""
    answer = await web.ask("GET", "/api/v1/status/config")
    configuration: Any = yaml.safe_load(str(answer.member("data", "yaml")))
    return ", ".join(map(str, (configuration or {}).get("rule_files") or ())) or "none"


def _process(file: Path) -> int:
    """The process that a file names. Raises PublishError when it names none."""
    try:
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PublishError(f"{file}: {getattr(error, 'strerror', None) or error}") from error
    if not re.fullmatch(r"[1-9]\d{0,9}", text, re.ASCII):
        raise PublishError(f"{file}: expected the number of a process")
    return int(text)
