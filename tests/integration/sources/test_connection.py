"""Configuration, credentials and TLS of the connection."""

import asyncio
import json
import shutil
import ssl
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from kubernetes.aio.config.incluster_config import InClusterConfigLoader
from structlog.testing import capture_logs

from observability import __version__
from observability.errors import ApiError, SettingsError, SourceError, Unauthorized
from observability.settings.groups import Kubernetes
from observability.sources import kubernetes
from observability.sources.kubernetes import Connection, connect
from tests.fakes.reviews import Reviews, User
from tests.fakes.scripted_api import Answer, Request, ScriptedApi, Then, page, refusal
from tests.integration import servers
from tests.integration.servers import ApiServer, Certificates, write_kubeconfig

PATH = "/apis/argoproj.io/v1alpha1/applications"


async def ask(settings: Kubernetes, **parameters: Any) -> bytes:
    async with connect(settings, time.monotonic, **parameters) as connection:
        return await connection.get(PATH)


def found(tmp_path: Path, text: str) -> Kubernetes:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    return Kubernetes(kubeconfig=path)


async def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"/absent: expected a kubeconfig, there is no such file"):
        await ask(Kubernetes(kubeconfig=tmp_path / "absent"))


async def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    write_kubeconfig(path, "http://127.0.0.1:1", {}, {})
    with pytest.raises(SettingsError, match=r"kubeconfig: .*Expected object with name production in .*contexts list"):
        await ask(Kubernetes(kubeconfig=path, context="production"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just words",
        "- a\n- list",
        "a: [",
        "\tx",
        "clusters: 7",
        "{clusters: [], users: [], contexts: [], current-context: a}",
    ],
)
async def test_a_file_that_is_no_kubeconfig(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="kubeconfig"):
        await ask(found(tmp_path, text))


async def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    path, ca = tmp_path / "kubeconfig", tmp_path / "ca.crt"
    ca.write_text("not a certificate")
    write_kubeconfig(path, "https://127.0.0.1:1", {"certificate-authority": str(ca)}, {})
    with pytest.raises(SettingsError, match="kubeconfig: expected usable certificates"):
        await ask(Kubernetes(kubeconfig=path))


async def test_no_configuration_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "absent"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(SettingsError, match=r"Service host/port is not set.*without a kubeconfig.*pod of the cluster"):
        await ask(Kubernetes())


async def test_a_context_means_a_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "absent"))
    with pytest.raises(SettingsError, match="expected a kubeconfig"):
        await ask(Kubernetes(context="production"))


