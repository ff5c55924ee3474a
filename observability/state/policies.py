"""What an environment requires or forbids of its Applications, and which of it is violated."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from observability.model.application import Application
from observability.model.state import Memory
from observability.model.status import Policy
from observability.settings.environments import Requirement

Fact: TypeAlias = Callable[[Application, Memory], bool | None]
"""What a policy is about. None: it is not known, and so violates nothing."""
Demands: TypeAlias = tuple[tuple[Policy, Fact, bool], ...]
"""Policies, the fact that each is about, and the value of it that violates it."""

_VERSION: Final = re.compile(
    r"""
    refs/tags/.+                                            # said to be a tag
  | (?:[0-9a-f]{7,40}|[0-9a-f]{64}|sha256:[0-9a-f]{64})     # a commit, or a digest of an OCI artefact
  | (?:[\w./-]*[/-])?v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?       # an exact version, after a prefix such as release-
  | v\d+(?:\.\d+)*(?:[-+][\w.+-]+)?                         # v1, v1.2
  | \d{4}[.-]?\d\d[.-]?\d\d(?:[-.]\w+)*                     # a date
    """,
    re.VERBOSE,
)

_LONGEST: Final = 255
"""Longer names no file system has, and Git keeps its references in one."""


def demands(requirements: Mapping[Policy, Requirement]) -> Demands:
    """What an environment asks for, ready to be judged: each policy that it does not ignore, as the table has them."""
    asked = ((policy, fact, requirements.get(policy, Requirement.IGNORED)) for policy, fact in POLICIES)
    return tuple(
        (policy, fact, requirement is Requirement.FORBIDDEN)
        for policy, fact, requirement in asked
        if requirement is not Requirement.IGNORED
    )


def violations(app: Application, memory: Memory, demanded: Demands) -> tuple[Policy, ...]:
    """The policies that are violated."""
    return tuple([policy for policy, fact, unwanted in demanded if fact(app, memory) is unwanted])


@lru_cache(maxsize=4096)
def is_pinned(target_revision: str) -> bool:
    """A tag or a commit, as far as its name tells: Git says which names are branches, the Application does not."""
    if len(target_revision) > _LONGEST or target_revision.startswith("refs/heads/"):
        return False
    return _VERSION.fullmatch(target_revision) is not None


def _pinned(app: Application, _: Memory) -> bool:
    return all(is_pinned(source.target_revision) for source in app.sources)


def _automated(app: Application, _: Memory) -> bool:
    return app.automated


def _self_heals(app: Application, _: Memory) -> bool:
    return app.automated and app.self_heal


def _synced_outside_window(_: Application, memory: Memory) -> bool:
    return memory.outside_window


def _rolled_back(_: Application, memory: Memory) -> bool:
    return memory.rolled_back


def _local(_: Application, memory: Memory) -> bool:
    return memory.local


def _risky(app: Application, memory: Memory) -> bool:
    return bool(app.options) or memory.risky


def _overridden(app: Application, _: Memory) -> bool:
    return app.parameter_overrides


def _skips(app: Application, _: Memory) -> bool:
    return app.skip_reconcile


def _four_eyes(_: Application, memory: Memory) -> bool | None:
    return memory.four_eyes


POLICIES: Final[tuple[tuple[Policy, Fact], ...]] = (
    (Policy.AUTOMATED_SYNC, _automated),
    (Policy.SELF_HEAL, _self_heals),
    (Policy.OUTSIDE_WINDOW, _synced_outside_window),
    (Policy.ROLLBACK_IN_CLUSTER, _rolled_back),
    (Policy.LOCAL_MANIFESTS, _local),
    (Policy.RISKY_OPTIONS, _risky),
    (Policy.PARAMETER_OVERRIDES, _overridden),
    (Policy.TARGET_REVISION, _pinned),
    (Policy.SKIP_RECONCILE, _skips),
    (Policy.FOUR_EYES, _four_eyes),
)
"""The fact that each policy is about: violated where it holds and is forbidden, or does not and is required."""
