"""The JSON of the simulated objects, in the shape of recorded ones. Pure; the hot path of lists and watches.

Text is joined, never encoded object by object: 11 KB take about 20 µs. Names and messages are ours and ASCII.
Source: watch streams of Argo CD 3.6-dev behind kube-apiserver 1.35.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from observability.demo.application import App, Deployed, Operation, OperationState, Release, Unit
from observability.demo.managedfields import managed_fields
from observability.demo.store import Record

API_VERSION: Final = "argoproj.io/v1alpha1"
SERVER: Final = "https://kubernetes.default.svc"

_ABSENT = (
    '{"health":{},%s"sourceHydrator":{},"summary":{},'
    '"sync":{"comparedTo":{"destination":{},"source":{"repoURL":""}},"status":""}}'
)
_KINDS: Final = (
    ("", "v1", "ServiceAccount"),
    ("networking.k8s.io", "v1", "Ingress"),
    ("networking.k8s.io", "v1", "NetworkPolicy"),
    ("autoscaling", "v2", "HorizontalPodAutoscaler"),
    ("policy", "v1", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io", "v1", "Role"),
    ("rbac.authorization.k8s.io", "v1", "RoleBinding"),
    ("monitoring.coreos.com", "v1", "ServiceMonitor"),
    ("external-secrets.io", "v1", "ExternalSecret"),
    ("batch", "v1", "CronJob"),
    ("", "v1", "ConfigMap"),
)
_REFUSED: Final = (
    '{"group":"batch","hookPhase":"Failed","kind":"Job","message":"Job.batch \\"@-migrate\\" is invalid: '
    'spec.template: Invalid value: field is immutable","name":"@-migrate","namespace":"@n",'
    '"status":"SyncFailed","syncPhase":"Sync","version":"v1"}'
)
_SYNC: Final = {"s": "Synced", "O": "OutOfSync"}


class Literal(msgspec.Struct, frozen=True):
    """An object given as it is: AppProjects, ApplicationSets, and replayed recordings."""

    body: dict[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        metadata = self.body["metadata"]
        return metadata.get("namespace", ""), metadata["name"]

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels, for selectors."""
        labels: Mapping[str, str] = self.body["metadata"].get("labels") or {}
        return labels


def render(record: Record, resource_version: int) -> str:
    """The JSON of `record` at `resource_version`, which stands in place of one of its own."""
    if isinstance(record, App):
        return application(record, resource_version)
    if isinstance(record, Literal):
        metadata = record.body["metadata"] | {"resourceVersion": str(resource_version)}
        return msgspec.json.encode(record.body | {"metadata": metadata}).decode()
    raise TypeError(type(record).__name__)


def application(app: App, resource_version: int) -> str:
    """The JSON of `app` at `resource_version`."""
    unit = app.unit
    operation = f'"operation":{_operation(unit, app.operation)},' if app.operation else ""
    status = f',"status":{_status(app)}' if app.has_status else ""
    options = ',"syncPolicy":{"automated":{"prune":true,"selfHeal":true}}' if unit.automated else ""
    return (
        f'{{"apiVersion":"{API_VERSION}","kind":"Application","metadata":{_metadata(app, resource_version)},{operation}'
        f'"spec":{{"destination":{{"namespace":"{unit.name}","server":"{SERVER}"}},"project":"{unit.team}",'
        f'"source":{_source(unit, app.target)}{options}}}{status}}}'
    )


def _metadata(app: App, resource_version: int) -> str:
    unit = app.unit
    refresh = owner = deletion = ""
    if app.refresh_at:
        refresh = (
            f'"annotations":{{"argocd.argoproj.io/refresh":"normal",'
            f'"argocd.argoproj.io/refresh-timestamp":"{app.refresh_at}"}},'
        )
    if app.deleted_at:
        deletion = f'"deletionGracePeriodSeconds":0,"deletionTimestamp":"{app.deleted_at}",'
    if unit.owner:
        owner = (
            f'"ownerReferences":[{{"apiVersion":"{API_VERSION}","blockOwnerDeletion":true,"controller":true,'
            f'"kind":"ApplicationSet","name":"{unit.owner}","uid":"{unit.owner_uid}"}}],'
        )
    return (
        f'{{{refresh}"creationTimestamp":"{unit.created_at}",{deletion}'
        f'"finalizers":["resources-finalizer.argocd.argoproj.io"],"generation":{app.generation},'
        f'"labels":{{"env":"{unit.environment}","service":"{unit.service}","team":"{unit.team}"}},'
        f'"managedFields":{managed_fields(unit.created_at, app.reconciled_at)},"name":"{unit.name}",'
        f'"namespace":"{unit.key[0]}",{owner}"resourceVersion":"{resource_version}","uid":"{unit.uid}"}}'
    )


