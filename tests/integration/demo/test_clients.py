"""The official client of Kubernetes takes the simulated cluster for a real one."""

from pathlib import Path
from typing import Any

from kubernetes import aio

from observability.demo.cluster import kubeconfig, write_kubeconfig
from tests.fakes.applications import Served, application

GROUP = ("argoproj.io", "v1alpha1")


async def test_list_get_and_watch_with_the_kubeconfig(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    write_kubeconfig(file, served.url)
    configuration = aio.client.Configuration()
    await aio.config.load_kube_config(str(file), client_configuration=configuration)  # type: ignore[no-untyped-call]
    async with aio.client.ApiClient(configuration) as client:
        custom = aio.client.CustomObjectsApi(client)
        listed: Any = await custom.list_cluster_custom_object(*GROUP, "applications", limit=4)
        one: Any = await custom.get_namespaced_custom_object(*GROUP, "argocd", "applications", "b")
        served.store.put("applications", application("x"))
        seen = []
        async with aio.watch.Watch() as watch:  # type: ignore[no-untyped-call]
            version = listed["metadata"]["resourceVersion"]
            async for event in watch.stream(
                custom.list_cluster_custom_object, *GROUP, "applications", resource_version=version, timeout_seconds=5
            ):
                seen.append((event["type"], event["object"]["metadata"]["name"]))
                break

    assert len(listed["items"]) == 4
    assert listed["metadata"]["continue"]
    assert one["metadata"]["name"] == "b"
    assert seen == [("ADDED", "x")]


def test_a_kubeconfig_names_its_server() -> None:
    assert '"server": "http://127.0.0.1:1"' in kubeconfig("http://127.0.0.1:1")
