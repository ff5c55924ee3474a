"""Which proxy is on the way, by the variables of the environment."""

import pytest

from observability.delivery.proxies import proxy_for

VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({}, "https://collector:4318/v1/logs", None),
        ({"https_proxy": "http://proxy:3128"}, "https://collector:4318/v1/logs", "http://proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https://collector/v1/logs", "http://proxy:3128"),
        ({"https_proxy": "http://proxy:3128"}, "http://collector:4318/v1/logs", None),
        ({"http_proxy": "proxy:3128"}, "http://collector:4318/v1/logs", "http://proxy:3128"),
        ({"http_proxy": "http://jo:secret@proxy:3128"}, "http://collector/", "http://jo:secret@proxy:3128"),
        ({"http_proxy": ""}, "http://collector/", None),
        ({"http_proxy": "http://proxy:3128", "no_proxy": "collector"}, "http://collector:4318/", None),
        ({"http_proxy": "http://proxy:3128", "no_proxy": ".svc,10.0.0.1"}, "http://a.svc:4318/", None),
        ({"http_proxy": "http://proxy:3128", "no_proxy": "a.svc"}, "http://user:word@a.svc/", None),
        ({"http_proxy": "http://proxy:3128", "no_proxy": "*"}, "http://a.svc:4318/", None),
        ({"http_proxy": "http://proxy:3128", "no_proxy": "collector"}, "http://other/", "http://proxy:3128"),
    ],
)
def test_the_proxy_is_that_of_the_scheme_unless_the_host_is_excepted(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, proxy: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy
