"""The journal, promotions and the metadata of commits: what they are without being set, and what they accept."""

import json

import pytest

from observability.errors import SettingsError
from observability.settings import MetadataSource, PromotionKey, Settings, load


def settings(**groups: object) -> Settings:
    return load(None, {f"GITOPS_OBS_{name.upper()}": json.dumps(value) for name, value in groups.items()}, {})


def test_without_settings_nothing_is_kept_and_nobody_is_asked() -> None:
    given = Settings()
    assert (given.journal.path, given.journal.max_bytes, given.journal.retention_days) == (None, 1024**3, 400)
    assert given.argocd.metadata.source is MetadataSource.NONE
    assert given.promotion.key is PromotionKey.AUTO
    assert given.state.change_failure_seconds == 3600


def test_commits_may_come_from_the_api_or_from_clones() -> None:
    asked = {"source": "api", "token_file": "/t", "certificate": "/ca"}
    api = settings(argocd={"url": "https://argo", "metadata": asked}).argocd.metadata
    assert (api.source, str(api.token_file), str(api.certificate)) == ("api", "/t", "/ca")
    assert settings(argocd={"metadata": {"source": "api", "url": "https://argo"}}).argocd.url is None
    clones = [{"url": "git@example.com:shop", "path": "/clones/shop"}]
    (clone,) = settings(argocd={"metadata": {"source": "clone", "repositories": clones}}).argocd.metadata.repositories
    assert (clone.url, str(clone.path)) == ("git@example.com:shop", "/clones/shop")


@pytest.mark.parametrize(
    ("group", "value", "expected"),
    [
        ("journal", {"max_bytes": 5}, "journal.max_bytes: expected a whole number at least 1048576, got 5"),
        ("journal", {"max_bytes": "1GiB"}, 'journal.max_bytes: expected a whole number at least 1048576, got "1GiB"'),
        (
            "journal",
            {"retention_days": 0},
            "journal.retention_days: expected a whole number at least 1 and at most 36500, got 0",
        ),
        ("promotion", {"key": "tag"}, 'promotion.key: expected one of auto, revision, images, got "tag"'),
        (
            "argocd",
            {"metadata": {"source": "api"}},
            "argocd: expected argocd.url or argocd.metadata.url with argocd.metadata.source: api",
        ),
        (
            "argocd",
            {"metadata": {"token_file": "/t"}},
            'argocd.metadata.token_file: expected argocd.metadata.source: api beside it, the source is none, got "/t"',
        ),
        (
            "argocd",
            {"metadata": {"source": "clone", "repositories": [{"url": "a", "path": "b"}], "certificate": "/ca"}},
            "argocd.metadata.certificate: expected argocd.metadata.source: api beside it, the source is clone, "
            'got "/ca"',
        ),
        (
            "argocd",
            {"metadata": {"source": "none", "url": "https://argo"}},
            "argocd.metadata.url: expected argocd.metadata.source: api beside it, the source is none, "
            'got "https://argo"',
        ),
        (
            "argocd",
            {"metadata": {"source": "apis", "token_file": "/t"}},
            'argocd.metadata.source: expected one of none, api, clone, got "apis"',
        ),
        (
            "argocd",
            {"metadata": {"source": "clone"}},
            "argocd.metadata: expected repositories, a list of url and path, with source: clone, and only there",
        ),
        (
            "argocd",
            {"metadata": {"source": "clone", "repositories": [{"url": "a", "path": "b"}, {"url": "a", "path": "c"}]}},
            "argocd.metadata.repositories: expected each repository once, a is there 2 times",
        ),
    ],
)
def test_impossible_values(group: str, value: object, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(**{group: value})
    assert str(caught.value) == f"GITOPS_OBS_{group.upper()}: {expected}"
