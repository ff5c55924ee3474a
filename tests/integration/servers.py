"""Real servers, started and stopped by the tests: etcd, a Kubernetes API server, Prometheus, Alertmanager, a Collector.

Source: how the API server of k8s.io/apiextensions-apiserver starts without a cluster was found by trying; it serves
custom resources, and asks a webhook of the tests who somebody is and what he may.
"""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
import trustme
import yaml

API_VERSION: Final = "v0.33.5"
COLLECTOR_VERSION: Final = "v0.162.0"
_CACHE: Final = Path(__file__).parents[2] / ".cache" / "servers"
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 10.0
_ARGO_GROUP: Final = "argoproj.io"
ARGO_KINDS: Final[Mapping[str, str]] = {
    "Application": "applications",
    "ApplicationSet": "applicationsets",
    "AppProject": "appprojects",
}
"""The kinds of Argo CD, and their plurals."""


def tool(name: str) -> Path:
    """Where the program is; a test that needs one which is missing is skipped by name, and fails under CI=true."""
    path = found(name)
    if path is None:
        message = f"{name} is missing: .ci/servers installs it"
        if os.environ.get("CI") == "true":  # noqa: TID251 - of the tests, not of the product
            pytest.fail(message)
        pytest.skip(message)
    return Path(path)


def versions() -> str:
    """What the tests run against, in one line."""
    return ", ".join(
        (
            f"etcd {_version('etcd')}",
            f"Kubernetes API server {API_VERSION if found('apiextensions-apiserver') else 'missing'}",
            f"Prometheus {_version('prometheus')}",
            f"Alertmanager {_version('prometheus-alertmanager')}",
            f"OpenTelemetry Collector {COLLECTOR_VERSION if found('otelcol') else 'missing'}",
        )
    )


def found(name: str) -> str | None:
    """Where the program is, None when it is missing; what we built goes before what the system has."""
    built = (_CACHE / f"apiextensions-apiserver-{API_VERSION}" / name, _CACHE / f"otelcol-{COLLECTOR_VERSION}" / name)
    return next((str(path) for path in built if path.exists()), shutil.which(name))


def _version(name: str) -> str:
    if found(name) is None:
        return "missing"
    said = subprocess.run([name, "--version"], check=True, capture_output=True, text=True)
    words = (said.stdout or said.stderr).split()
    return words[words.index("version") + 1] if "version" in words else words[2]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def patience(seconds: float) -> float:
    """A deadline: three times as long where other things run beside the tests."""
    return seconds * (3 if os.environ.get("CI") else 1)  # noqa: TID251 - of the tests, not of the product


def until(holds: Callable[[], bool], what: str, seconds: float = _START_SECONDS) -> None:
    """Wait until it holds; fail with `what` when that takes too long."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s until {what}")
        time.sleep(0.05)


class Server:
    """A program that runs until it is stopped, and can be started again with the same arguments."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        self._arguments = arguments
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it may not be ready yet."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def stop(self, kill: bool = False) -> None:
        """Ask it to end, or make it."""
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    def pause(self) -> None:
        """Stop it where it is: its connections stay open, and nobody answers."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def alive(self) -> None:
        """Raise with the end of its log when it ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"{self._arguments[0]} ended:\n{self._log.read_text()[-2000:]}")


AnyServer = TypeVar("AnyServer", bound=Server)


