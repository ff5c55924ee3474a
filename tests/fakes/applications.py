"""Applications with hardly anything in them, and the simulated cluster's API that serves them on a real socket."""

from typing import Any, NamedTuple

import aiohttp

from observability.demo.api import Api
from observability.demo.objects import Literal
from observability.demo.store import Store

PATH = "/apis/argoproj.io/v1alpha1"


def application(name: str, namespace: str = "argocd", **labels: str) -> Literal:
    """An Application with hardly anything in it."""
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "labels": labels}
    return Literal({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": {}})


class Served(NamedTuple):
    """An API that is served: its store, and how to ask it."""

    api: Api
    url: str
    session: aiohttp.ClientSession

    @property
    def store(self) -> Store:
        """What it serves."""
        return self.api.store

    async def get(self, path: str, **query: str) -> tuple[int, dict[str, Any]]:
        """Status and JSON of a request."""
        async with self.session.get(self.url + path, params=query) as response:
            return response.status, await response.json()
