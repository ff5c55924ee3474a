"""Each row of the table of policies, kept and violated."""

from typing import Any, Final

import pytest

from observability.model.application import Application, Source
from observability.model.state import Memory
from observability.model.status import Policy
from observability.settings.environments import Environment, Requirement
from observability.state.policies import POLICIES, demands, is_pinned, violations
from tests.builders import application, memory


def app(**facts: Any) -> Application:
    return application(**facts)


def reading(*revisions: str) -> Application:
    return application(sources=tuple(Source("https://git.example.com/a", target_revision=one) for one in revisions))


CASES: Final[tuple[tuple[Policy, Requirement, tuple[Application, Memory], tuple[Application, Memory]], ...]] = (
    (
        Policy.AUTOMATED_SYNC,
        Requirement.REQUIRED,
        (app(automated=False), memory()),
        (app(automated=True), memory()),
    ),
    (
        Policy.AUTOMATED_SYNC,
        Requirement.FORBIDDEN,
        (app(automated=True), memory()),
        (app(automated=False), memory()),
    ),
    (
        Policy.SELF_HEAL,
        Requirement.REQUIRED,
        (app(automated=False, self_heal=True), memory()),
        (app(automated=True, self_heal=True), memory()),
    ),
    (
        Policy.SELF_HEAL,
        Requirement.FORBIDDEN,
        (app(automated=True, self_heal=True), memory()),
        (app(automated=False, self_heal=True), memory()),
    ),
    (
        Policy.OUTSIDE_WINDOW,
        Requirement.FORBIDDEN,
        (app(), memory(outside_window=True)),
        (app(), memory()),
    ),
    (
        Policy.ROLLBACK_IN_CLUSTER,
        Requirement.FORBIDDEN,
        (app(), memory(rolled_back=True)),
        (app(), memory()),
    ),
    (
        Policy.LOCAL_MANIFESTS,
        Requirement.FORBIDDEN,
        (app(), memory(local=True)),
        (app(), memory()),
    ),
    (
        Policy.RISKY_OPTIONS,
        Requirement.FORBIDDEN,
        (app(options=("Replace=true",)), memory()),
        (app(), memory()),
    ),
    (
        Policy.RISKY_OPTIONS,
        Requirement.FORBIDDEN,
        (app(), memory(risky=True)),
        (app(), memory()),
    ),
    (
        Policy.PARAMETER_OVERRIDES,
        Requirement.FORBIDDEN,
        (app(parameter_overrides=True), memory()),
        (app(), memory()),
    ),
    (
        Policy.TARGET_REVISION,
        Requirement.PINNED,
        (reading("v1.2.3", "main"), memory()),
        (reading("v1.2.3", "1.0.0"), memory()),
    ),
    (
        Policy.SKIP_RECONCILE,
        Requirement.FORBIDDEN,
        (app(skip_reconcile=True), memory()),
        (app(), memory()),
    ),
    (
        Policy.FOUR_EYES,
        Requirement.REQUIRED,
        (app(), memory(four_eyes=False)),
        (app(), memory(four_eyes=True)),
    ),
    (
        Policy.FOUR_EYES,
        Requirement.REQUIRED,
        (app(), memory(four_eyes=False)),
        (app(), memory()),
    ),
)


@pytest.mark.parametrize(("policy", "requirement", "violating", "keeping"), CASES)
def test_a_policy(
    policy: Policy,
    requirement: Requirement,
    violating: tuple[Application, Memory],
    keeping: tuple[Application, Memory],
) -> None:
    asked = demands({policy: requirement})
    assert violations(*violating, asked) == (policy,)
    assert violations(*keeping, asked) == ()
    assert violations(*violating, demands({policy: Requirement.IGNORED})) == ()
    assert violations(*violating, demands({})) == ()


def test_each_policy_has_a_case() -> None:
    judged = [policy for policy, _ in POLICIES]
    assert set(judged) == {policy for policy, *_ in CASES}
    assert judged == list(Policy)


def test_all_at_once_come_in_the_order_of_the_table() -> None:
    worst = reading("main")
    worst = app(
        sources=worst.sources,
        automated=True,
        self_heal=True,
        options=("Force=true",),
        parameter_overrides=True,
        skip_reconcile=True,
    )
    remembered = memory(outside_window=True, rolled_back=True, local=True, four_eyes=False)
    everything = dict.fromkeys(Policy, Requirement.FORBIDDEN) | {
        Policy.TARGET_REVISION: Requirement.PINNED,
        Policy.FOUR_EYES: Requirement.REQUIRED,
    }
    assert violations(worst, remembered, demands(everything)) == tuple(policy for policy, _ in POLICIES)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dev", (Policy.AUTOMATED_SYNC, Policy.SELF_HEAL)),
        ("staging", ()),
        ("prod", (Policy.TARGET_REVISION,)),
        ("sandbox", ()),
    ],
)
def test_what_the_environments_demand_unless_told_otherwise(name: str, expected: tuple[Policy, ...]) -> None:
    by_hand_from_a_branch = app(automated=False)
    assert violations(by_hand_from_a_branch, memory(), demands(Environment(name=name).policies)) == expected


@pytest.mark.parametrize(
    "revision",
    [
        "v1.2.3",
        "1.2.3",
        "v1",
        "v1.2",
        "1.2.3-rc.1",
        "1.2.3+build.5",
        "release-1.2.3",
        "charts/shop-1.2.3",
        "shop/v1.2.3",
        "refs/tags/anything",
        "2026-11-23",
        "20261123",
        "2026.11.23-2",
        "c0ffee1",
        "5dcbc956bde300302a9c67351a65d4d3d2edb399",
        "sha256:" + "0" * 64,
    ],
)
def test_pinned(revision: str) -> None:
    assert is_pinned(revision)


@pytest.mark.parametrize(
    "revision",
    [
        "",
        "HEAD",
        "main",
        "master",
        "release",
        "release-1.2",
        "feature/v1.2.3-shop/next",
        "1.*",
        "^1.2.3",
        ">=1.2.3",
        "1.2.x",
        "~1.2.0",
        "c0ffee",
        "refs/heads/v1.2.3/x",
        "v1.2.3\n",
        "latest",
        "1",
    ],
)
def test_not_pinned(revision: str) -> None:
    assert not is_pinned(revision)


@pytest.mark.parametrize("unit", ["-1.1.1", "1", "-", "a/", "2026-11-23"])
def test_a_name_made_to_take_long_does_not(unit: str) -> None:
    assert not is_pinned(unit * 300_000 + "!")
