"""Applications and AppProjects from files, as people have them: YAML or JSON, whole or with little but a spec.

Without the client of Kubernetes and without settings, so that a script can ask thousands of times.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec

from observability.errors import MalformedResource, SettingsError
from observability.model.application import Application
from observability.model.project import Project
from observability.sources.applications import decode_application
from observability.sources.engine import Problems
from observability.sources.groupings import decode_project

STDIN: Final = "-"
_NAMELESS: Final = "nameless"

T = TypeVar("T", Application, Project)


def read(application_file: str, project_files: Sequence[str]) -> tuple[Application, tuple[Project, ...]]:
    """The Application, and its AppProject followed by the global projects whose windows hold, too.

    What the projects are named does not matter: who gives the files says that they concern the Application.

    Raises:
        UsageError: stdin is named twice.
        SettingsError: one cannot be read, or is something else.
    """
    if (application_file, *project_files).count(STDIN) > 1:
        raise click.UsageError("only one file can be read from stdin")
    projects = tuple(map(project, project_files))
    return application(application_file), projects


def application(file: str) -> Application:
    """The Application in `file`, or on stdin for `-`; without a name its name is empty.

    Raises:
        SettingsError: it cannot be read, or is something else.
    """
    return _decoded(file, decode_application, ("metadata", "spec.destination", "spec.project"))


def project(file: str) -> Project:
    """The AppProject in `file`; see `application`."""
    return _decoded(file, decode_project, ("metadata", "spec.syncWindows"))


def _decoded(file: str, decode: Callable[[bytes, Problems], T], needed: tuple[str, ...]) -> T:
    """The object; what is wrong with fields that are not `needed` does not matter."""
    document = _document(file)
    nameless = _give_name(file, document)
    problems: Problems = []
    try:
        found = decode(msgspec.json.encode(document), problems)
    except MalformedResource as error:
        raise SettingsError(file, error.path, error.expected) from error
    for path, expected in problems:
        if path.startswith(needed):
            raise SettingsError(file, path, expected)
    return msgspec.structs.replace(found, name="") if nameless else found


def _give_name(file: str, document: dict[str, Any]) -> bool:
    """Sees to it that there is a name, which the decoder wants; True when there was none."""
    metadata = document["metadata"] = document.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise SettingsError(file, "metadata", "expected a mapping")
    if metadata.get("name"):
        return False
    metadata["name"] = _NAMELESS
    return True


def _document(file: str) -> dict[str, Any]:
    content = _content(file)
    try:
        document = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = _yaml(file, content)
    if not isinstance(document, dict):
        raise SettingsError(file, "", "expected one object, as YAML or JSON")
    return document


def _content(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        raise SettingsError(file, "", f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _yaml(file: str, content: bytes) -> Any:
    import yaml  # noqa: PLC0415 - JSON does not need it

    try:
        # Encoded and decoded once, so that dates are text and a document that contains itself ends here.
        return msgspec.json.decode(msgspec.json.encode(yaml.safe_load(content)))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise SettingsError(file, "", f"expected YAML or JSON: {error}") from error
