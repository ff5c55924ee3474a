"""The ApplicationSets of the teams that have one, and what happens to their status. Pure.

At most 100 Applications stand in the status, as with `--max-resources-status-count 100`; `resourcesCount` counts all.
"""

from typing import Any, Final

from observability.demo.application import Unit
from observability.demo.objects import API_VERSION, SERVER, Literal

SHOWN: Final = 100

_GENERATED = "All applications have been generated successfully"
_STEPS = [
    {"matchExpressions": [{"key": "env", "operator": "In", "values": [environment]}]}
    for environment in ("dev", "staging", "prod")
]


def application_set(team: str, generator: str, uid: str, units: list[Unit], now: str) -> Literal:
    """The ApplicationSet of `team` that made `units`. `generator`: AllAtOnce or RollingSync."""
    rolling = generator == "RollingSync"
    spec: dict[str, Any] = {
        "generators": [{"git": _git(team)}],
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "template": _template(team),
    }
    if rolling:
        spec["strategy"] = {"rollingSync": {"steps": _STEPS}, "type": "RollingSync"}
    status: dict[str, Any] = {
        "conditions": _conditions(now, rolling=rolling, progressing=False),
        "health": {"message": _GENERATED, "status": "Healthy"},
        "resources": [_resource(unit) for unit in units[:SHOWN]],
        "resourcesCount": len(units),
    }
    if rolling:
        status["applicationStatus"] = [_step(unit, "Healthy", now) for unit in units[:SHOWN]]
    metadata = {
        "creationTimestamp": now,
        "generation": 1,
        "labels": {"team": team},
        "name": f"{team}-services",
        "namespace": "argocd",
        "uid": uid,
    }
    body = {"apiVersion": API_VERSION, "kind": "ApplicationSet", "metadata": metadata, "spec": spec, "status": status}
    return Literal(body)


def with_step(current: Literal, step: str, status: str, now: str) -> Literal:
    """`current` with all Applications of `step` being `status`; the rollout goes on until the last is Healthy."""
    rows = [
        row | {"status": status, "lastTransitionTime": now} if row["step"] == step else row
        for row in current.body["status"]["applicationStatus"]
    ]
    progressing = any(row["status"] != "Healthy" for row in rows)
    conditions = _conditions(now, rolling=True, progressing=progressing)
    return _with_status(current, {"applicationStatus": rows, "conditions": conditions})


def with_error(current: Literal, message: str, now: str) -> Literal:
    """`current` with a generator that fails with `message`, or that works again when `message` is empty."""
    if not message:
        return _with_status(current, {"conditions": _conditions(now, rolling=False, progressing=False)})
    reason = "ApplicationGenerationFromParamsError"
    conditions = [
        _condition("ErrorOccurred", "True", reason, message, now),
        _condition("ParametersGenerated", "False", "ErrorOccurred", message, now),
        _condition("ResourcesUpToDate", "False", reason, message, now),
    ]
    return _with_status(current, {"conditions": conditions})


def _with_status(current: Literal, changes: dict[str, Any]) -> Literal:
    return Literal(current.body | {"status": current.body["status"] | changes})


def _conditions(now: str, *, rolling: bool, progressing: bool) -> list[dict[str, str]]:
    up_to_date = "ApplicationSetUpToDate"
    parameters = "Successfully generated parameters for all Applications"
    rows = [
        _condition("ErrorOccurred", "False", up_to_date, _GENERATED, now),
        _condition("ParametersGenerated", "True", "ParametersGenerated", parameters, now),
        _condition("ResourcesUpToDate", "True", up_to_date, _GENERATED, now),
    ]
    if rolling:
        reason = "ApplicationSetModified" if progressing else "ApplicationSetRolloutComplete"
        message = "Performing rollout" if progressing else "ApplicationSet Rollout has completed"
        rows.append(_condition("RolloutProgressing", str(progressing), reason, message, now))
    return rows


def _condition(kind: str, status: str, reason: str, message: str, now: str) -> dict[str, str]:
    return {"lastTransitionTime": now, "message": message, "reason": reason, "status": status, "type": kind}


def _resource(unit: Unit) -> dict[str, Any]:
    return {
        "group": "argoproj.io",
        "health": {"status": "Healthy"},
        "kind": "Application",
        "name": unit.name,
        "namespace": unit.key[0],
        "status": "Synced",
        "version": "v1alpha1",
    }


def _step(unit: Unit, status: str, now: str) -> dict[str, Any]:
    step = str(("dev", "staging", "prod").index(unit.environment) + 1)
    return {"application": unit.name, "lastTransitionTime": now, "message": "", "status": status, "step": step}


def _git(team: str) -> dict[str, Any]:
    repository = f"https://git.example.com/{team}/environments.git"
    return {"files": [{"path": "services/*.yaml"}], "repoURL": repository, "revision": "main"}


def _template(team: str) -> dict[str, Any]:
    name = "{{.service}}-{{.env}}"
    return {
        "metadata": {"labels": {"env": "{{.env}}", "service": "{{.service}}", "team": team}, "name": name},
        "spec": {
            "destination": {"namespace": name, "server": SERVER},
            "project": team,
            "source": {"path": "envs/{{.env}}", "repoURL": "{{.repository}}", "targetRevision": "main"},
        },
    }
