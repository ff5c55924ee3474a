"""Which records a receiver is sent."""

import pytest

from observability.delivery.sinks.filters import keeps, unknown_names
from observability.settings import Filter
from tests.records import event, span

DEPLOYED = event("gitops.application.deployed")


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        ((), True),
        (("gitops.application.deployed",), True),
        (("gitops.application.*",), True),
        (("*.rolled_back", "*.deployed"), True),
        (("gitops.application.deploy",), False),
        (("application.deployed",), False),
        (("gitops.service.*",), False),
    ],
)
def test_events_by_name(names: tuple[str, ...], kept: bool) -> None:
    assert keeps(Filter(names=names))(DEPLOYED) is kept


def test_spans_have_no_name_of_an_event() -> None:
    assert keeps(Filter(names=("*.deployed",)))(span(gitops__environment="prod"))


def test_records_by_environment() -> None:
    of_prod, of_dev = keeps(Filter(environments=("prod",))), keeps(Filter(environments=("dev", "staging")))
    for record in (DEPLOYED, span(gitops__environment="prod")):
        assert of_prod(record)
        assert not of_dev(record)


def test_both_must_let_an_event_through() -> None:
    judge = keeps(Filter(names=("*.deployed",), environments=("prod",)))
    assert judge(DEPLOYED)
    assert not judge(event("gitops.application.created"))
    assert not judge(event(attributes={"gitops.environment": "dev"}))


def test_a_promotion_is_of_both_environments() -> None:
    attributes = {"gitops.environment": None, "gitops.from_environment": "dev", "gitops.to_environment": "staging"}
    promoted = event("gitops.service.promoted", attributes=attributes)
    kept = [name for name in ("dev", "staging", "prod") if keeps(Filter(environments=(name,)))(promoted)]
    assert kept == ["dev", "staging"]


def test_what_is_of_no_environment_goes_everywhere() -> None:
    gap = event("gitops.exporter.gap", attributes={"gitops.environment": None})
    assert keeps(Filter(environments=("prod",)))(gap)
    assert keeps(Filter(environments=("prod",)))(span())


def test_a_name_that_no_event_has_is_found() -> None:
    known = {"gitops.application.deployed", "gitops.service.promoted"}
    given = Filter(names=("*.deployed", "gitops.service.*", "gitops.application.deploy", "*.deployd"))
    assert unknown_names(given, known) == ("gitops.application.deploy", "*.deployd")
    assert unknown_names(Filter(), known) == ()
