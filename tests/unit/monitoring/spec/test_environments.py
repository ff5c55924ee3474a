"""Values that differ by environment."""

import pytest

from observability.errors import SpecError
from observability.monitoring.spec import PerEnvironment
from observability.monitoring.spec.environments import value_in


def test_each_environment_has_its_own() -> None:
    value = PerEnvironment[int | None](dev=None, prod=1)
    assert [value.value(one, "row") for one in ("dev", "prod")] == [None, 1]
    assert value_in("prod", 7, "row") == 7
    value.check(("dev", "prod"), "row")


def test_one_that_was_forgotten() -> None:
    with pytest.raises(SpecError, match=r"^row: expected a value for the environment live, there are those for dev$"):
        PerEnvironment(dev=1).check(("dev", "live"), "row")


def test_one_that_does_not_exist() -> None:
    with pytest.raises(SpecError, match=r"^row: expected environments among dev, got prod$"):
        PerEnvironment(dev=1, prod=2).check(("dev",), "row")


def test_a_row_that_knows_no_names_has_a_value_for_all_others() -> None:
    value = PerEnvironment(dev=1, prod=2, others=3)
    value.check(("dev", "live"), "row")
    assert value.value("live", "row") == 3
