"""Expressions about Applications: one series each, without those that are muted or being deleted."""

from observability.monitoring.spec.applications import applications
from observability.monitoring.spec.queries import scoped


def test_conditions_and_exceptions_follow_the_value() -> None:
    text = applications("time() - x", "> 5", where=("y == 1",), unless=("z == 1",), keep=("policy",))
    one = "on (cluster, engine, application_namespace, application)"
    assert scoped(text, lambda _: {}).splitlines() == [
        "max by (cluster, engine, application_namespace, application, project, environment, service, policy) "
        "(time() - x > 5)",
        f"and {one} (y == 1)",
        f"unless {one} (z == 1)",
        f"unless {one} (gitops_application_muted_until_timestamp_seconds > time())",
        f"unless {one} (gitops_application_deletion_timestamp_seconds)",
    ]


def test_a_value_without_a_test() -> None:
    assert applications("x").splitlines()[0].endswith("service) (x)")
