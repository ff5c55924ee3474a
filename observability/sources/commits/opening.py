"""The source of commits that the settings name."""

from collections.abc import Callable

from observability.settings.history import Metadata, MetadataSource
from observability.sources.commits.api import ArgoCdApi
from observability.sources.commits.clones import Clones
from observability.sources.commits.source import CommitSource


def open_source(metadata: Metadata, argocd_url: str | None, clock: Callable[[], float]) -> CommitSource | None:
    """None when the settings want none. `argocd_url` is `argocd.url`, `clock` gives seconds since the epoch.

    Raises:
        SettingsError: Git is wanted and not installed, or the certificate cannot be used.
    """
    match metadata.source:
        case MetadataSource.NONE:
            return None
        case MetadataSource.API:
            url = metadata.url or argocd_url or ""  # the settings are refused without both
            return ArgoCdApi(url, metadata.token_file, metadata.timeout_seconds, clock, metadata.certificate)
        case MetadataSource.CLONE:
            return Clones({one.url: one.path for one in metadata.repositories}, metadata.timeout_seconds)
