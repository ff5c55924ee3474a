"""The source of commits that the settings name."""

from pathlib import Path

import pytest

from observability.errors import SettingsError
from observability.settings.history import Clone, Metadata, MetadataSource
from observability.sources.commits.api import ArgoCdApi
from observability.sources.commits.clones import Clones
from observability.sources.commits.opening import open_source
from tests.builders import NOON


def opened(metadata: Metadata) -> object:
    return open_source(metadata, "https://argocd.example.com", lambda: NOON)


def test_there_is_none_unless_one_is_wanted() -> None:
    assert opened(Metadata()) is None


@pytest.mark.parametrize("url", [None, "https://other.example.com"])
def test_argo_cd_is_asked_at_its_own_address_unless_there_is_another(url: str | None) -> None:
    source = opened(Metadata(source=MetadataSource.API, url=url))
    assert isinstance(source, ArgoCdApi)
    assert source.url == (url or "https://argocd.example.com")


def test_a_certificate_that_cannot_be_used_is_said_at_the_start(tmp_path: Path) -> None:
    nothing = tmp_path / "ca.pem"
    with pytest.raises(SettingsError) as caught:
        opened(Metadata(source=MetadataSource.API, certificate=nothing))
    assert str(caught.value) == (
        f"argocd.metadata: certificate: expected a readable file: {nothing} (No such file or directory)"
    )


def test_clones_are_read() -> None:
    metadata = Metadata(source=MetadataSource.CLONE, repositories=(Clone(url="https://x/shop", path=Path("shop")),))
    assert isinstance(opened(metadata), Clones)
