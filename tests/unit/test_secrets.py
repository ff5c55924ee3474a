"""The canary: a secret in any field of an Application that is not meant to be read leaves the decoder nowhere.

A document with every field that Argo CD knows gets a marker of its own in each string. What may leave is listed here,
field by field; whoever exposes one more has to add it.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import pytest
from structlog.testing import capture_logs

from observability.app.exposed import exposed
from observability.delivery.exposition import Exposed
from observability.errors import MalformedResource
from observability.model.application import Application
from observability.model.observation import Kind, Malformed, Scope
from observability.model.state import ApplicationState
from observability.settings import Cluster, Exposition, Settings
from observability.signals.events import events_of
from observability.signals.transitions import Context
from observability.sources.applications import decode_application
from observability.sources.argocd import ARGOCD
from observability.sources.engine import Problems
from observability.sources.reader import Cursor, Reader
from observability.state.store import Store
from tests.builders import NOON, encoded, listing, manifest, seen
from tests.rendering import page

Path: TypeAlias = tuple[str, ...]

EXPOSED: Final = frozenset(
    {
        "metadata.name",
        "metadata.namespace",
        "metadata.labels.team",
        "metadata.ownerReferences[].name",
        "spec.project",
        "spec.source.path",
        "spec.source.chart",
        "spec.source.targetRevision",
        "spec.source.repoURL",
        "spec.destination.server",
        "spec.destination.name",
        "spec.destination.namespace",
        "status.sync.revision",
        "status.history[].revision",
        "status.conditions[].type",
        "status.summary.images[]",
        "status.sourceHydrator.currentOperation.phase",
    }
)
"""On /metrics, with everything switched on."""
KEPT: Final = frozenset(
    {
        "metadata.uid",
        "metadata.resourceVersion",
        "metadata.labels.other",
        "status.controllerNamespace",
        "status.history[].initiatedBy.username",
        "operation.initiatedBy.username",
        "operation.sync.revision",
        "status.operationState.syncResult.resources[].name",
        "status.operationState.syncResult.resources[].message",
        "status.operationState.operation.initiatedBy.username",
        "status.operationState.operation.sync.revision",
        "status.operationState.syncResult.revision",
        "status.operationState.message",
        "status.conditions[].message",
    }
)
"""In the model, and not on /metrics."""
WORDS: Final = frozenset(
    {
        "kind",
        "metadata.creationTimestamp",
        "metadata.deletionTimestamp",
        "metadata.ownerReferences[].kind",
        "metadata.annotations.gitops-observability/mute-until",
        "status.sync.status",
        "status.health.status",
        "status.health.lastTransitionTime",
        "status.reconciledAt",
        "status.operationState.phase",
        "status.operationState.startedAt",
        "status.operationState.finishedAt",
        "status.history[].deployedAt",
        "status.history[].deployStartedAt",
        "status.conditions[].lastTransitionTime",
        "status.sourceHydrator.lastSuccessfulOperation.finishedAt",
        "status.sourceHydrator.currentOperation.finishedAt",
    }
)
"""Of these only times and words that are known leave the decoder; a marker in them is told as a problem."""


def everything() -> dict[str, Any]:
    """An Application that uses whatever Argo CD offers."""
    document = manifest("application-behind")
    document["metadata"] |= {
        "labels": {"team": "x", "other": "x"},
        "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": "x",
            "notifications.argoproj.io/subscribe.on-sync-failed.slack": "x",
            "argocd.argoproj.io/skip-reconcile": "x",
            "gitops-observability/mute-until": "2026-11-23T12:00:00Z",
        },
        "ownerReferences": [{"kind": "ApplicationSet", "name": "x", "uid": "x", "controller": True}],
        "managedFields": [{"manager": "x", "fieldsV1": {"f:x": "x"}}],
        "deletionTimestamp": "2026-11-23T12:00:00Z",
    }
    source = {
        "repoURL": "x",
        "path": "x",
        "chart": "x",
        "targetRevision": "x",
        "ref": "x",
        "name": "x",
        "helm": {
            "values": "x",
            "valuesObject": {"database": {"password": "x"}},
            "parameters": [{"name": "x", "value": "x"}],
            "fileParameters": [{"name": "x", "path": "x"}],
            "valueFiles": ["x"],
            "releaseName": "x",
        },
        "kustomize": {"images": ["x"], "patches": [{"patch": "x"}], "commonAnnotations": {"x": "x"}},
        "directory": {"jsonnet": {"extVars": [{"name": "x", "value": "x"}], "tlas": [{"name": "x", "value": "x"}]}},
        "plugin": {"name": "x", "env": [{"name": "x", "value": "x"}], "parameters": [{"name": "x", "string": "x"}]},
    }
    document["spec"] |= {
        "source": source,
        "destination": {"server": "x", "name": "x", "namespace": "x"},
        "info": [{"name": "x", "value": "x"}],
        "ignoreDifferences": [{"group": "x", "jsonPointers": ["x"]}],
        "syncPolicy": {
            "syncOptions": ["x"],
            "managedNamespaceMetadata": {"labels": {"x": "x"}, "annotations": {"x": "x"}},
        },
    }
    sync = {
        "revision": "x",
        "manifests": ["x"],
        "resources": [{"name": "x"}],
        "source": source,
        "syncOptions": ["x"],
    }
    document["operation"] = {"initiatedBy": {"username": "x"}, "info": [{"name": "x", "value": "x"}], "sync": sync}
    status = document["status"]
    status["operationState"] |= {"operation": document["operation"], "message": "x"}
    status["operationState"]["syncResult"] = {
        "revision": "x",
        "source": source,
        "managedNamespaceMetadata": {"labels": {"x": "x"}},
        "resources": [{"name": "x", "message": "x", "images": ["x"]}],
    }
    for entry in status["history"]:
        entry["source"] = source
    status |= {
        "conditions": [{"type": "x", "message": "x", "lastTransitionTime": "2026-11-23T12:00:00Z"}],
        "summary": {"images": ["x"], "externalURLs": ["x"]},
        "sourceHydrator": {
            "currentOperation": {"phase": "x", "message": "x", "drySHA": "x", "sourceHydrator": {"drySource": source}},
            "lastSuccessfulOperation": {"finishedAt": "2026-11-23T12:00:00Z", "drySHA": "x", "hydratedSHA": "x"},
        },
    }
    status["health"]["message"] = "x"
    status["sync"]["comparedTo"]["source"] = source
    copied: dict[str, Any] = json.loads(json.dumps(document))
    return copied


def strings(value: Any, above: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """Path, holder and key of every string in a document."""
    fields = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in list(fields):
        path = (*above[:-1], above[-1] + "[]") if isinstance(value, list) else (*above, key)
        if isinstance(below, str):
            yield path, value, key
        else:
            yield from strings(below, path)


def marked() -> tuple[dict[str, Any], dict[str, str]]:
    """The document with a marker in each string that is neither a time nor a word, and the field of each marker."""
    document = everything()
    fields: dict[str, str] = {}
    for path, holder, key in strings(document):
        field = ".".join(path)
        if field in WORDS:
            continue
        marker = f"canary{len(fields)}canary"
        fields[marker] = field
        holder[key] = marker
    return document, fields


def decoded(document: dict[str, Any]) -> Application:
    return decode_application(encoded(document), [])


def kinds() -> dict[Kind | str, Exposed[Any]]:
    settings = Exposition(images=True, revisions=True, application_labels=("team",))
    return {one.kind: one for one in exposed(settings, Cluster())}


def metrics_of(document: dict[str, Any]) -> str:
    """What /metrics says of an Application, with everything switched on."""
    settings = Settings()
    store = Store(
        settle_seconds=10.0,
        environments=settings.environments,
        identity=settings.identity,
        kept_labels=("team",),
        keeps_images=True,
    )
    store.apply(listing([decoded(document)], NOON))
    (state,) = store.states(Kind.APPLICATION).values()
    assert isinstance(state, ApplicationState)
    exposed_ = kinds()[Kind.APPLICATION]
    return page(exposed_.metrics, state, exposed_.identity(state))


def leaked(text: str, fields: dict[str, str]) -> set[str]:
    return {fields[marker] for marker in re.findall(r"canary\d+canary", text)}


def whole(app: Application) -> str:
    """Everything that there is in a decoded Application."""
    done = tuple(app.operation.resources) if app.operation is not None else ()
    return repr(app) + repr(tuple(app.history)) + repr(done)


def test_what_leaves_the_decoder_is_listed() -> None:
    document, fields = marked()
    assert leaked(whole(decoded(document)), fields) == EXPOSED | KEPT


def test_no_more_than_that_is_in_events() -> None:
    document, fields = marked()
    document["metadata"]["creationTimestamp"] = "2026-11-23T12:00:00Z"
    settings = Settings()
    store = Store(settle_seconds=10.0, environments=settings.environments, identity=settings.identity)
    store.apply(listing([], NOON - 1))
    changes = store.apply([seen(decoded(document), NOON)])
    told = [event for change in changes for event in events_of(change, Context.of(settings.environments))]
    names = {event.name.rsplit(".", 1)[-1] for event in told}
    assert names >= {"created", "deployed", "finished", "raised", "changed"}
    assert leaked(repr(told), fields) <= EXPOSED | KEPT


def test_what_is_on_metrics_is_listed() -> None:
    document, fields = marked()
    assert leaked(metrics_of(document), fields) == EXPOSED


def test_the_document_has_all_that_is_listed_and_much_more() -> None:
    _, fields = marked()
    assert set(fields.values()) >= EXPOSED | KEPT
    assert len(set(fields.values()) - EXPOSED - KEPT) > 100


def test_problems_name_fields_and_do_not_quote_what_has_the_wrong_type() -> None:
    """A value is told only where a word or a time is expected: of those no secret can be meant."""
    document, _ = marked()
    for field in ("source", "destination", "info"):
        document["spec"][field] = "canary1canary"
    document["status"]["history"] = {"canary2canary": "canary3canary"}
    document["status"]["operationState"]["operation"]["sync"]["manifests"] = "canary4canary"
    problems: Problems = []
    decode_application(encoded(document), problems)
    assert len(problems) >= 4
    assert "canary" not in repr(problems)


def test_an_object_that_is_given_up_is_not_quoted() -> None:
    raw = b'{"metadata":{"name":"a"},"spec":{"source":{"helm":{"values":"canary1canary"}}'
    with pytest.raises(MalformedResource) as caught:
        decode_application(raw, [])
    assert "canary" not in str(caught.value)


ADDRESSES: Final = (
    "https://bot:canary1canary@git.example.com/a.git",
    "https://canary1canary@git.example.com/a.git",
    "https://git.example.com/a.git?access_token=canary1canary",
    "https://git.example.com/a.git#canary1canary",
    "ssh://bot:canary1canary@git.example.com/a.git",
    "bot:canary1canary@git.example.com:a.git",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_user_info_of_addresses_leaves_nowhere(address: str) -> None:
    document = manifest("application-behind")
    document["spec"]["source"]["repoURL"] = address
    document["spec"]["destination"]["server"] = address
    document["status"]["operationState"]["message"] = f"cannot fetch {address}"
    document["status"]["conditions"] = [{"type": "ComparisonError", "message": f"cannot fetch '{address}'"}]
    app = decoded(document)
    assert "canary" not in metrics_of(document)
    assert "canary" not in repr((app.sources, app.destination))
    if "#" not in address:
        assert "canary" not in whole(app)


SECRETS: Final = (
    "password=canary1canary",
    "token: canary1canary",
    '{"apiKey": "canary1canary"}',
    "Authorization: Bearer canary1canary",
    "clientSecret='canary1canary and more'",
)


@pytest.mark.parametrize("secret", SECRETS)
def test_what_sounds_secret_in_a_message_leaves_nowhere(secret: str) -> None:
    document = manifest("application-behind")
    document["status"]["operationState"]["message"] = f"failed: {secret}"
    document["status"]["conditions"] = [{"type": "SyncError", "message": secret}]
    assert "canary" not in whole(decoded(document))


def test_nothing_is_told_of_it_on_the_way_either() -> None:
    """What a source logs, and the troubles that are logged later: of an object that is read in part, or not at all."""
    document, _ = marked()
    document["metadata"] |= {"namespace": "argocd", "name": "shop-prod"}
    document["spec"]["source"]["helm"] = [document["spec"]["source"]["helm"]]
    document["spec"]["info"] = document["status"]["history"] = "canary1canary"
    skipped = {**document, "metadata": {"name": ["canary2canary"]}}
    lines = [b'{"type":"MODIFIED","object":%s}' % encoded(one) for one in (document, skipped)]
    with capture_logs() as logs:
        told = list(Reader(Scope(Kind.APPLICATION), ARGOCD.kinds[0], Cursor("1", "")).lines(lines, NOON))
    troubles = [one for one in told if isinstance(one, Malformed)]
    assert [one.skipped for one in troubles] == [False, True]
    assert "canary" not in repr(troubles) + repr(logs)