def _source(unit: Unit, target: str) -> str:
    return f'{{"path":"{unit.path}","repoURL":"{unit.repository}","targetRevision":"{target}"}}'


def _who(username: str, automated: bool) -> str:
    if automated:
        return '{"automated":true}'
    return f'{{"username":"{username}"}}' if username else "{}"


def _operation(unit: Unit, operation: Operation) -> str:
    retry = f'{{"limit":{operation.retries}}}' if operation.retries else "{}"
    healed = prune = strategy = ""
    if operation.attempt:
        healed = f'"autoHealAttemptsCount":{operation.attempt},'
        prune = f'"prune":true,"resources":[{{"kind":"ConfigMap","name":"{unit.service}-config"}}],'
    elif operation.automated:
        prune = '"prune":true,'
    if operation.rollback:
        strategy = ',"syncStrategy":{"apply":{}}'
    release = operation.release
    source = _source(unit, release.target)
    return (
        f'{{"initiatedBy":{_who(operation.username, operation.automated)},"retry":{retry},'
        f'"sync":{{{healed}{prune}"revision":"{release.revision}","source":{source}{strategy}}}}}'
    )


def _status(app: App) -> str:
    unit = app.unit
    state = f'"operationState":{_operation_state(unit, app.state)},' if app.state else ""
    if app.compared is None:
        return _ABSENT % state
    conditions = history = images = ""
    if app.error:
        since, message = app.error_since, _quote(app.error)
        conditions = f'"conditions":[{{"lastTransitionTime":"{since}","message":{message},"type":"SyncError"}}],'
    if app.history:
        history = f'"history":[{",".join([_entry(unit, entry) for entry in app.history])}],'
    if app.version:
        images = f'"images":["registry.example.com/{unit.service}:{app.version}"]'
    return (
        f'{{{conditions}"controllerNamespace":"argocd","health":{_health(app)},{history}{state}'
        f'"reconciledAt":"{app.reconciled_at}","resourceHealthSource":"appTree","resources":[{_resources(app)}],'
        f'"sourceHydrator":{{}},"sourceType":"Directory","summary":{{{images}}},"sync":{_sync(app, app.compared)}}}'
    )


def _sync(app: App, compared: Release) -> str:
    return (
        f'{{"comparedTo":{{"destination":{{"namespace":"{app.unit.name}","server":"{SERVER}"}},'
        f'"source":{_source(app.unit, compared.target)}}},"revision":"{compared.revision}","status":"{app.sync}"}}'
    )


def _health(app: App) -> str:
    message = ""
    if app.health in {"Progressing", "Degraded"}:
        message = f'"message":"Caused by apps/Deployment:{app.unit.name}/{app.unit.service}",'
    return f'{{"lastTransitionTime":"{app.health_since}",{message}"status":"{app.health}"}}'


def _entry(unit: Unit, entry: Deployed) -> str:
    release = entry.release
    return (
        f'{{"deployStartedAt":"{entry.started_at}","deployedAt":"{entry.deployed_at}","id":{entry.id},'
        f'"initiatedBy":{_who(entry.username, entry.automated)},"revision":"{release.revision}",'
        f'"source":{_source(unit, release.target)}}}'
    )


