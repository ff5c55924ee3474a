"""The company: its teams, services, Applications, AppProjects and ApplicationSets. The same for a seed. Pure."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from typing import Any, Final, NamedTuple

from observability.demo.application import App, Deployed, Operation, OperationState, Release, Unit
from observability.demo.applicationsets import application_set
from observability.demo.objects import API_VERSION, SERVER, Literal, render
from observability.demo.operations import SUCCEEDED

ENVIRONMENTS: Final = ("dev", "staging", "prod")
PEOPLE: Final = ("alice", "bob", "carol", "dmitri", "esra", "femi")

_DAY = 86_400.0
_NIGHTS = {
    "kind": "allow",
    "schedule": "0 6 * * *",
    "duration": "14h",
    "applications": ["*-staging"],
    "manualSync": True,
    "timeZone": "Europe/Berlin",
    "description": "staging is left alone at night",
}
_WEEKENDS = {
    "kind": "deny",
    "schedule": "0 18 * * 5",
    "duration": "62h",
    "applications": ["*-prod"],
    "manualSync": True,
    "timeZone": "Europe/Berlin",
    "description": "nothing by itself on weekends",
}
_NEW_YEAR = {
    "kind": "deny",
    "schedule": "0 0 31 12 *",
    "duration": "48h",
    "applications": ["*"],
    "description": "end of year freeze",
}


class Team(NamedTuple):
    """A team: its AppProject, the namespace of its Applications, and `domains`, the roots of its services' names.

    `generator`: how its ApplicationSet rolls out; empty when people create its Applications.
    """

    name: str
    domains: tuple[str, ...]
    windows: tuple[dict[str, Any], ...] = ()
    generator: str = ""
    namespace: str = "argocd"


TEAMS: Final = (
    Team("commerce", ("checkout", "cart", "catalog", "pricing", "wishlist"), (_WEEKENDS,)),
    Team("payments", ("payments", "refunds", "ledger", "fraud", "invoices"), (_NEW_YEAR,)),
    Team("logistics", ("shipping", "tracking", "warehouse", "returns", "labels"), (_NIGHTS,), "AllAtOnce"),
    Team("identity", ("auth", "profile", "consent", "sessions", "permissions")),
    Team("search", ("search", "suggest", "ranking", "indexer", "synonyms"), (), "RollingSync"),
    Team("media", ("images", "video", "thumbnails", "captions", "uploads"), (), "AllAtOnce"),
    Team("messaging", ("mail", "push", "inbox", "templates", "webhooks"), (_NIGHTS, _WEEKENDS)),
    Team("data", ("events", "metrics", "reports", "exports", "features"), namespace="team-data"),
    Team("platform", ("gateway", "config", "scheduler", "secrets", "registry"), (_NEW_YEAR,)),
    Team("support", ("tickets", "chat", "knowledge", "callbacks", "surveys"), (), "AllAtOnce"),
    Team("partners", ("partners", "feeds", "affiliates", "onboarding", "contracts")),
    Team("mobile", ("mobile", "deeplinks", "devices", "experiments", "crashes")),
)
_PARTS = ("", "api", "worker", "web", "jobs", "cache", "sync", "stream", "admin", "proxy", "rules", "edge")


class Service(NamedTuple):
    """A service, in its environments, first to last. `pinned`: its prod follows tags, not the branch.

    `standing`: something is wrong with it from the start and stays so; nothing else happens to it.
    """

    name: str
    team: Team
    units: tuple[Unit, ...]
    pinned: bool
    standing: bool


class Company(NamedTuple):
    """All that is in the cluster when it starts."""

    services: list[Service]
    applications: list[App]
    projects: list[Literal]
    sets: list[Literal]


@lru_cache(maxsize=65_536)
def stamp(at: int) -> str:
    """The RFC 3339 time of `at`, whole seconds since the epoch."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def found(applications: int, random: Random, now: float, object_bytes: int = 0) -> Company:
    """A company with so many Applications. `object_bytes`: the mean size of their JSON, 0: the least, about 5,000."""
    resources = _resources(object_bytes, applications // 3, now) if object_bytes else 3
    services: list[Service] = []
    records: list[App] = []
    sets = {team.name: _uid(random) for team in TEAMS if team.generator}
    for number, first in enumerate(range(0, applications, len(ENVIRONMENTS))):
        environments = ENVIRONMENTS[: applications - first]
        service, members = _service(number, environments, random, sets, (now, resources))
        services.append(service)
        records += members
    return Company(services, records, [_project(team, now) for team in TEAMS], _sets(services, sets, now))


def version_after(version: str, random: Random) -> str:
    """The version that follows `version`."""
    major, minor, patch = (int(part) for part in version.split("."))
    return f"{major}.{minor}.{patch + 1}" if random.random() < 0.6 else f"{major}.{minor + 1}.0"


def revision(random: Random) -> str:
    """A commit SHA."""
    return f"{random.getrandbits(160):040x}"


def _uid(random: Random) -> str:
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def fresh(unit: Unit, random: Random, now: str) -> Unit:
    """The same Application created anew."""
    return Unit(
        **{field: getattr(unit, field) for field in unit.__struct_fields__} | {"uid": _uid(random), "created_at": now}
    )


def _service(
    number: int,
    environments: tuple[str, ...],
    random: Random,
    sets: dict[str, str],
    when_and_size: tuple[float, int],
) -> tuple[Service, list[App]]:
    now, resources = when_and_size
    team = TEAMS[number % len(TEAMS)]
    name = _name(number)
    age = random.uniform(60, 400) * _DAY
    created_at = stamp(int(now - age) // 600 * 600)
    units = tuple(
        Unit(
            key=(team.namespace, f"{name}-{environment}"),
            uid=_uid(random),
            service=name,
            environment=environment,
            team=team.name,
            repository=f"https://git.example.com/{team.name}/{name}.git",
            path=f"envs/{environment}",
            created_at=created_at,
            automated=environment == "dev" or random.random() < 0.02,
            resources=resources,
            owner=f"{team.name}-services" if team.generator else "",
            owner_uid=sets.get(team.name, ""),
        )
        for environment in environments
    )
    pinned = random.random() < 0.8
    trouble = next((make for chance, make in _TROUBLES if random.random() < chance), None)
    past = _past(random, now)
    compared_at = stamp(int(now - random.uniform(0, 150)))
    records = [
        _healthy(unit, past, pinned and unit.environment == "prod", random).write(reconciled_at=compared_at)
        for unit in units
    ]
    if trouble:
        records[-1] = trouble(records[-1], random)
    return Service(name, team, units, pinned, standing=trouble is not None), records


def _name(number: int) -> str:
    team = TEAMS[number % len(TEAMS)]
    rest, domain = divmod(number // len(TEAMS), len(team.domains))
    again, part = divmod(rest, len(_PARTS))
    words = [team.domains[domain], _PARTS[part], str(again + 1) if again else ""]
    return "-".join(word for word in words if word)


def _past(random: Random, now: float) -> list[tuple[str, str, str]]:
    """One to four deployments, oldest first: revision, version, time."""
    at = now - random.uniform(1, 4) * 3600
    version = f"{random.randint(1, 4)}.{random.randint(0, 30)}.0"
    times = sorted(at - random.uniform(0, 20) * _DAY for _ in range(random.randint(0, 3)))
    past = []
    for time in (*times, at):
        past.append((revision(random), version, stamp(int(time) // 60 * 60)))
        version = version_after(version, random)
    return past


def _healthy(unit: Unit, past: list[tuple[str, str, str]], pinned: bool, random: Random) -> App:
    """An application that was deployed, is Synced and Healthy, and at rest."""
    username = "" if unit.automated else random.choice(PEOPLE)
    history = tuple(
        Deployed(
            id=number,
            release=Release(sha, f"v{version}" if pinned else "main", version),
            started_at=at,
            deployed_at=at,
            username=username,
            automated=unit.automated,
        )
        for number, (sha, version, at) in enumerate(past)
    )
    last = history[-1]
    operation = Operation(last.release, username, unit.automated, retries=5 if unit.automated else 0)
    state = OperationState(
        operation,
        "Succeeded",
        last.started_at,
        last.deployed_at,
        SUCCEEDED,
        result="configured" if last.id else "created",
    )
    return App(
        unit=unit,
        target=last.release.target,
        generation=12 + 9 * len(history),
        has_status=True,
        compared=last.release,
        sync="Synced",
        live="sss",
        health="Healthy",
        health_since=last.deployed_at,
        version=last.release.version,
        state=state,
        history=history,
    )


def _drifted(app: App, _random: Random) -> App:
    return app.write(sync="OutOfSync", live="Oss")


def _behind(app: App, random: Random) -> App:
    assert app.compared is not None  # noqa: S101 - _healthy has compared it
    version = version_after(app.version, random)
    waiting = Release(revision(random), "main" if app.target == "main" else f"v{version}", version)
    return app.write(sync="OutOfSync", live="ssO", compared=waiting, target=waiting.target)


def _broken(app: App, _random: Random) -> App:
    return app.write(health="Degraded")


def _paused(app: App, _random: Random) -> App:
    return app.write(health="Suspended")


def _never(app: App, _random: Random) -> App:
    return app.write(sync="OutOfSync", live="OOO", health="Missing", history=(), state=None, version="")


_TROUBLES: Final[tuple[tuple[float, Callable[[App, Random], App]], ...]] = (
    (0.03, _drifted),
    (0.03, _behind),
    (0.02, _broken),
    (0.015, _paused),
    (0.015, _never),
)


def _resources(object_bytes: int, services: int, now: float) -> int:
    """How many resources make an Application so large: the size grows linearly with them."""
    small, large = (_mean_bytes(count, services, now) for count in (3, 43))
    return max(3, 3 + round((object_bytes - small) * 40 / (large - small)))


def _mean_bytes(resources: int, services: int, now: float) -> float:
    """The mean size of a hundredth of the company's Applications, if each had so many resources."""
    random = Random(1)
    sets = {team.name: _uid(random) for team in TEAMS if team.generator}
    sizes = [
        len(render(app, 10**6))
        for number in range(0, services + 1, max(1, services // 100))
        for app in _service(number, ENVIRONMENTS, random, sets, (now, resources))[1]
    ]
    return sum(sizes) / len(sizes)


def _project(team: Team, now: float) -> Literal:
    spec: dict[str, Any] = {
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        "description": f"team {team.name}",
        "destinations": [{"namespace": "*", "server": SERVER}],
        "sourceNamespaces": [team.namespace],
        "sourceRepos": [f"https://git.example.com/{team.name}/*"],
    }
    if team.windows:
        spec["syncWindows"] = list(team.windows)
    metadata = {
        "creationTimestamp": stamp(int(now - 500 * _DAY)),
        "generation": 1,
        "labels": {"team": team.name},
        "name": team.name,
        "namespace": "argocd",
        "uid": f"00000000-0000-4000-a000-{TEAMS.index(team):012d}",
    }
    return Literal({"apiVersion": API_VERSION, "kind": "AppProject", "metadata": metadata, "spec": spec})


def _sets(services: list[Service], uids: dict[str, str], now: float) -> list[Literal]:
    units: dict[str, list[Unit]] = {name: [] for name in uids}
    for service in services:
        if service.team.generator:
            units[service.team.name] += service.units
    created_at = stamp(int(now - 450 * _DAY))
    return [
        application_set(team.name, team.generator, uids[team.name], units[team.name], created_at)
        for team in TEAMS
        if team.generator
    ]
