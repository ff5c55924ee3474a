"""Causes, policies and counters of recorded Applications agree with what was really done to them."""

from functools import cache
from typing import Final, NamedTuple

import pytest

from observability.model.state import ApplicationState
from observability.model.status import Cause, Policy
from tests.replay import TOPICS, Spell, lines, spells, truth

_FOR_EVER: Final = 1e9

EXPLAINED: Final = {
    ("appset", "applicationset/tenant-roll", 107): "the label is of the ApplicationSet; its Applications show it",
    (
        "autofail",
        "coupon-dev",
        7,
    ): "the commit moves the revision, and the sync that would prune fails: pending_revision",
    ("midstream", "kiosk-dev", -20): "it happened before the recording began",
    ("midstream", "kiosk-prod", -20): "it happened before the recording began",
    ("midstream", "kiosk-staging", -20): "it happened before the recording began",
    (
        "midstream",
        "kiosk-staging",
        -1,
    ): "the branch had moved as well: at a cold start that looks like a waiting commit",
    (
        "spec",
        "auth-staging",
        9,
    ): "while reconciliation is skipped the status stays Synced; gitops_application_stale_verdict tells it",
    ("unconverged", "cache-prod", 77): "the sync took the new commit before a comparison had seen it",
}
"""What the log says and the stream does not show, by topic, Application and second, with the reason."""


class Situation(NamedTuple):
    """A line of a log that names a cause. In force from `at` to `until`, in seconds since the first line."""

    topic: str
    application: str
    at: float
    until: float
    cause: Cause

    @property
    def place(self) -> tuple[str, str, int]:
        """What it is found by in `EXPLAINED`."""
        return self.topic, self.application, int(self.at)


def _situations() -> list[Situation]:
    found = []
    for topic in TOPICS:
        began_at = next(lines(topic)).at
        labelled = [line for line in truth(topic) if line.get("cause") and not line.get("kind")]
        for line in labelled:
            # Of two commits in a row Argo CD may compare the second only: the situation goes on until another cause.
            others = (
                one for one in labelled if one["application"] == line["application"] and one["cause"] != line["cause"]
            )
            until = min((one["t"] - began_at for one in others if one["t"] > line["t"]), default=_FOR_EVER)
            found.append(Situation(topic, line["application"], line["t"] - began_at, until, Cause(line["cause"])))
    return found


@cache
def _spells(topic: str) -> dict[str, list[Spell]]:
    return spells(topic, lambda state: (state.facts.sync, state.memory.cause, state.violations))


def _in_force(known: list[Spell], at: float, until: float) -> list[ApplicationState]:
    ends = [*(spell.at for spell in known[1:]), _FOR_EVER]
    return [
        spell.state
        for spell, end in zip(known, ends, strict=False)
        if spell.state is not None and spell.at < until and end > at
    ]


def test_each_recorded_situation_has_the_cause_that_its_log_names() -> None:
    missed = [
        situation.place
        for situation in _situations()
        if not any(
            state.memory.cause is situation.cause
            for state in _in_force(
                _spells(situation.topic).get(situation.application, []), situation.at, situation.until
            )
        )
    ]
    assert sorted(missed) == sorted(EXPLAINED)


def test_the_logs_name_151_situations() -> None:
    assert len(_situations()) == 151


ACTS: Final = {
    Cause.LIVE_DRIFT: ("edit", "delete configmap", "kubectl scale", "by hand", "rewrite", "controller"),
    Cause.ROLLED_BACK: ("rollback", "older"),
    Cause.PENDING_SOURCE_CHANGE: ("path", "targetRevision", "skip-reconcile removed"),
    Cause.PRUNE_PENDING: ("removes", "prune", "PRUNE"),
    Cause.UNCONVERGED: ("rewrit", "webhook", "controller", "sync by admin"),
}
"""Words, one of which stands in what was done to an Application before it can have the cause."""


@pytest.mark.parametrize("topic", TOPICS)
def test_no_cause_is_invented(topic: str) -> None:
    began_at = next(lines(topic)).at
    acts = [line for line in truth(topic) if not line.get("kind")]
    for application, known in _spells(topic).items():
        for spell in known:
            words = ACTS.get(spell.state.memory.cause) if spell.state and spell.state.memory.cause else None
            if words is None:
                continue
            done = [act["did"] for act in acts if act["application"] == application and act["t"] - began_at <= spell.at]
            assert any(word in did for did in done for word in words), (application, spell.at, spell.state)


PINNED: Final = (Policy.TARGET_REVISION,)
ROLLED_BACK: Final = (Policy.ROLLBACK_IN_CLUSTER, Policy.TARGET_REVISION)
RISKY: Final = (Policy.RISKY_OPTIONS, Policy.TARGET_REVISION)