async def test_the_default_kubeconfig_may_be_several_files(
    scripted: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_kubeconfig(tmp_path / "second", scripted.url, {}, {})
    monkeypatch.setattr(kubernetes, "KUBE_CONFIG_DEFAULT_LOCATION", f"{tmp_path}/absent:{tmp_path}/second")
    scripted.script = [page(1)]
    assert await ask(Kubernetes())


async def test_a_context_is_chosen(scripted: ScriptedApi, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    write_kubeconfig(path, "http://127.0.0.1:1", {}, {})
    document = yaml.safe_load(path.read_text())
    document["clusters"].append({"name": "other", "cluster": {"server": scripted.url}})
    document["contexts"].append({"name": "production", "context": {"cluster": "other", "user": "tests"}})
    path.write_text(yaml.safe_dump(document))
    scripted.script = [page(1)]
    assert await ask(Kubernetes(kubeconfig=path, context="production"))


async def test_a_token_from_a_file_that_ends_with_a_newline(scripted: ScriptedApi, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    write_kubeconfig(tmp_path / "kubeconfig", scripted.url, {}, {"tokenFile": str(tmp_path / "token")})
    scripted.script = [page(1)]
    await ask(Kubernetes(kubeconfig=tmp_path / "kubeconfig"))
    (request,) = scripted.requests
    assert request.headers["Authorization"] == "Bearer secret"
    assert request.headers["User-Agent"] == f"gitops-observability/{__version__}"
    assert request.headers["Accept-Encoding"] == "identity"


async def test_through_a_proxy(scripted: ScriptedApi, tmp_path: Path) -> None:
    write_kubeconfig(tmp_path / "kubeconfig", "http://cluster.invalid:6443", {"proxy-url": scripted.url}, {})
    scripted.script = [page(1)]
    assert await ask(Kubernetes(kubeconfig=tmp_path / "kubeconfig"))
    assert scripted.requests[0].headers["Host"] == "cluster.invalid:6443"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(scripted: ScriptedApi, connection: Connection, status: int) -> None:
    elsewhere = {"Location": f"{scripted.url}/login"}
    scripted.script = [Answer((), status, headers=elsewhere), page(1)]
    with pytest.raises(SourceError, match=rf"{scripted.url} redirects \({status}\)"):
        await connection.get(PATH)
    assert len(scripted.requests) == 1


async def test_an_answer_that_is_cut_off(scripted: ScriptedApi, connection: Connection) -> None:
    scripted.script = [Answer((b'{"metadata"',), then=Then.CUT)]
    with pytest.raises(SourceError, match=f"cannot reach {scripted.url}"):
        await connection.get(PATH)


async def test_an_error_without_words(scripted: ScriptedApi, connection: Connection) -> None:
    scripted.script = [Answer((b"x" * (2 * 2**20),), 500, "text/html")]
    with pytest.raises(ApiError, match=r"Internal Server Error, as text/html \(500\)"):
        await connection.get(PATH)


async def test_whoever_is_refused_at_the_same_time_reads_credentials_once(
    scripted: ScriptedApi, connection: Connection, tmp_path: Path
) -> None:
    def only_for_the_second(request: Request) -> Answer:
        return page(1) if request.headers["Authorization"] == "Bearer second" else refusal(401, "Unauthorized")

    write_kubeconfig(tmp_path / "kubeconfig", scripted.url, {}, {"token": "second"})
    scripted.script = [only_for_the_second] * 20
    with capture_logs() as logs:
        await asyncio.gather(*(connection.get(PATH) for _ in range(10)))
    assert [entry["event"] for entry in logs] == ["reading the credentials anew"]


async def test_credentials_that_cannot_be_read_anew(
    scripted: ScriptedApi, connection: Connection, tmp_path: Path
) -> None:
    (tmp_path / "kubeconfig").unlink()
    scripted.script = [refusal(401, "Unauthorized")]
    with pytest.raises(SourceError, match=r"cannot read the credentials anew: .*there is no such file"):
        await connection.get(PATH)


@pytest.mark.servers
async def test_an_exec_plugin_is_asked_again(api: ApiServer, reviews: Reviews, tmp_path: Path) -> None:
    reviews.users |= {"exec-1": User("robot"), "exec-2": User("robot")}
    plugin, token = tmp_path / "plugin.py", tmp_path / "token"
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    plugin.write_text(
        f"import json; print(json.dumps({credential!r} | {{'status': {{'token': open({str(token)!r}).read()}}}}))"
    )
    exec_ = {"apiVersion": credential["apiVersion"], "command": sys.executable, "args": [str(plugin)]}
    cluster = {"certificate-authority": str(api.certificates.ca)}
    write_kubeconfig(tmp_path / "kubeconfig", api.url, cluster, {"exec": exec_})
    token.write_text("exec-1")
    async with connect(Kubernetes(kubeconfig=tmp_path / "kubeconfig"), time.monotonic) as connection:
        assert await connection.get(PATH)
        del reviews.users["exec-1"]
        with pytest.raises(Unauthorized):
            await connection.get(PATH)
        token.write_text("exec-2")
        assert await connection.get(PATH)


@pytest.mark.servers
async def test_as_a_pod(api: ApiServer, reviews: Reviews, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reviews.users["pod-1"] = User("system:serviceaccount:monitoring:exporter")
    monkeypatch.setattr(kubernetes, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "absent"))
    host, port = api.url.removeprefix("https://").split(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    shutil.copy(api.certificates.ca, tmp_path / "ca.crt")
    (tmp_path / "token").write_text("pod-1")
    async with connect(Kubernetes(), time.monotonic, service_account=tmp_path) as connection:
        assert await connection.get(PATH)
        # The kubelet writes a new token; the old one is refused before the client would look by itself.
        reviews.users["pod-2"] = reviews.users.pop("pod-1")
        (tmp_path / "token").write_text("pod-2")
        assert await connection.get(PATH)


class Forgetful(InClusterConfigLoader):
    """The real one, except that it reads its token before each request instead of once a minute."""

    def __init__(self, *files: Path) -> None:
        super().__init__(*files)  # type: ignore[no-untyped-call]
        self._token_refresh_period = timedelta(0)


@pytest.fixture
async def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[ScriptedApi, Connection]]:
    """A connection of a pod whose token is `pod-1` and a newline, and the API that it asks."""
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    (tmp_path / "token").write_text("pod-1\n")
    monkeypatch.setattr(kubernetes, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "absent"))
    monkeypatch.setattr(kubernetes, "InClusterConfigLoader", Forgetful)
    async with ScriptedApi().serving(tls) as api:
        host, port = api.url.removeprefix("https://").split(":")
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
        async with connect(Kubernetes(), time.monotonic, service_account=tmp_path) as connection:
            yield api, connection


async def test_a_token_of_a_pod_is_read_anew_without_its_newline(
    pod: tuple[ScriptedApi, Connection], tmp_path: Path
) -> None:
    api, connection = pod
    api.script = [page(1), page(1), page(1)]
    await connection.get(PATH)
    (tmp_path / "token").write_text("pod-2\n")
    await connection.get(PATH)
    await connection.get(PATH)
    assert [request.headers["Authorization"] for request in api.requests] == [
        "bearer pod-1",
        "bearer pod-2",
        "bearer pod-2",
    ]


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "Token file exists but empty"), (b"\xff", "can't decode"), (None, "No such file")]
)
async def test_a_token_of_a_pod_that_cannot_be_read_for_a_while(
    pod: tuple[ScriptedApi, Connection], tmp_path: Path, content: bytes | None, said: str
) -> None:
    api, connection = pod
    api.script = [page(1), page(1)]
    if content is None:
        (tmp_path / "token").unlink()
    else:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(SourceError, match=f"cannot read the token anew: .*{said}"):
        await connection.get(PATH)
    (tmp_path / "token").write_text("pod-2")
    await connection.get(PATH)
    assert [request.headers["Authorization"] for request in api.requests] == ["bearer pod-2"]


