"""Reads and writes rule files in a folder: each whole or not at all, all of them or none. Reads and writes files."""

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from observability.errors import PublishError
from observability.monitoring.publish.rulefiles import MANIFEST, Plan

_ENDINGS: Final = {".yml", ".yaml"}


class Disk(NamedTuple):
    """What is in a folder: its rule files by name, and our manifest, None when there is none."""

    files: Mapping[str, bytes]
    manifest: bytes | None


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other runs out of the folder. Raises PublishError when one is at work there, or there is no folder."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise PublishError(f"{folder}: expected a folder whose files Prometheus reads: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise PublishError(f"{folder}: another gitops-obs publish is at work there") from error
    finally:
        os.close(descriptor)


def read(folder: Path) -> Disk:
    """What is there. Raises PublishError when the folder cannot be read."""
    try:
        files = {
            path.name: path.read_bytes()
            for path in sorted(folder.iterdir())
            if path.suffix in _ENDINGS and not path.name.startswith(".") and path.is_file()
        }
        return Disk(files, _content(folder / MANIFEST))
    except OSError as error:
        raise PublishError(f"{error.filename or folder}: {error.strerror or error}") from error


def write(folder: Path, plan: Plan, manifest_before: bytes | None) -> None:
    """Do what is planned. Raises PublishError when that fails; then all is as it was, or it says what is not."""
    contents: dict[str, bytes | None] = {step.name: step.after for step in plan.steps}
    contents[MANIFEST] = plan.manifest
    before = {step.name: step.before for step in plan.steps} | {MANIFEST: manifest_before}
    _put(folder, contents, before)


def take_back(folder: Path, plan: Plan, manifest_before: bytes | None) -> None:
    """Put back what was there before. Raises PublishError when that fails."""
    before = {step.name: step.before for step in plan.steps} | {MANIFEST: manifest_before}
    after: dict[str, bytes | None] = {step.name: step.after for step in plan.steps} | {MANIFEST: plan.manifest}
    _put(folder, before, after)


def mark_loaded(folder: Path, plan: Plan) -> None:
    """Say in the manifest that Prometheus has loaded the files. Raises PublishError when that cannot be written."""
    _put(folder, {MANIFEST: plan.loaded}, {MANIFEST: plan.manifest})


def _put(folder: Path, contents: Mapping[str, bytes | None], before: Mapping[str, bytes | None]) -> None:
    """Write all beside their places first: a full disk shows before anything is replaced."""
    try:
        _stage(folder, contents)
        for name, content in contents.items():
            _place(folder / name, content)
        _sync(folder)
    except OSError as error:
        said = f"{error.filename or folder}: {error.strerror or error}"
        kept = _as_before(folder, contents, before)
        told = f"not as before: {', '.join(kept)}" if kept else "all files are as they were before"
        raise PublishError(f"{said}\n{told}") from error
    finally:
        _clear(folder, contents)


def _stage(folder: Path, contents: Mapping[str, bytes | None]) -> None:
    for name, content in contents.items():
        if content is not None:
            with _beside(folder / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())


def _place(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
        return
    with contextlib.suppress(FileNotFoundError):
        _beside(path).chmod(path.stat().st_mode & 0o777)  # who could read it still can
    _beside(path).replace(path)


def _as_before(folder: Path, names: Iterable[str], before: Mapping[str, bytes | None]) -> list[str]:
    """Put back what was replaced so far; the names of those that are not as before."""
    kept = []
    for name in names:
        try:
            if _content(folder / name) != before[name]:
                _stage(folder, {name: before[name]})
                _place(folder / name, before[name])
        except OSError:
            kept.append(name)
    return kept


def _clear(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        with contextlib.suppress(OSError):
            _beside(folder / name).unlink()


def _beside(path: Path) -> Path:
    """Where a file is written before it takes its place: no glob for rules finds it."""
    return path.with_name(f".{path.name}.new")


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
