"""The APIs that hold the Applications, each as it can be written, taken away, and made to forget."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from tests.chaos.fleet import Objects
from tests.fakes.simulated_api import SimulatedApi
from tests.integration.app.shops import NAMESPACE
from tests.integration.servers import ARGO_KINDS, ApiServer, Etcd, objects_path, write_kubeconfig

_KEPT: Final = ("name", "namespace", "labels", "annotations")


class Cluster(Objects, Protocol):
    """An API with faults."""

    @property
    def kubeconfig(self) -> Path:
        """The way there."""
        ...

    @property
    def writable(self) -> bool:
        """Objects can be written now."""
        ...

    def leave(self) -> None:
        """Nobody serves it any more, all watches end."""
        ...

    def come_back(self) -> None:
        """It is served again."""
        ...

    def forget(self) -> None:
        """Forget what happened: whoever wants to watch from before has to list."""
        ...


class Simulated:
    """The demo's API. While nobody serves it others still write: it is one of several that is away."""

    writable = True

    def __init__(self, api: SimulatedApi, folder: Path) -> None:
        self._api = api
        self.kubeconfig = folder / "kubeconfig.yaml"
        write_kubeconfig(self.kubeconfig, api.url, {}, {})

    def put(self, document: dict[str, Any]) -> tuple[int, str]:
        return self._api.put_now(document), str(document["metadata"]["uid"])

    def delete(self, name: str) -> int:
        return self._api.delete_now("Application", NAMESPACE, name)

    def leave(self) -> None:
        self._api.leave()

    def come_back(self) -> None:
        self._api.come_back()

    def forget(self) -> None:
        self._api.compact()


class Real:
    """A real API server on a real etcd; without its cache what etcd forgets is forgotten. uids are its own."""

    def __init__(self, api: ApiServer, etcd: Etcd) -> None:
        self._api, self._etcd = api, etcd
        self._versions: dict[str, str] = {}
        self.writable = True
        self.kubeconfig = api.kubeconfig()

    def put(self, document: dict[str, Any]) -> tuple[int, str]:
        name = document["metadata"]["name"]
        metadata: dict[str, Any] = {one: document["metadata"][one] for one in _KEPT if one in document["metadata"]}
        if name in self._versions:
            metadata["resourceVersion"] = self._versions[name]
            written = self._api.replace({**document, "metadata": metadata})
        else:
            written = self._api.create({**document, "metadata": metadata})
        self._versions[name] = written["metadata"]["resourceVersion"]
        return int(self._versions[name]), str(written["metadata"]["uid"])

    def delete(self, name: str) -> int:
        self._api.delete("Application", NAMESPACE, name)
        del self._versions[name]
        listed: Mapping[str, Any] = self._api.ask("GET", f"{objects_path('Application')}?limit=1")
        return int(listed["metadata"]["resourceVersion"])

    def leave(self) -> None:
        self.writable = False
        self._api.stop(kill=True)

    def come_back(self) -> None:
        self._api.start()
        for kind in ARGO_KINDS:  # it says 404 of custom resources until it has read their definitions
            self._api.wait_for(kind)
        self.writable = True

    def forget(self) -> None:
        self._etcd.compact()