VIOLATIONS: Final[dict[str, dict[str, list[tuple[int, tuple[Policy, ...] | None]]]]] = {
    # Automated without self-heal, where dev requires it.
    "drift": {"catalog-dev": [(0, (Policy.SELF_HEAL,))], "catalog-prod": [(0, PINNED)]},
    # A rollback by the API stands from 32 s on, until a sync to the head of Git.
    "midstream": {
        "kiosk-dev": [(0, ())],
        "kiosk-staging": [(0, ())],
        "kiosk-prod": [(0, PINNED), (32, ROLLED_BACK), (72, PINNED)],
    },
    # Syncs with force, with Replace=true, with Validate=false, and with manifests from bob's machine.
    "options": {
        "tools-prod": [
            (0, PINNED),
            (57, RISKY),
            (77, PINNED),
            (97, RISKY),
            (126, PINNED),
            (195, RISKY),
            (202, (Policy.LOCAL_MANIFESTS, Policy.RISKY_OPTIONS, Policy.TARGET_REVISION)),
            (202, (Policy.LOCAL_MANIFESTS, Policy.TARGET_REVISION)),
            (214, PINNED),
        ],
    },
    # Two rollbacks by the API and one by syncing an older revision, each over with the next Synced.
    "rollback": {
        "checkout-dev": [(0, ())],
        "checkout-staging": [(0, ())],
        "checkout-prod": [
            (0, PINNED),
            (70, ROLLED_BACK),
            (103, PINNED),
            (233, ROLLED_BACK),
            (267, PINNED),
            (290, ROLLED_BACK),
            (303, PINNED),
        ],
    },
    # skip-reconcile set and removed; automated sync switched on and off in prod; main, a tag, main again.
    "spec": {
        "auth-dev": [(0, ())],
        "auth-staging": [(0, ()), (5, (Policy.SKIP_RECONCILE,)), (23, ())],
        "auth-prod": [(0, PINNED), (89, (Policy.AUTOMATED_SYNC, *PINNED)), (102, PINNED), (157, ()), (206, PINNED)],
    },
    # self-heal was switched on in dev.
    "unconverged": {
        "cache-dev": [(0, (Policy.SELF_HEAL,)), (5, ())],
        "cache-staging": [(0, ())],
        "cache-prod": [(0, PINNED)],
    },
    # Argo CD held back or refused each sync that a window forbade: none ran outside.
    "windows": {"web-dev": [(0, ())], "web-prod": [(0, PINNED)]},
}
"""What each Application violates, from which second on. Those of prod follow a branch; a tag is demanded."""


@pytest.mark.parametrize("topic", VIOLATIONS)
def test_violations_are_what_the_actions_mean(topic: str) -> None:
    found = spells(topic, lambda state: state.violations)
    assert {
        application: [(int(spell.at), None if spell.state is None else spell.state.violations) for spell in known]
        for application, known in found.items()
    } == VIOLATIONS[topic]


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic not in VIOLATIONS])
def test_where_nothing_else_was_done_only_branches_in_prod_are_violations(topic: str) -> None:
    for application, known in _spells(topic).items():
        expected = PINNED if application.endswith("-prod") else ()
        assert {spell.state.violations for spell in known if spell.state} == {expected}, application


COUNTED: Final = {
    # What the logs tell: successes, failures, errors, timeouts, cancellations; deployments; attempts to self-heal.
    ("failures", "report-prod"): ((5, 1, 0, 1, 1), 5, 0),
    ("failures", "report-staging"): ((3, 1, 0, 0, 0), 3, 0),
    ("retries", "refunds-prod"): ((3, 1, 0, 0, 1), 3, 0),
    ("autofail", "coupon-dev"): ((4, 2, 0, 0, 0), 4, 0),
    ("selfheal", "search-dev"): ((9, 0, 0, 0, 0), 2, 7),
    ("rollback", "checkout-prod"): ((10, 0, 0, 0, 0), 10, 0),
    ("options", "tools-prod"): ((13, 0, 0, 0, 0), 10, 0),
    ("windows", "web-prod"): ((6, 0, 0, 0, 1), 6, 0),
}


@pytest.mark.parametrize(("topic", "application"), COUNTED)
def test_each_operation_deployment_and_self_heal_is_counted_once(topic: str, application: str) -> None:
    last = [spell.state for spell in spells(topic, lambda state: state.memory)[application] if spell.state][-1].memory
    assert (last.results, last.deployments, last.self_heals) == COUNTED[topic, application]
