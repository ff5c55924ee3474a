"""Each setting: what it is without being set, what it accepts, and what is said about the rest."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from observability.errors import SettingsError
from observability.model.status import Policy
from observability.settings import GlobalProject, LabelSelector, Requirement, Settings, effective, load, schema
from observability.settings.values import host_and_port

REQUIRED, FORBIDDEN, PINNED, IGNORED = Requirement


def settings(**groups: object) -> Settings:
    return load(None, {f"GITOPS_OBS_{name.upper()}": json.dumps(value) for name, value in groups.items()}, {})


def problem(**groups: object) -> str:
    """All that is wrong, without the variable that it stands in."""
    with pytest.raises(SettingsError) as caught:
        settings(**groups)
    return "\n".join(line.partition(": ")[2] for line in str(caught.value).splitlines())


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().state.settle_seconds = 1.0


@pytest.mark.parametrize(
    ("policy", "dev", "staging", "prod"),
    [
        ("automated_sync", REQUIRED, FORBIDDEN, FORBIDDEN),
        ("self_heal", REQUIRED, IGNORED, IGNORED),
        ("outside_window", IGNORED, FORBIDDEN, FORBIDDEN),
        ("rollback_in_cluster", IGNORED, FORBIDDEN, FORBIDDEN),
        ("local_manifests", IGNORED, FORBIDDEN, FORBIDDEN),
        ("risky_options", IGNORED, FORBIDDEN, FORBIDDEN),
        ("parameter_overrides", IGNORED, FORBIDDEN, FORBIDDEN),
        ("target_revision", IGNORED, IGNORED, PINNED),
        ("skip_reconcile", IGNORED, FORBIDDEN, FORBIDDEN),
        ("four_eyes", IGNORED, IGNORED, REQUIRED),
    ],
)
def test_policies_follow_good_practice(policy: str, dev: Requirement, staging: Requirement, prod: Requirement) -> None:
    environments = Settings().environments
    assert [environment.name for environment in environments] == ["dev", "staging", "prod"]
    assert [environment.policies[Policy(policy)] for environment in environments] == [dev, staging, prod]


def test_the_other_words_for_the_default_environments() -> None:
    assert [environment.aliases for environment in Settings().environments] == [(), ("stage", "stg"), ("production",)]


@pytest.mark.parametrize(
    ("environment", "otel_name"),
    [
        ({"name": "prod"}, "production"),
        ({"name": "live", "aliases": ["production"]}, "production"),
        ({"name": "stg", "aliases": ["stage"]}, "staging"),
        ({"name": "dev"}, "development"),
        ({"name": "qa"}, "qa"),
        ({"name": "prod", "otel_name": "live"}, "live"),
    ],
)
def test_the_name_for_opentelemetry(environment: object, otel_name: str) -> None:
    assert settings(environments=[environment]).environments[0].otel_name == otel_name


def test_a_policy_that_is_set_leaves_the_others_as_they_are() -> None:
    (live,) = settings(
        environments=[{"name": "live", "aliases": ["prod"], "policies": {"four_eyes": "ignored"}}]
    ).environments
    assert live.policies[Policy.FOUR_EYES] is IGNORED
    assert live.policies[Policy.TARGET_REVISION] is PINNED
    assert set(live.policies) == set(Policy)


def test_a_policy_takes_only_what_it_can_mean() -> None:
    assert problem(environments=[{"name": "a", "policies": {"four_eyes": "pinned"}}]) == (
        "environments.a.policies: expected four_eyes to be required or ignored, got pinned"
    )
    assert problem(environments=[{"name": "a", "policies": {"self_heal": "on"}}]) == (
        'environments.a.policies.self_heal: expected one of required, forbidden, pinned, ignored, got "on"'
    )
    assert problem(environments=[{"name": "a", "policies": {"selfheal": "required"}}]).startswith(
        "environments.a.policies.selfheal: expected one of automated_sync, self_heal, "
    )


@pytest.mark.parametrize(
    ("environments", "expected"),
    [
        ([], "environments: expected a list of mappings, at least one, got a list"),
        ({}, "environments: expected a list of mappings, at least one, got a mapping"),
        (
            [{"name": "dev"}, {"name": "test", "aliases": ["dev"]}],
            "environments: expected each name and alias to be of one environment, dev is of dev and test",
        ),
        (
            [{"name": "a"}, {"name": "a"}],
            "environments: expected each name and alias to be of one environment, a is of a and a",
        ),
        (
            [{"name": "a", "aliases": ["b", "b"]}],
            "environments.a.aliases: expected each alias once, b is there 2 times",
        ),
        ([{"name": ""}], 'environments[0].name: expected text, without a space at either end, got ""'),
        ([{"name": True}], "environments[0].name: expected a string, got true"),
        ([{"aliases": []}], "environments[0].name: expected a string, but it is missing"),
        (["dev"], 'environments[0]: expected a mapping, got "dev"'),
    ],
)
def test_impossible_environments(environments: object, expected: str) -> None:
    assert problem(environments=environments) == expected


def test_an_environment_may_repeat_its_own_name() -> None:
    (prod,) = settings(environments=[{"name": "prod", "aliases": ["prod", "production"]}]).environments
    assert prod.aliases == ("prod", "production")


def test_environments_of_one_name_are_told_apart_by_their_index() -> None:
    assert problem(environments=[{"name": "a", "aliases": 1}, {"name": "a", "otel_name": 2}]) == (
        "environments[0].aliases: expected a list of strings, got 1\n"
        "environments[1].otel_name: expected a string, got 2"
    )


def test_the_default_rule_knows_the_environments_that_are_set() -> None:
    (rule,) = Settings().identity
    assert (rule.source, rule.key) == ("name", None)
    assert rule.pattern == "(?P<service>.+)-(?P<environment>dev|staging|prod)"
    (rule,) = settings(environments=[{"name": "a.b"}, {"name": "live"}]).identity
    assert rule.pattern == r"(?P<service>.+)-(?P<environment>a\.b|live)"


def test_of_two_environments_that_fit_a_name_the_default_rule_finds_the_longer_one() -> None:
    (rule,) = settings(environments=[{"name": "prod"}, {"name": "eu-prod"}]).identity
    found = re.fullmatch(rule.pattern, "shop-eu-prod")
    assert found is not None
    assert found.groupdict() == {"service": "shop", "environment": "eu-prod"}


def test_identity_rules_are_read_in_their_order() -> None:
    rules = settings(
        identity=[
            {"from": "application_label", "key": "example.com/env"},
            {"from": "project", "pattern": "(?P<environment>[^-]+)-.*"},
            {"from": "applicationset", "key": "service", "pattern": "(?P<service>.+)"},
            {"from": "destination", "key": "namespace"},
            {"from": "name", "pattern": "(?P<service>.+)-(?P<environment>dev|prod)"},
        ]
    ).identity
    assert [(rule.source.value, rule.key) for rule in rules] == [
        ("application_label", "example.com/env"),
        ("project", None),
        ("applicationset", "service"),
        ("destination", "namespace"),
        ("name", None),
    ]
    assert rules[0].pattern == "(?P<environment>.+)"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"from": "application_label"}, "identity[0]: expected key, the label to read"),
        ({"from": "destination"}, "identity[0]: expected key to be server, name or namespace"),
        ({"from": "destination", "key": "cluster"}, "identity[0]: expected key to be server, name or namespace"),
        ({"from": "name", "key": "a"}, "identity[0]: expected no key with from: name"),
        (
            {"from": "label"},
            "identity[0].from: expected one of application_label, applicationset, project, destination, name, "
            'got "label"',
        ),
        ({"source": "name"}, "identity[0].source: unknown key, expected one of from, key, pattern"),
        (
            {"from": "name", "pattern": "("},
            "identity[0].pattern: expected a regular expression (missing ), unterminated subpattern at position 0), "
            'got "("',
        ),
        (
            {"from": "name", "pattern": ".*"},
            "identity[0].pattern: expected named groups (?P<environment>…), (?P<service>…) or both, and no others, "
            'got ".*"',
        ),
        (
            {"from": "name", "pattern": "(?P<env>.*)"},
            "identity[0].pattern: expected named groups (?P<environment>…), (?P<service>…) or both, and no others, "
            'got "(?P<env>.*)"',
        ),
    ],
)
def test_impossible_identity_rules(rule: object, expected: str) -> None:
    assert expected in problem(identity=[rule]).splitlines()


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        (":9797", ("", 9797)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("localhost:65535", ("localhost", 65535)),
        ("[::1]:80", ("::1", 80)),
        ("[fe80::1%eth0]:80", ("fe80::1%eth0", 80)),
    ],
)
def test_listen_addresses(listen: str, address: tuple[str, int]) -> None:
    assert settings(server={"listen": listen}).server.listen == listen
    assert host_and_port(listen) == address


@pytest.mark.parametrize("listen", ["", "9797", ":", "a:b", ":65536", "::1:80", "http://a:1", "a:-1", ":٣", " :1"])
def test_what_is_no_listen_address(listen: str) -> None:
    assert problem(server={"listen": listen}).startswith(
        "server.listen: expected HOST:PORT with a port from 0 to 65535"
    )


@pytest.mark.parametrize(
    "selector",
    ["a", "!a", "a=b", "a==b,c!=d", "team=shop, tier in (web,api) ,!legacy", "example.com/a notin (b)", "a="],
)
def test_label_selectors(selector: str) -> None:
    assert settings(kubernetes={"label_selector": selector}).kubernetes.label_selector == selector


@pytest.mark.parametrize("selector", ["", ",", "a b", "a in b", "a in (b", "a=b c", "a&b", "=b", "a in (b,,) x"])
def test_what_is_no_label_selector(selector: str) -> None:
    assert problem(kubernetes={"label_selector": selector}).startswith(
        "kubernetes.label_selector: expected a Kubernetes"
    )


def test_global_projects_may_be_just_names() -> None:
    settings_ = settings(
        argocd={
            "global_projects": [
                "windows",
                {
                    "project": "freeze",
                    "match": {
                        "matchLabels": {"tier": "prod"},
                        "matchExpressions": [{"key": "team", "operator": "In", "values": ["shop"]}],
                    },
                },
            ]
        }
    )
    windows, freeze = settings_.argocd.global_projects
    assert windows == GlobalProject(project="windows", match=None)
    assert freeze.match is not None
    assert freeze.match.match_labels == {"tier": "prod"}
    assert freeze.match.match_expressions[0].values == ("shop",)
    assert LabelSelector().match_labels == {}


@pytest.mark.parametrize(
    ("group", "value", "expected"),
    [
        (
            "argocd",
            {"global_projects": ["a", "a"]},
            "argocd.global_projects: expected each project once, a is there 2 times",
        ),
        (
            "argocd",
            {"global_projects": [{"project": "a", "match": {"matchExpressions": [{"key": "a", "operator": "In"}]}}]},
            "argocd.global_projects[0].match.matchExpressions[0]: expected values with In and NotIn, and only there",
        ),
        ("argocd", {"url": "argo"}, 'argocd.url: expected an http or https URL, got "argo"'),
        ("cluster", {"label": True}, "cluster: expected cluster.name when cluster.label is true"),
        (
            "exposition",
            {"series_per_family": 0},
            "exposition.series_per_family: expected a whole number at least 1, got 0",
        ),
        ("exposition", {"images": "yes"}, 'exposition.images: expected true or false, got "yes"'),
        (
            "exposition",
            {"application_labels": ["a.b", "a/b"]},
            "exposition.application_labels: expected labels that Prometheus can tell apart, not both a.b and a/b",
        ),
        (
            "kubernetes",
            {"namespaces": ["argocd", "argocd"]},
            "kubernetes.namespaces: expected each namespace once, argocd is there 2 times",
        ),
        (
            "kubernetes",
            {"namespaces": ["Argo"]},
            'kubernetes.namespaces[0]: expected the name of a namespace: a-z, 0-9 and -, at most 63, got "Argo"',
        ),
        ("kubernetes", {"kubeconfig": 3}, "kubernetes.kubeconfig: expected a string, got 3"),
        ("log", {"level": "INFO"}, 'log.level: expected one of debug, info, warning, error, got "INFO"'),
        ("server", {"token_review": 1}, "server.token_review: expected true or false, got 1"),
        ("server", 9797, "server: expected a mapping, got 9797"),
        (
            "state",
            {"settle_seconds": -1},
            "state.settle_seconds: expected a number at least 0 and at most 3600, got -1",
        ),
        (
            "watch",
            {"timeout_seconds_min": 700},
            "watch: expected timeout_seconds_min (700) to be at most timeout_seconds_max (600)",
        ),
        (
            "watch",
            {"backoff_initial_seconds": 60},
            "watch: expected backoff_initial_seconds (60.0) to be at most backoff_max_seconds (30.0)",
        ),
        (
            "watch",
            {"silence_seconds": True},
            "watch.silence_seconds: expected a number above 0 and at most 86400, got true",
        ),
        (
            "metrics",
            {"path": "x"},
            "metrics: unknown key, expected one of argocd, cluster, environments, events, exposition, "
            "identity, journal, kubernetes, links, log, monitoring, otlp, plugins, promotion, server, "
            "state, watch",
        ),
        (
            "state",
            {"change_failure_seconds": -1},
            "state.change_failure_seconds: expected a number at least 0 and at most 2592000, got -1",
        ),
        ("plugins", ["a", "a"], "plugins: expected each plugin once, a is there 2 times"),
        ("expositon", {}, 'expositon: unknown key, did you mean "exposition"?'),
        ("namespaces", ["x"], 'namespaces: unknown key, did you mean "kubernetes.namespaces"?'),
    ],
)
def test_impossible_values(group: str, value: object, expected: str) -> None:
    assert problem(**{group: value}) == expected


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://a",
        "//a",
        "https://",
        "https://a:x",
        "https://[",
        "http://a b",
        'http://a"b',
        "http://a<",
    ],
)
def test_links_are_web_addresses(url: str) -> None:
    assert problem(links={"grafana": url}).startswith("links.grafana: expected an http or https URL")


def test_dashboards_and_alerts_link_to_web_addresses() -> None:
    assert settings().monitoring.grafana_url is None
    assert settings(monitoring={"runbooks_url": "https://git/books"}).monitoring.runbooks_url == "https://git/books"
    said = problem(monitoring={"argocd_url": "javascript:alert(1)"})
    assert said.startswith("monitoring.argocd_url: expected an http or https URL")


def test_links_carry_no_password_and_the_message_does_not_either() -> None:
    said = problem(links={"grafana": "https://admin:hunter2@grafana/d"})
    assert said == 'links.grafana: expected a URL without user name and password, got "https://***@grafana/d"'


def test_the_value_of_an_unknown_key_is_not_shown() -> None:
    assert "hunter2" not in problem(server={"basic_auth_password": "hunter2"})


def test_long_values_are_cut_in_messages() -> None:
    assert problem(server={"listen": "x" * 500}).endswith("x…")


def test_the_home_directory_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert settings(kubernetes={"kubeconfig": "~/.kube/config"}).kubernetes.kubeconfig == Path(
        "/somewhere/.kube/config"
    )


def test_whole_numbers_are_numbers() -> None:
    assert settings(state={"settle_seconds": 1}).state.settle_seconds == 1.0


KEYS = st.sampled_from(sorted({name for group in schema()["$defs"].values() for name in group.get("properties", {})}))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["prod", "name", ":1", "a=b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(Settings.model_fields)) | st.text(), VALUES))
def test_whatever_stands_in_a_file_is_accepted_or_refused_line_by_line(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, object]
) -> None:
    file = tmp_path_factory.getbasetemp() / "settings.yaml"
    file.write_text(json.dumps(document))
    try:
        accepted = effective(load(file, {}, {}))
    except SettingsError as error:
        refusal = str(error)
    else:
        file.write_text(json.dumps(accepted))
        refusal = f"{file}: none" if effective(load(file, {}, {})) == accepted else ""
    assert refusal.startswith(f"{file}: ")
