"""What Argo CD itself says of its Applications, and what the public mixin for it asks: alerts and an overview.

Pure, but for `applications` and `serving`. Written after the argo-cd-mixin, not copied: the same metrics, matchers and
grouping, for all that concerns Applications. Source: Argo CD v3 controller/metrics/metrics.go, descAppInfo.
"""

import gzip
import json
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple

from msgspec import Struct, field
from msgspec.json import decode

NAME: Final = "argo-cd-mixin"
MANUAL_ALERT: Final = "ArgoCdAppAutoSyncDisabled"
"""It fires for every Application that people sync: most of the mixin's alerts, and of what they cost."""
_PAGE: Final = 500
_ALL: Final = 'namespace=~".*", job=~".*", dest_server=~".*", project=~".*", name=~".*"'
_EACH: Final = "job, dest_server, project, name"


class _Metadata(Struct):
    name: str
    namespace: str


class _Destination(Struct):
    server: str = ""
    namespace: str = ""


class _Source(Struct):
    repo: str = field(name="repoURL", default="")


class _Policy(Struct):
    automated: dict[str, Any] | None = None


class _Spec(Struct):
    project: str
    destination: _Destination
    source: _Source = field(default_factory=_Source)
    policy: _Policy = field(name="syncPolicy", default_factory=_Policy)


class _State(Struct):
    status: str = "Unknown"


class _Operation(Struct):
    phase: str = "Succeeded"


class _Status(Struct):
    health: _State = field(default_factory=_State)
    sync: _State = field(default_factory=_State)
    operation: _Operation = field(name="operationState", default_factory=_Operation)


class Application(Struct):
    """What Argo CD's metrics are made of."""

    metadata: _Metadata
    spec: _Spec
    status: _Status = field(default_factory=_Status)


class _ListMeta(Struct):
    next: str = field(name="continue", default="")


class _Page(Struct):
    items: list[Application]
    metadata: _ListMeta


def applications(url: str) -> Iterator[Application]:
    """All Applications that the API at `url` has."""
    token = ""
    while True:
        wanted = urllib.parse.urlencode({"limit": _PAGE, **({"continue": token} if token else {})})
        with urllib.request.urlopen(f"{url}/apis/argoproj.io/v1alpha1/applications?{wanted}") as answer:  # noqa: S310 - loopback
            page = decode(answer.read(), type=_Page)
        yield from page.items
        token = page.metadata.next
        if not token:
            return


def exposition(found: Sequence[Application]) -> str:
    """The two metrics of Argo CD's application controller that the mixin asks for each Application."""
    lines = ["# TYPE argocd_app_info gauge", *(f"argocd_app_info{_labels(_info(one))} 1" for one in found)]
    lines += ["# TYPE argocd_app_sync_total counter"]
    lines += [f"argocd_app_sync_total{_labels(_synced(one))} 1" for one in found]
    return "\n".join([*lines, ""])


def _labels(pairs: dict[str, str]) -> str:
    return "{" + ",".join(f"{name}={json.dumps(value)}" for name, value in pairs.items()) + "}"


def _identity(application: Application) -> dict[str, str]:
    metadata, spec = application.metadata, application.spec
    return {"namespace": metadata.namespace, "name": metadata.name, "project": spec.project}


def _info(application: Application) -> dict[str, str]:
    spec, status = application.spec, application.status
    return {
        **_identity(application),
        "autosync_enabled": "true" if spec.policy.automated is not None else "false",
        "repo": spec.source.repo,
        "dest_server": spec.destination.server,
        "dest_namespace": spec.destination.namespace,
        "sync_status": status.sync.status,
        "health_status": status.health.status,
        "operation": "",
    }


def _synced(application: Application) -> dict[str, str]:
    spec, phase = application.spec, application.status.operation.phase
    return {**_identity(application), "dest_server": spec.destination.server, "phase": phase, "dry_run": "false"}


@contextmanager
def serving(text: str) -> Iterator[str]:
    """HOST:PORT of a server that answers every scrape with this text."""
    body = gzip.compress(text.encode(), 1)

    class Answers(BaseHTTPRequestHandler):
        """The same to everybody: Prometheus takes gzip."""

        def do_GET(self) -> None:
            """A scrape."""
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Query(NamedTuple):
    """A query of an overview. `instant`: for now only, otherwise over time."""

    text: str
    instant: bool


def rules() -> dict[str, Any]:
    """A rule file with the mixin's alerts about Applications."""
    info = {
        "ArgoCdAppUnhealthy": ('health_status!~"Healthy|Progressing"', "health_status"),
        "ArgoCdAppOutOfSync": ('sync_status!="Synced"', "sync_status"),
        "ArgoCdAppUnknown": ('sync_status="Unknown"', "sync_status"),
        MANUAL_ALERT: ('autosync_enabled!="true"', "autosync_enabled"),
        "ArgoCdRolloutProgressing": ('health_status="Progressing"', "health_status"),
    }
    expressions = {
        name: f'sum(argocd_app_info{{job=~".*", {matcher}}}) by ({_EACH}, {label}) > 0'
        for name, (matcher, label) in info.items()
    }
    failed = 'argocd_app_sync_total{job=~".*", phase!="Succeeded"}[10m]'
    expressions["ArgoCdAppSyncFailed"] = f"sum(round(increase({failed}))) by ({_EACH}, phase) > 0"
    rows = [{"alert": name, "expr": text, "labels": {"severity": "warning"}} for name, text in expressions.items()]
    return {"groups": [{"name": NAME, "rules": rows}]}


def overview(window: str) -> list[Query]:
    """What the mixin's overview asks, with all variables at All. `window`: what Grafana would take for rates."""
    info = f"argocd_app_info{{{_ALL}}}"
    activity = f"argocd_app_sync_total{{{_ALL}}}[{window}]"
    return [
        Query(f"sum({info}) by (health_status)", instant=True),
        Query(f"sum({info}) by (sync_status)", instant=True),
        Query(f"sum({info}) by (job, dest_server, project, name, health_status, sync_status)", instant=True),
        Query(f"sum({info}) by (health_status)", instant=False),
        Query(f"sum({info}) by (sync_status)", instant=False),
        Query(f"sum(round(increase({activity}))) by (job, phase)", instant=False),
    ]
