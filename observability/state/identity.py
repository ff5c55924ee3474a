"""Which environment and service an Application belongs to, by the rules of the settings."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeAlias

from observability.model.application import Application, Key
from observability.model.applicationset import ApplicationSet
from observability.model.observation import Kind
from observability.model.project import Project
from observability.model.state import Identity
from observability.settings.environments import Environment, IdentityRule, IdentitySource

UNASSIGNED: Final = "unassigned"
"""The environment of an Application that no rule assigns to one."""

Owner: TypeAlias = ApplicationSet | Project | None


def _label(app: Application, _: Owner, __: Owner, key: str | None) -> str | None:
    return app.labels.get(key or "")


def _of_applicationset(app: Application, owner: Owner, _: Owner, key: str | None) -> str | None:
    if key is None:
        return app.applicationset or None
    return owner.labels.get(key) if owner is not None else None


def _of_project(app: Application, _: Owner, project: Owner, key: str | None) -> str | None:
    if key is None:
        return app.project
    return project.labels.get(key) if project is not None else None


def _of_destination(app: Application, _: Owner, __: Owner, key: str | None) -> str | None:
    return {"server": app.destination.server, "name": app.destination.name}.get(key or "", app.destination.namespace)


def _name(app: Application, _: Owner, __: Owner, ___: str | None) -> str | None:
    return app.name


_TEXTS: Final[Mapping[IdentitySource, Callable[[Application, Owner, Owner, str | None], str | None]]] = {
    IdentitySource.APPLICATION_LABEL: _label,
    IdentitySource.APPLICATIONSET: _of_applicationset,
    IdentitySource.PROJECT: _of_project,
    IdentitySource.DESTINATION: _of_destination,
    IdentitySource.NAME: _name,
}


class Identification:
    """The rules, ready for use. Environment and service each come from the first rule that matches and tells them."""

    def __init__(self, rules: tuple[IdentityRule, ...], environments: tuple[Environment, ...]) -> None:
        self._rules = tuple((_TEXTS[rule.source], rule.key, re.compile(rule.pattern)) for rule in rules)
        asked = {rule.source for rule in rules if rule.key is not None}
        self.asks_applicationsets = IdentitySource.APPLICATIONSET in asked
        """A label of ApplicationSets is asked for."""
        self.asks_projects = IdentitySource.PROJECT in asked
        """A label of AppProjects is asked for."""
        self._names = {word: one.name for one in environments for word in (one.name, *one.aliases)}

    def identify(self, app: Application, owner: ApplicationSet | None, project: Project | None) -> Identity:
        """The identity labels of `app`; `owner` and `project` are None when they are not known."""
        environment = service = ""
        for text_of, key, pattern in self._rules:
            text = text_of(app, owner, project, key)
            found = pattern.fullmatch(text) if text else None
            if found is None:
                continue
            told = found.groupdict()
            if told.get("environment") is not None and told["environment"] not in self._names:
                continue
            environment = environment or self._names.get(told.get("environment") or "", "")
            service = service or told.get("service") or ""
            if environment and service:
                break
        return Identity(
            app.engine, app.namespace, app.name, app.project, environment or UNASSIGNED, service or app.name
        )


class Identities:
    """Gives identities, and knows which are provisional: what tells them had not come yet."""

    def __init__(self, identification: Identification) -> None:
        self._identification = identification
        self._waiting: dict[tuple[Kind, str], set[Key]] = {}

    def identify(self, app: Application, owner: ApplicationSet | None, project: Project | None) -> Identity:
        """The identity as far as it can be told now; `owner` and `project` are None when they are not known."""
        asked = self._identification
        self._note(app, Kind.APPLICATIONSET, app.applicationset, missed=asked.asks_applicationsets and owner is None)
        self._note(app, Kind.PROJECT, app.project, missed=asked.asks_projects and project is None)
        return asked.identify(app, owner, project)

    def waiting_for(self, kind: Kind, name: str) -> Collection[Key]:
        """The Applications whose identity this object may tell."""
        return self._waiting.get((kind, name), ())

    def is_provisional(self, key: Key) -> bool:
        """Something that may tell its identity has not come yet."""
        return bool(self._waiting) and any(key in keys for keys in self._waiting.values())

    def forget(self, key: Key) -> None:
        """The Application is gone."""
        for keys in self._waiting.values():
            keys.discard(key)

    def _note(self, app: Application, kind: Kind, name: str, *, missed: bool) -> None:
        if name and missed:
            self._waiting.setdefault((kind, name), set()).add(app.key)
        elif keys := self._waiting.get((kind, name)):
            keys.discard(app.key)
