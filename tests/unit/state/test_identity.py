"""Which environment and service an Application belongs to."""

from typing import Any

import pytest

from observability.model.application import Destination
from observability.model.state import Identity
from observability.settings import Settings
from observability.settings.environments import Environment, IdentityRule, IdentitySource
from observability.state.identity import Identification
from tests.builders import application, applicationset, project

ENVIRONMENTS = (
    Environment(name="dev"),
    Environment(name="staging", aliases=("stage",)),
    Environment(name="prod", aliases=("production", "live")),
)


def rule(source: IdentitySource, key: str | None = None, pattern: str = "(?P<environment>.+)") -> IdentityRule:
    return IdentityRule(source=source, key=key, pattern=pattern)


def told(*rules: IdentityRule, labels: dict[str, str] | None = None, **facts: Any) -> tuple[str, str]:
    """Environment and service of an Application of the ApplicationSet `shops` and the project `shop`."""
    app = application(**{"applicationset": "shops", "labels": labels or {}, **facts})
    owner = applicationset("shops", labels={"stage": "production"})
    identity = Identification(rules, ENVIRONMENTS).identify(app, owner, project("shop", labels={"tier": "live"}))
    return identity.environment, identity.service


def by_default(name: str) -> tuple[str, str]:
    settings = Settings()
    identity = Identification(settings.identity, settings.environments).identify(application(name), None, None)
    return identity.environment, identity.service


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shop-prod", ("prod", "shop")),
        ("shop-dev", ("dev", "shop")),
        ("web-shop-staging", ("staging", "web-shop")),
        ("shop-prod-dev", ("dev", "shop-prod")),
        ("shop", ("unassigned", "shop")),
        ("shop-qa", ("unassigned", "shop-qa")),
        ("prod", ("unassigned", "prod")),
        ("-prod", ("unassigned", "-prod")),
        ("shop-production", ("unassigned", "shop-production")),
    ],
)
def test_by_the_name_unless_told_otherwise(name: str, expected: tuple[str, str]) -> None:
    assert by_default(name) == expected


def test_all_labels() -> None:
    app = application("shop-prod", namespace="team-a", project="payments")
    settings = Settings()
    assert Identification(settings.identity, settings.environments).identify(app, None, None) == Identity(
        engine="argocd",
        application_namespace="team-a",
        application="shop-prod",
        project="payments",
        environment="prod",
        service="shop",
    )


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (rule(IdentitySource.APPLICATION_LABEL, "env"), "staging"),
        (rule(IdentitySource.APPLICATIONSET, "stage"), "prod"),
        (rule(IdentitySource.APPLICATIONSET, None, "(?P<environment>dev|prod)-shops"), "unassigned"),
        (rule(IdentitySource.PROJECT, "tier"), "prod"),
        (rule(IdentitySource.PROJECT, None, "(?P<environment>prod)-.*"), "unassigned"),
        (rule(IdentitySource.DESTINATION, "server", r"https://(?P<environment>\w+)\..*"), "prod"),
        (rule(IdentitySource.DESTINATION, "name", r"cluster-(?P<environment>\w+)"), "dev"),
        (rule(IdentitySource.DESTINATION, "namespace", r".*-(?P<environment>\w+)"), "staging"),
        (rule(IdentitySource.NAME, None, r".*-(?P<environment>\w+)"), "prod"),
    ],
    ids=lambda one: f"{one.source}-{one.key}" if isinstance(one, IdentityRule) else None,
)
def test_where_a_rule_looks(one: IdentityRule, expected: str) -> None:
    destination = Destination("https://live.example.com", "cluster-dev", "shop-stage")
    assert told(one, labels={"env": "stage"}, destination=destination)[0] == expected


def test_the_name_of_its_applicationset_and_of_its_project() -> None:
    service = "(?P<service>.+)"
    assert told(rule(IdentitySource.APPLICATIONSET, None, service))[1] == "shops"
    assert told(rule(IdentitySource.PROJECT, None, service))[1] == "shop"
    assert told(rule(IdentitySource.APPLICATIONSET, None, service), applicationset="")[1] == "shop-prod"


def test_nothing_is_told_by_what_is_not_known() -> None:
    rules = (rule(IdentitySource.APPLICATIONSET, "stage"), rule(IdentitySource.PROJECT, "tier"))
    identity = Identification(rules, ENVIRONMENTS).identify(application(), None, None)
    assert (identity.environment, identity.service) == ("unassigned", "shop-prod")


def test_the_first_rule_that_matches_wins() -> None:
    first, second = rule(IdentitySource.APPLICATION_LABEL, "env"), rule(IdentitySource.APPLICATION_LABEL, "stage")
    assert told(first, second, labels={"env": "dev", "stage": "prod"})[0] == "dev"
    assert told(first, second, labels={"stage": "prod"})[0] == "prod"


def test_a_rule_with_a_word_that_is_no_environment_does_not_match() -> None:
    both = rule(IdentitySource.APPLICATION_LABEL, "app", "(?P<service>.+)/(?P<environment>.+)")
    by_name = rule(IdentitySource.NAME, None, "(?P<service>.+)-(?P<environment>prod)")
    assert told(both, by_name, labels={"app": "cart/qa"}) == ("prod", "shop")
    assert told(both, by_name, labels={"app": "cart/dev"}) == ("dev", "cart")


def test_environment_and_service_may_come_from_two_rules() -> None:
    service = rule(IdentitySource.APPLICATION_LABEL, "service", "(?P<service>.+)")
    environment = rule(IdentitySource.APPLICATION_LABEL, "env")
    assert told(service, environment, labels={"service": "cart", "env": "dev"}) == ("dev", "cart")
    assert told(environment, service, labels={"service": "cart", "env": "dev"}) == ("dev", "cart")
    assert told(service, labels={"service": "cart"}) == ("unassigned", "cart")


def test_a_pattern_is_for_the_whole_text() -> None:
    assert told(rule(IdentitySource.APPLICATION_LABEL, "env", "(?P<environment>prod)"), labels={"env": "prod-2"}) == (
        "unassigned",
        "shop-prod",
    )


@pytest.mark.parametrize(("word", "environment"), [("production", "prod"), ("live", "prod"), ("stage", "staging")])
def test_aliases(word: str, environment: str) -> None:
    assert told(rule(IdentitySource.APPLICATION_LABEL, "env"), labels={"env": word})[0] == environment


def test_a_group_that_takes_no_part_tells_nothing() -> None:
    optional = rule(IdentitySource.NAME, None, "(?P<service>[a-z]+)(?:-(?P<environment>dev))?-prod")
    assert told(optional) == ("unassigned", "shop")
