"""A service `shop` in dev, staging and prod as Argo CD writes its Applications, and the APIs that hold them.

Documents have the form of tests/recordings; times are those of the test.
"""

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.error import HTTPError

from tests.fakes.simulated_api import SimulatedApi
from tests.integration.servers import ApiServer, Etcd, objects_path

REPOSITORY: Final = "http://git.example.com/shop.git"
NAMESPACE: Final = "argocd"


def stamp(at: float) -> str:
    """Whole seconds, as Kubernetes writes them."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def commit(number: int) -> str:
    """The commit of this number."""
    return sha1(f"commit {number}".encode(), usedforsecurity=False).hexdigest()


class Shop:
    """One Application of the service, step by step. `document` is how it is now.

    Each sync begins a second after the one before at least: two in one second may be one and the same for a watcher
    that sees only the last.
    """

    def __init__(self, environment: str, generation: int = 0, automated: bool = False, service: str = "shop") -> None:
        self.name = f"{service}-{environment}"
        born = int(datetime.now(UTC).timestamp())  # noqa: TID251 - APIs of the tests run by the real clock
        self._now = born - 3600
        policy = {"syncPolicy": {"automated": {"prune": True}}} if automated else {}
        metadata = {
            "name": self.name,
            "namespace": NAMESPACE,
            "uid": f"uid of {self.name} {generation}",
            "creationTimestamp": stamp(born),
            "labels": {"env": environment},
        }
        destination = {"server": "https://kubernetes.default.svc", "namespace": self.name}
        spec = {"project": "shop", "source": self._source(), "destination": destination, **policy}
        status: dict[str, Any] = {"controllerNamespace": NAMESPACE, "history": [], "resources": self._resources(True)}
        kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
        self.document: dict[str, Any] = {**kind, "metadata": metadata, "spec": spec, "status": status}
        self.document["status"]["sync"] = self._compared(commit(0), "OutOfSync")
        self.health("Missing")

    def tick(self, seconds: int = 1) -> int:
        """The next instant."""
        self._now += seconds
        return self._now

    def runs(self, number: int) -> dict[str, Any]:
        """A sync to a commit begins."""
        began = self.tick()
        status = self.document["status"]
        by = {"automated": True} if "syncPolicy" in self.document["spec"] else {"username": "alice"}
        status["sync"] = self._compared(commit(number), "OutOfSync")
        sync = {"revision": commit(number), "source": self._source()}
        operation = {"initiatedBy": by, "retry": {}, "sync": sync}
        self.document["operation"] = operation
        status["operationState"] = {
            "operation": operation,
            "phase": "Running",
            "startedAt": stamp(began),
            "message": "waiting for healthy state of apps/Deployment/shop",
        }
        return self.now()

    def ends(self, number: int, phase: str = "Succeeded") -> dict[str, Any]:
        """That sync ends, and the Application is Synced when it succeeded."""
        ended, status = self.tick(), self.document["status"]
        state = status["operationState"]
        result = {"revision": commit(number), "source": self._source(), "resources": [_deployment(self.name)]}
        state |= {"phase": phase, "finishedAt": stamp(ended), "message": "said Argo CD", "syncResult": result}
        self.document.pop("operation", None)
        if phase == "Succeeded":
            identifier = 1 + max((entry["id"] for entry in status["history"]), default=-1)
            by = state["operation"]["initiatedBy"]
            began = {"deployStartedAt": state["startedAt"], "deployedAt": stamp(ended), "initiatedBy": by}
            deployed = {"id": identifier, "revision": commit(number), "source": self._source()}
            status["history"] = [*status["history"], {**began, **deployed}][-10:]
            status["sync"] = self._compared(commit(number), "Synced")
        return self.now()

    def synced(self, number: int) -> dict[str, Any]:
        """Deployed long ago, and Healthy since."""
        self.runs(number)
        self.ends(number)
        return self.health("Healthy")

    def health(self, status: str) -> dict[str, Any]:
        """Its health is another one."""
        self.document["status"]["health"] = {"status": status, "lastTransitionTime": stamp(self.tick())}
        return self.now()

    def drifts(self) -> dict[str, Any]:
        """Somebody changed the cluster."""
        status = self.document["status"]
        status["sync"] = {**status["sync"], "status": "OutOfSync"}
        status["resources"] = self._resources(False)
        return self.now()

    def settles(self) -> dict[str, Any]:
        """That was undone."""
        status = self.document["status"]
        status["sync"] = {**status["sync"], "status": "Synced"}
        status["resources"] = self._resources(True)
        return self.now()

    def now(self) -> dict[str, Any]:
        """A copy of it."""
        return copy.deepcopy(self.document)

    def _resources(self, synced: bool) -> list[dict[str, Any]]:
        word = "Synced" if synced else "OutOfSync"
        common = {"name": "shop", "namespace": self.name, "version": "v1"}
        return [{**common, "group": "apps", "kind": "Deployment", "status": word}]

    def _source(self) -> dict[str, str]:
        return {"path": "deploy", "repoURL": REPOSITORY, "targetRevision": "main"}

    def _compared(self, revision: str, status: str) -> dict[str, Any]:
        destination = {"server": "https://kubernetes.default.svc", "namespace": self.name}
        compared = {"source": self._source(), "destination": destination}
        return {"comparedTo": compared, "revision": revision, "status": status}


def _deployment(namespace: str) -> dict[str, Any]:
    told = {"message": "deployment.apps/shop configured", "status": "Synced", "syncPhase": "Sync", "version": "v1"}
    return {
        "group": "apps",
        "kind": "Deployment",
        "name": "shop",
        "namespace": namespace,
        "hookPhase": "Running",
        **told,
    }


class Cluster(Protocol):
    """An API whose objects the test writes."""

    @property
    def kubeconfig(self) -> Path:
        """The way there."""
        ...

    def put(self, document: Mapping[str, Any]) -> None:
        """Create or replace an object."""
        ...

    def delete(self, name: str) -> None:
        """Delete an Application."""
        ...

    def expire(self) -> None:
        """Forget what happened: whoever wants to watch from before has to list."""
        ...

    def lists(self) -> int:
        """How often Applications were listed, also as a stream, so far."""
        ...


class SimulatedCluster:
    """The demo's API: an object comes out as it was put, with its uid."""

    def __init__(self, api: SimulatedApi, kubeconfig: Path) -> None:
        self._api = api
        self.kubeconfig = kubeconfig

    def put(self, document: Mapping[str, Any]) -> None:
        self._api.put(document)

    def delete(self, name: str) -> None:
        self._api.delete("Application", NAMESPACE, name)

    def expire(self) -> None:
        self._api.compact()

    def lists(self) -> int:
        return sum(
            path.endswith("/applications") and ("watch" not in query or "sendInitialEvents" in query)
            for path, query in self._api.requests
        )


class RealCluster:
    """A real API server without a cache of what happened: what etcd forgets is forgotten. uids are its own."""

    def __init__(self, api: ApiServer, etcd: Etcd) -> None:
        self.api = api
        self._etcd = etcd
        self.kubeconfig = api.kubeconfig()

    def put(self, document: Mapping[str, Any]) -> None:
        given = document["metadata"]
        metadata = {name: given[name] for name in ("name", "namespace", "labels", "annotations") if name in given}
        path = f"{objects_path(document['kind'], given['namespace'])}/{given['name']}"
        try:
            metadata["resourceVersion"] = self.api.ask("GET", path)["metadata"]["resourceVersion"]
        except HTTPError as error:
            with error:
                if error.code != 404:
                    raise
            self.api.create({**document, "metadata": metadata})
        else:
            self.api.replace({**document, "metadata": metadata})

    def delete(self, name: str) -> None:
        self.api.delete("Application", NAMESPACE, name)

    def expire(self) -> None:
        self._etcd.compact()

    def lists(self) -> int:
        return self.api.lists("Application")
