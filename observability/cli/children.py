"""Processes that one process starts, watches over and ends: this program again, and others. Starts processes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, TextIO

import aiohttp

from observability.errors import ObservabilityError

STOP_SECONDS: Final = 10.0
START_SECONDS: Final = 30.0
_MODULE: Final = "observability"
_PROMISE: Final = """\
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() != {parent}:
    sys.exit()
"""
_OURSELVES: Final = f"""\
{_PROMISE}import runpy
runpy.run_module("{_MODULE}", run_name="__main__")
"""
_OTHER: Final = f"""\
{_PROMISE}os.execv(sys.argv[1], sys.argv[1:])
"""
"""Programs that get a SIGTERM when their parent is gone (PR_SET_PDEATHSIG), even by SIGKILL; Linux only. The promise
outlives execve, and is of no use when the parent was gone before it was given."""


class DemoError(ObservabilityError):
    """One of the processes ended by itself, does not answer, or is not there."""

    exit_code = 3


class Child(NamedTuple):
    """A process that was started. `log`: the file with what it says; None: it says it where this process does."""

    name: str
    process: asyncio.subprocess.Process
    log: Path | None = None


async def start(
    name: str, arguments: Sequence[str], *, piped: bool = False, tied: bool = False, stdout: TextIO | None = None
) -> Child:
    """This program again, with other arguments, in a session of its own: Ctrl-C reaches only the supervisor.

    `stdout` None: that of this process.
    When the supervisor is gone, a `piped` one sees its stdin close, and a `tied` one is told to end, where that works.
    """
    stdin = subprocess.PIPE if piped else subprocess.DEVNULL
    linux = sys.platform == "linux"
    program = ("-c", _OURSELVES.format(parent=os.getpid())) if tied and linux else ("-m", _MODULE)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *program, *arguments, stdin=stdin, stdout=stdout, start_new_session=True
    )
    return Child(name, process)


async def start_other(name: str, command: Sequence[str], log: Path) -> Child:
    """Another program, by its path, in a session of its own, tied to this process where that works."""
    tied = (sys.executable, "-c", _OTHER.format(parent=os.getpid())) if sys.platform == "linux" else ()
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *tied, *command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    return Child(name, process, log)


async def answers(url: str, child: Child, stop: asyncio.Event) -> bool:
    """Wait until the child answers at `url`; False when it is time to stop. Raises DemoError."""
    try:
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as client:
            while not stop.is_set():
                alive(child)
                try:
                    async with client.get(url) as response:
                        if response.ok:
                            return True
                except aiohttp.ClientError:
                    pass  # it does not listen yet
                await asyncio.sleep(0.1)
    except TimeoutError as error:
        raise DemoError(f"{child.name} does not answer at {url} within {START_SECONDS:.0f} s") from error
    return False


async def until(stop: asyncio.Event, children: Sequence[Child]) -> None:
    """Wait for `stop`. Raises DemoError when a child ends before."""
    waits = [asyncio.create_task(child.process.wait()) for child in children]
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({*waits, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for task in (*waits, stopped):
        task.cancel()
    if not stop.is_set():
        for child in children:
            alive(child)


def alive(child: Child) -> None:
    """Raises DemoError, with the last that it said, when it ended."""
    code = child.process.returncode
    if code is None:
        return
    hint = f"{_last_words(child.log)} (--no-monitoring leaves it out)" if child.log else ""
    error = DemoError(f"{child.name} ended by itself, with exit code {code}{hint}")
    if code == 2 and child.log is None:  # it has said what is wrong with an option or an address
        error.exit_code = 2
    raise error


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return f": {lines[-1]}" if lines else ""


async def end(children: Sequence[Child]) -> None:
    """SIGTERM, the last started first; SIGKILL for what is still there after ten seconds."""
    running = [child.process for child in reversed(children) if child.process.returncode is None]
    for process in running:
        process.send_signal(signal.SIGTERM)
    for process in running:
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
