"""Environments and how Applications are told to belong to them. Pure."""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from observability.model.status import Policy
from observability.settings.values import Group, Many, Name, without_repeats


class Requirement(StrEnum):
    """What an environment says to a policy."""

    REQUIRED = "required"
    FORBIDDEN = "forbidden"
    PINNED = "pinned"
    IGNORED = "ignored"


_POSSIBLE: Final[Mapping[Policy, tuple[Requirement, ...]]] = MappingProxyType(
    {
        Policy.AUTOMATED_SYNC: (Requirement.REQUIRED, Requirement.FORBIDDEN),
        Policy.SELF_HEAL: (Requirement.REQUIRED, Requirement.FORBIDDEN),
        Policy.OUTSIDE_WINDOW: (Requirement.FORBIDDEN,),
        Policy.ROLLBACK_IN_CLUSTER: (Requirement.FORBIDDEN,),
        Policy.LOCAL_MANIFESTS: (Requirement.FORBIDDEN,),
        Policy.RISKY_OPTIONS: (Requirement.FORBIDDEN,),
        Policy.PARAMETER_OVERRIDES: (Requirement.FORBIDDEN,),
        Policy.TARGET_REVISION: (Requirement.PINNED,),
        Policy.SKIP_RECONCILE: (Requirement.FORBIDDEN,),
        Policy.FOUR_EYES: (Requirement.REQUIRED,),
    }
)

_STAGING: Final[Mapping[Policy, Requirement]] = MappingProxyType(
    dict.fromkeys(
        (
            Policy.AUTOMATED_SYNC,
            Policy.OUTSIDE_WINDOW,
            Policy.ROLLBACK_IN_CLUSTER,
            Policy.LOCAL_MANIFESTS,
            Policy.RISKY_OPTIONS,
            Policy.PARAMETER_OVERRIDES,
            Policy.SKIP_RECONCILE,
        ),
        Requirement.FORBIDDEN,
    )
)

_PRACTICE: Final[Mapping[str, Mapping[Policy, Requirement]]] = MappingProxyType(
    {
        "development": {Policy.AUTOMATED_SYNC: Requirement.REQUIRED, Policy.SELF_HEAL: Requirement.REQUIRED},
        "staging": _STAGING,
        "production": {
            **_STAGING,
            Policy.TARGET_REVISION: Requirement.PINNED,
            Policy.FOUR_EYES: Requirement.REQUIRED,
        },
    }
)
"""What each environment demands unless the settings say otherwise, by its OpenTelemetry name. Not here: ignored."""

_OTEL_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "dev": "development",
        "development": "development",
        "test": "test",
        "stage": "staging",
        "staging": "staging",
        "prod": "production",
        "production": "production",
    }
)


class Environment(Group):
    """One stop on the way to production."""

    name: Name
    """Value of the label `environment`."""
    aliases: Annotated[Many[Name], without_repeats(str, "alias")] = ()
    """Other words for it, where a rule of `identity` finds them. The rule that stands for none looks for names only."""
    otel_name: Name = Field(default_factory=lambda data: _otel_name((data["name"], *data["aliases"])))
    """Value of `deployment.environment.name`. Left out: development, test, staging or production where the name or an
    alias is a word for it, else the name."""
    policies: Mapping[Policy, Requirement] = Field(default_factory=dict, validate_default=True)
    """What is demanded of its Applications, by policy. What is left out is as good practice has it for the otel_name:
    development demands automated_sync and self_heal; staging and production forbid automated_sync, outside_window,
    rollback_in_cluster, local_manifests, risky_options, parameter_overrides and skip_reconcile; production also demands
    a pinned target_revision and four_eyes. Everything else is ignored."""

    @field_validator("policies")
    @classmethod
    def _complete(cls, given: Mapping[Policy, Requirement], info: ValidationInfo) -> Mapping[Policy, Requirement]:
        for policy, requirement in given.items():
            possible = (*_POSSIBLE[policy], Requirement.IGNORED)
            if requirement not in possible:
                raise ValueError(f"expected {policy} to be {' or '.join(possible)}, got {requirement}")
        practice = _PRACTICE.get(info.data.get("otel_name", ""), {})
        return {policy: given.get(policy, practice.get(policy, Requirement.IGNORED)) for policy in Policy}


def _otel_name(words: tuple[str, ...]) -> str:
    return next((_OTEL_NAMES[word] for word in words if word in _OTEL_NAMES), words[0])


class IdentitySource(StrEnum):
    """Where an identity rule looks."""

    APPLICATION_LABEL = "application_label"
    APPLICATIONSET = "applicationset"
    PROJECT = "project"
    DESTINATION = "destination"
    NAME = "name"


class IdentityRule(Group):
    """One way to tell the environment and the service of an Application. The first rule that matches wins."""

    source: Annotated[IdentitySource, Field(alias="from")]
    """`application_label`: a label of the Application; `applicationset`, `project`: a label or the name of its
    ApplicationSet or AppProject; `destination`: where it is deployed; `name`: its own name."""
    key: str | None = None
    """The label for `application_label` (required), `applicationset` and `project` (none: their name); `server`, `name`
    or `namespace` for `destination` (required); none for `name`."""
    pattern: str = "(?P<environment>.+)"
    """Regular expression for the whole text, with the named groups environment, service or both. An environment must be
    the name or an alias of one in `environments`, otherwise the rule does not match."""

    @field_validator("pattern")
    @classmethod
    def _names_what_it_finds(cls, pattern: str) -> str:
        try:
            groups = set(re.compile(pattern).groupindex)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"expected a regular expression ({error})") from error
        if not groups or groups - {"environment", "service"}:
            raise ValueError("expected named groups (?P<environment>…), (?P<service>…) or both, and no others")
        return pattern

    @model_validator(mode="after")
    def _key_fits_source(self) -> Self:
        match self.source:
            case IdentitySource.APPLICATION_LABEL if self.key is None:
                raise ValueError("expected key, the label to read")
            case IdentitySource.DESTINATION if self.key not in {"server", "name", "namespace"}:
                raise ValueError("expected key to be server, name or namespace")
            case IdentitySource.NAME if self.key is not None:
                raise ValueError("expected no key with from: name")
            case _:
                return self


def by_name(environments: tuple[Environment, ...]) -> IdentityRule:
    """The rule that stands for none: `<service>-<environment>`, with the names of the environments.

    Where two of them fit, as `prod` and `eu-prod` in `shop-eu-prod`, it is the longer one.
    """
    names = "|".join(re.escape(environment.name) for environment in environments)
    words = [environment.name for environment in environments]
    as_short_as_can_be = "?" if any(one.endswith(f"-{other}") for one in words for other in words) else ""
    pattern = f"(?P<service>.+{as_short_as_can_be})-(?P<environment>{names})"
    return IdentityRule(source=IdentitySource.NAME, pattern=pattern)
