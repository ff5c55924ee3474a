"""Commits as local clones have them. I/O: runs `git`, which reads and does nothing else.

A clone is somebody else's, and so is its configuration: no hook, pager, signature program or transport of it runs,
and what is not there is not fetched. Nothing of the environment reaches Git, and nothing asks for a password.
Source: Git 2.39, git-show(1), git-config(1), git(1).
"""

import asyncio
import os
import re
import shutil
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from observability.errors import SettingsError, SourceError
from observability.model.application import Key
from observability.model.commit import Commit, Signature
from observability.sources import redaction
from observability.sources.commits import source

log = structlog.get_logger(__name__)

OUTPUT_BYTES_MAX: Final = 1 << 16
"""So much of what Git writes is kept: the headers of a commit, and the beginning of its message."""

_NOWHERE: Final = os.devnull
_CONFIGURATION: Final = (
    "safe.directory=*",  # the settings name the clone; mostly somebody else owns it, a sidecar that fetches
    f"core.hooksPath={_NOWHERE}",
    "core.fsmonitor=false",
    "log.showSignature=false",
)
_OPTIONS: Final = ("--no-pager", "--no-replace-objects", "--no-optional-locks", "--literal-pathspecs")
_ENVIRONMENT: Final[Mapping[str, str]] = {
    "LC_ALL": "C",  # messages are read
    "HOME": _NOWHERE,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": _NOWHERE,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "false",
    "SSH_ASKPASS": "false",
    "GIT_ALLOW_PROTOCOL": "none",  # a clone without all objects would fetch what it lacks
    "GIT_NO_LAZY_FETCH": "1",  # the same, from 2.45 on
}
_FIELDS: Final = "%H%x00%an%x00%ae%x00%at%x00%D%x00%s"
_SHOW: Final = (
    "show",
    "--no-patch",
    "--no-show-signature",
    "--no-use-mailmap",
    "--no-color",
    "--encoding=UTF-8",
    "--decorate=full",
    "--decorate-refs=refs/tags/*",
    f"--format=tformat:{_FIELDS}",
    "--end-of-options",
)
_TAG: Final = "tag: refs/tags/"
_MISSING: Final = re.compile(r"bad revision|bad object|unknown revision|ambiguous|promisor|not allowed|expected commit")
"""How Git says that there is no such commit in this clone."""


class _Said(NamedTuple):
    status: int
    output: bytes
    errors: str


class Clones:
    """Clones of repositories, by their URL. Others keep them up to date, and may put another one in its place.

    `git` is the command, None: the one on the PATH. A question takes `timeout_seconds` at most.

    Raises SettingsError when there is no Git.
    """

    def __init__(self, clones: Mapping[str, Path], timeout_seconds: float, git: str | None = None) -> None:
        found = git or shutil.which("git")
        if found is None:
            raise SettingsError("argocd.metadata", "source", "expected git to be installed, clone needs it")
        self._git_command = found
        self._clones = {_same(url): path for url, path in clones.items()}
        self._timeout_seconds = timeout_seconds

    async def commit(self, application: Key, repository: str, revision: str, place: int = 0) -> Commit | None:
        """As `CommitSource.commit`. None also for a repository without a clone, and for a clone that cannot be read."""
        del application, place
        path = self._clones.get(_same(repository))
        if path is None or not source.is_askable(revision):
            return None
        # A branch or another reference with such a name is not meant.
        name = revision if source.is_sha(revision) else f"refs/tags/{revision}"
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._found(path, repository, revision, name)
        except TimeoutError:
            raise SourceError(f"{path}: git did not answer within {self._timeout_seconds:g} s") from None
        except OSError as error:
            raise SourceError(f"{path}: cannot run git: {error.strerror}") from None

    async def close(self) -> None:
        """Nothing is open."""

    async def _found(self, path: Path, repository: str, revision: str, name: str) -> Commit | None:
        shown = await self._git(path, *_SHOW, f"{name}^{{commit}}", "--")
        fields = shown.output.decode("utf-8", "replace").split("\0", 5)
        if shown.status != 0 or len(fields) != 6:
            _explain(shown, path, revision)
            return None
        sha, author_name, author_email, authored_at, decoration, subject = fields
        if source.is_sha(revision) and not sha.startswith(revision.lower()):
            return None  # a reference has the name of a hash, and goes first
        signature = _signature(await self._git(path, "cat-file", "commit", sha))
        return Commit(
            repository=repository,
            revision=revision,
            author_name=source.name(author_name),
            author_email=source.name(author_email),
            authored_at=source.instant(float(authored_at)) if authored_at.isdecimal() else None,
            message=source.first_line(subject),
            signature=signature,
            tags=source.tags([ref.removeprefix(_TAG) for ref in decoration.split(", ") if ref.startswith(_TAG)]),
        )

    async def _git(self, path: Path, *arguments: str) -> _Said:
        configured = [part for setting in _CONFIGURATION for part in ("-c", setting)]
        process = await asyncio.create_subprocess_exec(
            self._git_command,
            "-C",
            str(path),
            *configured,
            *_OPTIONS,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**_ENVIRONMENT, "GIT_CEILING_DIRECTORIES": _above(path)},
            start_new_session=True,
        )
        try:
            output, errors = await asyncio.gather(_beginning(process.stdout), _beginning(process.stderr))
            status = await process.wait()
        finally:
            if process.returncode is None:
                await _end(process)
        return _Said(status, output, errors.decode("utf-8", "replace"))


def _above(path: Path) -> str:
    """The folder above a clone: without such a ceiling Git looks for a repository further up."""
    return str(Path(os.path.realpath(path)).parent)


async def _beginning(stream: asyncio.StreamReader | None) -> bytes:
    """What comes, to the end; no more of it is kept than `OUTPUT_BYTES_MAX`."""
    kept = bytearray()
    while stream is not None and (chunk := await stream.read(1 << 16)):
        kept += chunk[: OUTPUT_BYTES_MAX - len(kept)]
    return bytes(kept)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill it with all that it began: they would keep the pipes open."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _explain(said: _Said, path: Path, revision: str) -> None:
    """Say in the log why there is nothing; a commit that is just not there yet is no trouble."""
    if said.status == 0 or not _MISSING.search(said.errors):
        reason = redaction.message(said.errors.strip()) or f"unexpected output, status {said.status}"
        log.warning("cannot read a clone", path=str(path), revision=revision, reason=reason)


def _signature(raw: _Said) -> Signature | None:
    """Whether there is one, from the headers of the commit. To check it would run a program that the clone names."""
    headers, end, _ = raw.output.partition(b"\n\n")
    if raw.status != 0 or not end:
        return None
    signed = any(line.startswith((b"gpgsig ", b"gpgsig-sha256 ")) for line in headers.split(b"\n"))
    return Signature.UNVERIFIED if signed else Signature.NONE


def _same(url: str) -> str:
    """Equal for what Argo CD takes for one repository, but for SSH and HTTPS (`NormalizeGitURL` in util/git/git.go)."""
    return redaction.url(url.strip()).rstrip("/").removesuffix(".git").casefold()
