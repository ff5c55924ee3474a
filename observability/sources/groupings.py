"""What groups Applications, from its JSON to the model: ApplicationSets and AppProjects. Pure: bytes in, values out.

Source: argo-cd pkg/apis/application/v1alpha1/{types,applicationset_types}.go (3.6-dev).
"""

from typing import Final

import msgspec
from msgspec import Raw

from observability.model.applicationset import ApplicationSet, SetCondition, Step
from observability.model.project import Project, SyncWindow
from observability.sources import redaction, wire
from observability.sources.documents import named, read, seconds
from observability.sources.engine import Problems

_APPLICATIONSET: Final = msgspec.json.Decoder(wire.ApplicationSet)
_PROJECT: Final = msgspec.json.Decoder(wire.Project)


def decode_applicationset(raw: bytes | memoryview | Raw, problems: Problems) -> ApplicationSet:
    """The facts of an ApplicationSet; what cannot be read of it is added to `problems`.

    Raises:
        MalformedResource: nothing of it can be used: no JSON object, no name, another kind.
    """
    document = read(_APPLICATIONSET, raw, problems)
    metadata = named(document.metadata, document.kind, "ApplicationSet")
    spec = document.spec or wire.ApplicationSetSpec()
    status = document.status or wire.ApplicationSetStatus()
    resources = status.resources_count if status.resources_count is not None else len(status.resources or ())
    return ApplicationSet(
        namespace=metadata.namespace or "",
        name=metadata.name or "",
        uid=metadata.uid or "",
        resource_version=metadata.resource_version or "",
        labels=metadata.labels or {},
        generators=tuple(name for generator in spec.generators or () for name in generator if name != "selector"),
        strategy=(spec.strategy.type if spec.strategy else None) or "",
        conditions=tuple(
            SetCondition(
                type=condition.type or "",
                status=condition.status or "",
                reason=condition.reason or "",
                message=redaction.message(condition.message or ""),
                since=seconds(condition.last_transition_time),
            )
            for condition in status.conditions or ()
        ),
        applications=resources,
        steps=tuple(_step(step, problems) for step in status.application_status or ()),
    )


def decode_project(raw: bytes | memoryview | Raw, problems: Problems) -> Project:
    """The facts of an AppProject; see `decode_applicationset`."""
    document = read(_PROJECT, raw, problems)
    metadata = named(document.metadata, document.kind, "AppProject")
    spec = document.spec or wire.ProjectSpec()
    return Project(
        namespace=metadata.namespace or "",
        name=metadata.name or "",
        uid=metadata.uid or "",
        resource_version=metadata.resource_version or "",
        labels=metadata.labels or {},
        windows=tuple(_window(window or wire.SyncWindow()) for window in spec.sync_windows or ()),
    )


def _step(step: wire.ApplicationSetStep, problems: Problems) -> Step:
    number = _number(step.step)
    if number is None:
        problems.append(("status.applicationStatus[].step", f"expected a number, got {str(step.step)[:64]!r}"))
    since = seconds(step.last_transition_time)
    return Step(step.application or "", number or 0, step.status or "", since)


def _number(step: str | int | None) -> int | None:
    """0 when it is not told; None when it is no number, or none that anybody would count to."""
    try:
        number = int(step or 0)
    except ValueError:
        return None
    return number if abs(number) < 2**31 else None


def _window(window: wire.SyncWindow) -> SyncWindow:
    return SyncWindow(
        kind=window.kind or "",
        schedule=window.schedule or "",
        duration=window.duration or "",
        applications=tuple(window.applications or ()),
        namespaces=tuple(window.namespaces or ()),
        clusters=tuple(window.clusters or ()),
        manual_sync=bool(window.manual_sync),
        time_zone=window.time_zone or "",
        and_operator=bool(window.and_operator),
        sync_overrun=bool(window.sync_overrun),
        description=window.description or "",
    )
