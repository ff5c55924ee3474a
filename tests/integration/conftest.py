"""Servers that many tests share. Each is started once, when the first test asks for it."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.reviews import Reviews
from tests.integration import servers
from tests.integration.servers import ApiServer, Certificates, Etcd

StartApiServer = Callable[..., ApiServer]


def pytest_report_collectionfinish() -> str:
    """Names the servers that the tests run against; a header of this folder would come too late to be printed."""
    return f"servers: {servers.versions()}"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A certificate authority of the tests, and what it issued."""
    return Certificates(tmp_path_factory.mktemp("pki") / "pki")


@pytest.fixture(scope="session")
def reviews() -> Iterator[Reviews]:
    """Who knows the bearer tokens, for the API servers of the tests."""
    with Reviews().serving() as serving:
        yield serving


@pytest.fixture(scope="session")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    """An etcd that no test may stop."""
    with servers.running(Etcd(tmp_path_factory.mktemp("etcd") / "etcd")) as running:
        yield running


@pytest.fixture(scope="session")
def api(
    tmp_path_factory: pytest.TempPathFactory, etcd: Etcd, certificates: Certificates, reviews: Reviews
) -> Iterator[ApiServer]:
    """An API server with the kinds of Argo CD, that no test may stop. Tests keep apart by namespaces."""
    folder = tmp_path_factory.mktemp("api") / "api"
    with servers.running(ApiServer(folder, etcd, certificates, reviews.url)) as running:
        running.install(*servers.ARGO_KINDS)
        yield running


@pytest.fixture
def start_api_server(tmp_path: Path, certificates: Certificates, reviews: Reviews) -> Iterator[StartApiServer]:
    """A function that starts an API server of the test's own, on the given etcd."""
    started: list[ApiServer] = []

    def start(etcd: Etcd, watch_cache: bool = True) -> ApiServer:
        folder = tmp_path / f"api-{secrets.token_hex(4)}"
        server = ApiServer(folder, etcd, certificates, reviews.url, watch_cache)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.stop(kill=True)  # it keeps nothing, and would wait for its watchers


@pytest.fixture
def namespace() -> str:
    """A namespace of the test's own; the API server of the tests needs none to exist."""
    return f"test-{secrets.token_hex(4)}"