class Etcd(Server):
    """An etcd of one member, on free ports."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        client, peer = f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
        self.url = client
        self.data = folder / "data"
        arguments = [
            *(str(tool("etcd")), "--data-dir", str(self.data), "--log-level", "error"),
            *("--listen-client-urls", client, "--advertise-client-urls", client),
            *(
                "--listen-peer-urls",
                peer,
                "--initial-advertise-peer-urls",
                peer,
                "--initial-cluster",
                f"default={peer}",
            ),
        ]
        super().__init__(arguments, folder / "etcd.log")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        super().start()
        until(self._healthy, "etcd is healthy")

    def _healthy(self) -> bool:
        self.alive()
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=1) as answer:  # noqa: S310 - loopback
                return bool(json.load(answer)["health"] == "true")
        except OSError:
            return False

    def compact(self) -> None:
        """Forget all revisions but the current one."""
        environment = {"ETCDCTL_API": "3", "PATH": os.environ["PATH"]}  # noqa: TID251 - of the tests
        control = [str(tool("etcdctl")), "--endpoints", self.url]
        status = subprocess.run(
            [*control, "endpoint", "status", "-w", "json"], env=environment, check=True, capture_output=True
        )
        revision = json.loads(status.stdout)[0]["Status"]["header"]["revision"]
        subprocess.run([*control, "compact", str(revision)], env=environment, check=True, capture_output=True)


class Certificates:
    """A CA of the tests, with a certificate for the server and one for an administrator of the cluster."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        authority = trustme.CA()
        self.ca = folder / "ca.crt"
        authority.cert_pem.write_to_path(self.ca)
        self.server = _written(authority.issue_cert("127.0.0.1", "localhost"), folder, "server")
        # system:masters is allowed everything, without asking anybody.
        admin = authority.issue_cert("admin.test", common_name="admin", organization_name="system:masters")
        self.admin = _written(admin, folder, "admin")

    def context(self) -> ssl.SSLContext:
        """For requests of the tests, as the administrator."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.load_cert_chain(*self.admin)
        return context


def _written(certificate: trustme.LeafCert, folder: Path, name: str) -> tuple[Path, Path]:
    chain, key = folder / f"{name}.crt", folder / f"{name}.key"
    certificate.private_key_pem.write_to_path(key)
    for number, part in enumerate(certificate.cert_chain_pems):
        part.write_to_path(chain, append=number > 0)
    return chain, key


class ApiServer(Server):
    """A Kubernetes API server for custom resources on an etcd, as its administrator sees it.

    `prefix` keeps several of them apart on one etcd. `reviews_url` is the webhook that knows the bearer tokens.
    """

    def __init__(
        self, folder: Path, etcd: Etcd, certificates: Certificates, reviews_url: str, watch_cache: bool = True
    ) -> None:
        folder.mkdir(parents=True)
        port = free_port()
        self.url = f"https://127.0.0.1:{port}"
        self.certificates = certificates
        self.folder = folder
        self.context = certificates.context()
        webhook = folder / "webhook.yaml"
        write_kubeconfig(webhook, reviews_url + "/webhook", {}, {})
        arguments = [
            *(str(tool("apiextensions-apiserver")), f"--etcd-servers={etcd.url}", f"--etcd-prefix=/{folder.name}"),
            *("--bind-address=127.0.0.1", f"--secure-port={port}", f"--cert-dir={folder / 'certs'}"),
            *(f"--tls-cert-file={certificates.server[0]}", f"--tls-private-key-file={certificates.server[1]}"),
            *(f"--client-ca-file={certificates.ca}", "--authentication-skip-lookup"),
            *(f"--authentication-kubeconfig={webhook}", f"--authorization-kubeconfig={webhook}"),
            *(f"--kubeconfig={webhook}", "--enable-priority-and-fairness=false"),
            # Whoever is let in or out is so at once.
            *("--authentication-token-webhook-cache-ttl=1ms", "--authorization-webhook-cache-authorized-ttl=1ms"),
            "--authorization-webhook-cache-unauthorized-ttl=1ms",
            "--disable-admission-plugins=NamespaceLifecycle,MutatingAdmissionWebhook,ValidatingAdmissionWebhook,"
            "ValidatingAdmissionPolicy,MutatingAdmissionPolicy",
            f"--watch-cache={str(watch_cache).lower()}",
        ]
        super().__init__(arguments, folder / "apiserver.log")

    def start(self) -> None:
        """Start it, and wait until it lists custom resource definitions: /readyz stays red, it waits for Services."""
        super().start()
        until(self._lists, "the API server lists")

    def _lists(self) -> bool:
        self.alive()
        return self.status("GET", _CRDS) == 200

    def install(self, *kinds: str) -> None:
        """Create the definitions of these kinds, and wait until they are served."""
        for kind in kinds:
            self.ask("POST", _CRDS, _definition(kind))
        for kind in kinds:
            self.wait_for(kind)

    def wait_for(self, kind: str) -> None:
        """Wait until objects of this kind can be listed."""
        until(lambda: self.status("GET", objects_path(kind)) == 200, f"{kind} is served")

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One request of the administrator's; raises urllib.error.HTTPError."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/merge-patch+json" if method == "PATCH" else "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, context=self.context, timeout=30) as answer:  # noqa: S310
            document: dict[str, Any] = json.load(answer)
        return document

    def status(self, method: str, path: str) -> int:
        """The HTTP status of a request, 0 when there is no answer."""
        try:
            self.ask(method, path)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0
        return 200

    def create(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object of Argo CD's."""
        return self.ask("POST", objects_path(document["kind"], document["metadata"]["namespace"]), document)

    def replace(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Put an object of Argo CD's in place of the version that it names."""
        metadata = document["metadata"]
        return self.ask("PUT", f"{objects_path(document['kind'], metadata['namespace'])}/{metadata['name']}", document)

    def patch(self, kind: str, namespace: str, name: str, change: Mapping[str, Any]) -> dict[str, Any]:
        """Change an object by a merge patch."""
        return self.ask("PATCH", f"{objects_path(kind, namespace)}/{name}", change)

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object."""
        self.ask("DELETE", f"{objects_path(kind, namespace)}/{name}")

    def watches(self, kind: str) -> int:
        """How many watches of a kind are open, by the API server's own metrics."""
        with urllib.request.urlopen(f"{self.url}/metrics", context=self.context, timeout=30) as answer:  # noqa: S310
            text = answer.read().decode()
        of_kind = rf'^apiserver_longrunning_requests{{.*resource="{ARGO_KINDS[kind]}".*verb="WATCH".*}} (\d+)$'
        return sum(map(int, re.findall(of_kind, text, re.MULTILINE)))

    def lists(self, kind: str) -> int:
        """How many lists of a kind were asked for, streaming ones aside, by the API server's own metrics."""
        with urllib.request.urlopen(f"{self.url}/metrics", context=self.context, timeout=30) as answer:  # noqa: S310
            text = answer.read().decode()
        of_kind = rf'^apiserver_request_total{{.*resource="{ARGO_KINDS[kind]}".*verb="LIST".*}} (\d+)$'
        return sum(map(int, re.findall(of_kind, text, re.MULTILINE)))

    def kubeconfig(self, token: str | None = None) -> Path:
        """A kubeconfig for the administrator, or for the bearer of `token`."""
        chain, key = self.certificates.admin
        user = {"client-certificate": str(chain), "client-key": str(key)} if token is None else {"token": token}
        path = self.folder / f"kubeconfig-{token or 'admin'}.yaml"
        write_kubeconfig(path, self.url, {"certificate-authority": str(self.certificates.ca)}, user)
        return path


_CRDS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def objects_path(kind: str, namespace: str = "") -> str:
    """The path of Argo CD's objects of a kind, in a namespace or in all."""
    within = f"/namespaces/{namespace}" if namespace else ""
    return f"/apis/{_ARGO_GROUP}/v1alpha1{within}/{ARGO_KINDS[kind]}"


def _definition(kind: str) -> dict[str, Any]:
    """A definition that keeps every field, without a status subresource, as Argo CD's Application has none."""
    plural = ARGO_KINDS[kind]
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{_ARGO_GROUP}"},
        "spec": {
            "group": _ARGO_GROUP,
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def write_kubeconfig(path: Path, url: str, cluster: Mapping[str, Any], user: Mapping[str, Any]) -> None:
    """A kubeconfig of one context, `tests`."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "tests",
        "clusters": [{"name": "tests", "cluster": {"server": url, **cluster}}],
        "users": [{"name": "tests", "user": dict(user)}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "tests"}}],
    }
    path.write_text(yaml.safe_dump(document))


class Prometheus(Server):
    """A Prometheus with the scrape configurations of a test, and what else is in its configuration."""

    def __init__(self, folder: Path, scrape_configs: list[Mapping[str, Any]], *flags: str, **more: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        configuration = folder / "prometheus.yml"
        configuration.write_text(yaml.safe_dump({"scrape_configs": [dict(entry) for entry in scrape_configs], **more}))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        arguments = [
            *(str(tool("prometheus")), f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'data'}"),
            *(f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"),
            *flags,
        ]
        super().__init__(arguments, folder / "prometheus.log")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        super().start()
        until(self._ready, "Prometheus is ready")

    def _ready(self) -> bool:
        self.alive()
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except OSError:
            return False

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The result of an instant query: each with `metric` and `value`."""
        return list(self._api("query", query=expression)["result"])

    def targets(self) -> list[dict[str, Any]]:
        """What it scrapes, with `health` and `lastError`."""
        return list(self._api("targets")["activeTargets"])

    def rules(self) -> list[dict[str, Any]]:
        """The groups of rules that it evaluates."""
        return list(self._api("rules")["groups"])

    def loaded(self) -> dict[str, list[str]]:
        """The names of the rules that it has loaded, by the name of their file."""
        loaded: dict[str, list[str]] = {}
        for group in self._api("rules")["groups"]:
            loaded.setdefault(Path(group["file"]).name, []).extend(rule["name"] for rule in group["rules"])
        return loaded

    def expression(self, name: str) -> str:
        """The expression of a rule that it has loaded, as it prints it."""
        found = (rule for group in self._api("rules")["groups"] for rule in group["rules"] if rule["name"] == name)
        return str(next(found)["query"])

    def _api(self, path: str, **parameters: str) -> dict[str, Any]:
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
            data: dict[str, Any] = json.load(answer)["data"]
        return data


class Alertmanager(Server):
    """An Alertmanager on its own, with a configuration file."""

    def __init__(self, folder: Path, configuration: Path) -> None:
        folder.mkdir(parents=True)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        arguments = [
            *(str(tool("prometheus-alertmanager")), f"--config.file={configuration}"),
            *(f"--storage.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"),
            *("--cluster.listen-address=", "--log.level=warn"),
        ]
        super().__init__(arguments, folder / "alertmanager.log")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        super().start()
        until(self._ready, "Alertmanager is ready")

    def _ready(self) -> bool:
        self.alive()
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except OSError:
            return False

    def send(self, *alerts: Mapping[str, Any]) -> None:
        """Give it alerts, as Prometheus does."""
        data = json.dumps(alerts).encode()
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.url}/api/v2/alerts", data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - loopback
            pass

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that it has, each with its `status`: active or suppressed, and by what."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:  # noqa: S310 - loopback
            found: list[dict[str, Any]] = json.load(answer)
        return found


class Collector(Server):
    """An OpenTelemetry Collector that writes what it received, as JSON of OTLP, to files.

    `tls`: with TLS, and only for clients that show a certificate of the same CA. `at_once`: what it has acknowledged is
    in the files, even when it is killed.
    """

    def __init__(self, folder: Path, tls: Certificates | None = None, *, at_once: bool = False) -> None:
        folder.mkdir(parents=True)
        self._at_once = at_once
        self._http, self._grpc = free_port(), free_port()
        scheme = "http" if tls is None else "https"
        self.http_url, self.grpc_url = f"{scheme}://127.0.0.1:{self._http}", f"{scheme}://127.0.0.1:{self._grpc}"
        self._files = {signal: folder / f"{signal}.ndjson" for signal in ("logs", "traces")}
        configuration = folder / "collector.yaml"
        configuration.write_text(yaml.safe_dump(self._configuration(tls)))
        super().__init__([str(tool("otelcol")), f"--config=file:{configuration}"], folder / "collector.log")

    def _configuration(self, tls: Certificates | None) -> dict[str, Any]:
        secured: dict[str, Any] = {}
        if tls is not None:
            chain, key = map(str, tls.server)
            secured = {"tls": {"cert_file": chain, "key_file": key, "client_ca_file": str(tls.ca)}}
        protocols = {
            "http": {"endpoint": f"127.0.0.1:{self._http}", **secured},
            "grpc": {"endpoint": f"127.0.0.1:{self._grpc}", **secured},
        }
        # Only what it may rotate it writes without a buffer.
        how = {"rotation": {"max_megabytes": 10_000}} if self._at_once else {"append": True, "flush_interval": "100ms"}
        files = {f"file/{signal}": {"path": str(path), **how} for signal, path in self._files.items()}
        pipelines = {signal: {"receivers": ["otlp"], "exporters": [f"file/{signal}"]} for signal in self._files}
        telemetry = {"metrics": {"level": "none"}, "logs": {"level": "warn"}}
        return {
            "receivers": {"otlp": {"protocols": protocols}},
            "exporters": files,
            "service": {"pipelines": pipelines, "telemetry": telemetry},
        }

    def start(self) -> None:
        """Start it, and wait until it listens."""
        super().start()
        until(lambda: self._listens(self._http) and self._listens(self._grpc), "the Collector listens")

    def stop(self, kill: bool = False) -> None:
        """Ask it to end, or make it; it may be paused."""
        if self._process is not None and not kill:
            self.resume()
        super().stop(kill)

    def _listens(self, port: int) -> bool:
        self.alive()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    @property
    def files(self) -> Mapping[str, Path]:
        """Where it writes `logs` and `traces`."""
        return self._files

    def logs(self) -> list[dict[str, Any]]:
        """The log records that arrived, in that order, each with its `resource` and `scope`."""
        return self._arrived("logs", "resourceLogs", "scopeLogs", "logRecords")

    def spans(self) -> list[dict[str, Any]]:
        """The spans that arrived, in that order, each with its `resource` and `scope`."""
        return self._arrived("traces", "resourceSpans", "scopeSpans", "spans")

    def _arrived(self, signal: str, of_resource: str, of_scope: str, records: str) -> list[dict[str, Any]]:
        path = self._files[signal]
        text = path.read_text() if path.exists() else ""
        whole = text[: text.rfind("\n") + 1]  # the last line may be half written
        return [
            record for line in whole.splitlines() for record in within(json.loads(line), of_resource, of_scope, records)
        ]


def within(document: Mapping[str, Any], of_resource: str, of_scope: str, records: str) -> Iterator[dict[str, Any]]:
    """The records of one line that a Collector wrote, each with its `resource` and `scope`."""
    for resource in document[of_resource]:
        for scope in resource[of_scope]:
            for record in scope[records]:
                yield {**record, "resource": resource["resource"], "scope": scope["scope"]}


@contextmanager
def running(server: AnyServer) -> Iterator[AnyServer]:
    """Start it, and stop it in any case."""
    try:
        server.start()
        yield server
    finally:
        server.stop()
