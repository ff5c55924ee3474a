"""One Application of a cluster, with the sync windows that may hold for it. Loads the Kubernetes client."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, TypeAlias

import click
from msgspec.structs import replace

from observability.errors import Forbidden, MalformedResource, NotFound, SourceError
from observability.model.application import Application, Key
from observability.model.applicationset import ApplicationSet
from observability.model.observation import Kind
from observability.model.project import Project
from observability.settings import Settings
from observability.sources.applications import decode_application
from observability.sources.argocd import ARGOCD
from observability.sources.groupings import decode_applicationset, decode_project
from observability.sources.kubernetes import connect
from observability.state.calendar import Calendar

DEFAULT_NAMESPACE: Final = "argocd"
DEFAULT_PROJECT: Final = "default"
"""That of Applications that name none."""

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
"""What Kubernetes lets a name be; no other can be asked for."""

Get: TypeAlias = Callable[[str], Awaitable[bytes]]
"""The JSON at a path of the API. Raises as `observability.sources.kubernetes.Connection.get`."""

_PATHS: Final = {kind.kind: kind.path for kind in ARGOCD.kinds}


class Found(NamedTuple):
    """An Application of a cluster, with its owner (None: none, or not to be seen) and the projects that concern it."""

    application: Application
    applicationset: ApplicationSet | None
    calendar: Calendar


def find(name: str, settings: Settings) -> Found:
    """The Application `[NAMESPACE/]NAME` of the cluster that the settings name.

    Raises:
        UsageError: no name.
        SettingsError: no such kubeconfig.
        SourceError: the cluster cannot be reached, or the Application or its project is not there.
    """
    return asyncio.run(_find(_key(name), settings))


def _key(name: str) -> Key:
    namespace, slash, short = name.rpartition("/")
    key = Key(namespace if slash else DEFAULT_NAMESPACE, short)
    if not all(map(_NAME.fullmatch, key)):
        raise click.UsageError(f"expected [NAMESPACE/]NAME, such as argocd/shop-prod, got {json.dumps(name)}")
    return key


async def _find(key: Key, settings: Settings) -> Found:
    async with connect(settings.kubernetes, time.time) as connection:  # noqa: TID251 - for Retry-After with a date
        application, projects = await gather(
            connection.get, key, tuple(one.project for one in settings.argocd.global_projects)
        )
        owner = await _applicationset(connection.get, application)
    calendar = Calendar(settings.argocd.global_projects)
    for project in projects:
        calendar.put(project)
    return Found(application, owner, calendar)


async def _applicationset(get: Get, application: Application) -> ApplicationSet | None:
    if not application.applicationset:
        return None
    key = Key(application.namespace, application.applicationset)
    try:
        return decode_applicationset(await get(_PATHS[Kind.APPLICATIONSET](*key)), [])
    except (Forbidden, NotFound, MalformedResource):
        return None


async def gather(get: Get, key: Key, global_projects: tuple[str, ...]) -> tuple[Application, tuple[Project, ...]]:
    """The Application and its AppProject, with the global projects that exist beside that."""
    try:
        application = decode_application(await get(_PATHS[Kind.APPLICATION](*key)), [])
    except MalformedResource as error:
        raise SourceError(f"Application {error}") from error
    application = replace(application, project=application.project or DEFAULT_PROJECT)
    own = await _own(get, application)
    others = [await _project(get, Key(own.namespace, name)) for name in global_projects if name != own.name]
    return application, (own, *(project for project in others if project is not None))


async def _own(get: Get, application: Application) -> Project:
    for namespace in dict.fromkeys((application.controller_namespace, DEFAULT_NAMESPACE, application.namespace)):
        if namespace and (project := await _project(get, Key(namespace, application.project))) is not None:
            return project
    raise SourceError(
        f"AppProject {application.project} of Application {application.namespace}/{application.name} is not there"
    )


async def _project(get: Get, key: Key) -> Project | None:
    """An AppProject; None when there is no such one, or none that the API shows."""
    try:
        return decode_project(await get(_PATHS[Kind.PROJECT](*key)), [])
    except NotFound:
        return None
    except MalformedResource as error:
        raise SourceError(f"AppProject {error}") from error
