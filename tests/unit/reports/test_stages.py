"""Environments in the order of promotion."""

from itertools import permutations

from observability.reports.stages import order


def test_names_that_tell_come_in_the_order_of_promotion() -> None:
    for names in permutations(("dev", "qa", "sandbox", "staging", "prod")):
        assert sorted(names, key=order) == ["dev", "qa", "sandbox", "staging", "prod"]


def test_a_word_of_the_name_is_enough() -> None:
    names = ["eu-prod", "Production", "us_dev", "producer", "", "stg.eu"]
    assert sorted(names, key=order) == ["us_dev", "", "producer", "stg.eu", "Production", "eu-prod"]