def _resources(app: App) -> str:
    unit, live = app.unit, app.live
    name, space = unit.service, unit.name
    job = more = ""
    if len(live) > 3:
        job = (
            f',{{"group":"batch","kind":"Job","name":"{name}-migrate","namespace":"{space}",'
            f'"status":"{_SYNC[live[3]]}","version":"v1"}}'
        )
    if unit.resources > 3:
        more = name.join(_more_resources(unit.resources - 3, unit.environment))
        if live == "OOO":  # nothing of it exists yet
            more = more.replace('"Synced"', '"OutOfSync"')
    return (
        f'{{"kind":"ConfigMap","name":"{name}-config","namespace":"{space}","status":"{_SYNC[live[0]]}","version":"v1"}},'
        f'{{"kind":"Service","name":"{name}","namespace":"{space}","status":"{_SYNC[live[1]]}","version":"v1"}},'
        f'{{"group":"apps","kind":"Deployment","name":"{name}","namespace":"{space}",'
        f'"status":"{_SYNC[live[2]]}","version":"v1"}}{job}{more}'
    )


def _operation_state(unit: Unit, state: OperationState) -> str:
    finished = f'"finishedAt":"{state.finished_at}",' if state.finished_at else ""
    message = f'"message":{_quote(state.message)},' if state.message else ""
    retried = f'"retryCount":{state.retried},' if state.retried else ""
    result = f',"syncResult":{_result(unit, state)}' if state.result else ""
    return (
        f'{{{finished}{message}"operation":{_operation(unit, state.operation)},"phase":"{state.phase}",{retried}'
        f'"startedAt":"{state.started_at}"{result}}}'
    )


def _result(unit: Unit, state: OperationState) -> str:
    release = state.operation.release
    before, after = _results(state.result, unit.resources, unit.environment)
    resources = unit.service.join(before) + (release.version + unit.service.join(after) if after else "")
    return f'{{{resources}"revision":"{release.revision}","source":{_source(unit, release.target)}}}'


@lru_cache(maxsize=4096)
def _quote(message: str) -> str:
    return json.dumps(message)


@lru_cache(maxsize=64)
def _more_resources(count: int, environment: str) -> list[str]:
    """`status.resources` beyond the first three, each after a comma, split where the name of the service stands."""
    rows = [(_KINDS[i % len(_KINDS)], i // len(_KINDS)) for i in range(count)]
    return "".join(
        f',{{"group":"{group}","kind":"{kind}","name":"@-{n}","namespace":"@-{environment}",'
        f'"status":"Synced","version":"{version}"}}'
        for (group, version, kind), n in rows
    ).split("@")


@lru_cache(maxsize=64)
def _results(result: str, count: int, environment: str) -> tuple[list[str], list[str]]:
    """`syncResult.resources` by outcome: created, configured, healed, failed, blocked (none).

    Before and after the image's version, each split where the name of the service stands.
    """
    if result == "blocked":
        return [], []
    rows = _healed() if result == "healed" else _synced(result == "created", count)
    if result == "failed":
        rows.append(_REFUSED)
    before, _, after = f'"resources":[{",".join(rows)}],'.replace("@n", f"@-{environment}").partition("@v")
    return before.split("@"), after.split("@") if after else []


def _healed() -> list[str]:
    return [_outcome("", "v1", "ConfigMap", "@-config", "configured")]


def _synced(created: bool, count: int) -> list[str]:
    config, change = ("created", "created") if created else ("unchanged", "configured")
    more = [(_KINDS[i % len(_KINDS)], i // len(_KINDS)) for i in range(count - 3)]
    return [
        _outcome("", "v1", "ConfigMap", "@-config", config),
        _outcome("", "v1", "Service", "@", config),
        _outcome("apps", "v1", "Deployment", "@", change, '"images":["registry.example.com/@:@v"],'),
        *[_outcome(group, version, kind, f"@-{n}", config) for (group, version, kind), n in more],
    ]


def _outcome(group: str, version: str, kind: str, name: str, what: str, images: str = "") -> str:
    lower = kind.lower() + (f".{group}" if group else "")
    return (
        f'{{"group":"{group}","hookPhase":"Running",{images}"kind":"{kind}","message":"{lower}/{name} {what}",'
        f'"name":"{name}","namespace":"@n","status":"Synced","syncPhase":"Sync","version":"{version}"}}'
    )