@pytest.mark.servers
async def test_the_certificate_authority_is_exchanged(api: ApiServer, tmp_path: Path) -> None:
    ca = tmp_path / "ca.crt"
    shutil.copy(Certificates(tmp_path / "other").ca, ca)
    chain, key = api.certificates.admin
    user = {"client-certificate": str(chain), "client-key": str(key)}
    write_kubeconfig(tmp_path / "kubeconfig", api.url, {"certificate-authority": str(ca)}, user)
    async with connect(Kubernetes(kubeconfig=tmp_path / "kubeconfig"), time.monotonic) as connection:
        with pytest.raises(SourceError, match=f"cannot reach {api.url}: .*certificate verify failed"):
            await connection.get(PATH)
        shutil.copy(api.certificates.ca, ca)
        assert await connection.get(PATH)


@pytest.mark.servers
async def test_the_client_certificate_is_exchanged(api: ApiServer, tmp_path: Path) -> None:
    stranger = Certificates(tmp_path / "other").admin
    chain, key = tmp_path / "client.crt", tmp_path / "client.key"
    shutil.copy(stranger[0], chain)
    shutil.copy(stranger[1], key)
    user = {"client-certificate": str(chain), "client-key": str(key)}
    write_kubeconfig(tmp_path / "kubeconfig", api.url, {"certificate-authority": str(api.certificates.ca)}, user)
    async with connect(Kubernetes(kubeconfig=tmp_path / "kubeconfig"), time.monotonic) as connection:
        with pytest.raises(Unauthorized):
            await connection.get(PATH)
        shutil.copy(api.certificates.admin[0], chain)
        shutil.copy(api.certificates.admin[1], key)
        assert json.loads(await connection.get(servers.objects_path("Application")))["kind"] == "ApplicationList"
