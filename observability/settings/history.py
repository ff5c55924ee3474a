"""What becomes history: the journal, promotions, and what is known of commits. Pure."""

from enum import StrEnum
from typing import Annotated, Self, TypeVar

from pydantic import Field, ValidationInfo, field_validator, model_validator

from observability.settings.values import File, Group, Many, Name, PositiveSeconds, WebAddress, without_repeats

_Given = TypeVar("_Given")


class PromotionKey(StrEnum):
    """What travels from one environment to the next."""

    AUTO = "auto"
    REVISION = "revision"
    IMAGES = "images"


class Promotion(Group):
    """How a promotion is told."""

    key: PromotionKey = PromotionKey.AUTO
    """What travels: the `revision` where environments read one branch, the set of `images` where each has a branch or
    folder of its own. `auto`: revision when both environments read one branch and path, else images."""


class Journal(Group):
    """What survives a restart, in one SQLite file."""

    path: File | None = None
    """The file, in a folder that exists; beside it lie two of SQLite's and a lock. None: in memory, gone with the
    process."""
    max_bytes: Annotated[int, Field(ge=1 << 20)] = 1 << 30
    """In bytes. A journal of this size cuts the oldest events that every receiver has. When there are none it records
    no more, and later only that something changed meanwhile. Metrics go on."""
    retention_days: Annotated[int, Field(ge=1, le=36_500)] = 400
    """Events are kept for so long, for reports and audits, once every receiver has them; and as far as they fit."""


class MetadataSource(StrEnum):
    """Where the author and the message of a commit come from."""

    NONE = "none"
    API = "api"
    CLONE = "clone"


class Clone(Group):
    """A local clone of a repository, bare or not, that something else keeps up to date."""

    url: Name
    """The repository, as Applications name it."""
    path: File
    """The folder of the clone."""


class Metadata(Group):
    """Who wrote a commit, when, and whether it is signed."""

    source: MetadataSource = MetadataSource.NONE
    """`api`: Argo CD is asked, `clone`: local clones are read, `none`: commits stay without author and time."""
    url: WebAddress | None = None
    """For api: where Argo CD is asked. None: at `argocd.url`."""
    token_file: File | None = None
    """For api: a file with the token of an account that may get applications, read anew. None: no token."""
    certificate: File | None = None
    """For api: PEM certificates of the authorities that are trusted. None: those of the system."""
    repositories: Annotated[Many[Clone], without_repeats(lambda one: one.url, "repository")] = ()
    """For clone: the clones that there are. Commits of other repositories stay without author and time."""
    timeout_seconds: PositiveSeconds = 10.0
    """For one commit."""

    @field_validator("url", "token_file", "certificate")
    @classmethod
    def _is_for_the_api(cls, given: _Given, info: ValidationInfo) -> _Given:
        source = info.data.get("source", MetadataSource.API)  # a source that is none has been complained of
        if given is not None and source is not MetadataSource.API:
            raise ValueError(f"expected argocd.metadata.source: api beside it, the source is {source}")
        return given

    @model_validator(mode="after")
    def _clones_are_named(self) -> Self:
        if bool(self.repositories) is not (self.source is MetadataSource.CLONE):
            raise ValueError("expected repositories, a list of url and path, with source: clone, and only there")
        return self
