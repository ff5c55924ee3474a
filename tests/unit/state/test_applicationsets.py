"""How far a progressive sync is."""

import pytest

from observability.model.applicationset import Step
from observability.state.applicationsets import state_of
from tests.builders import NOON, applicationset


def step(number: int, status: str, since: float | None = NOON) -> Step:
    return Step(f"shop-{number}", number, status, since)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((), (None, None)),
        ((step(1, "Progressing", NOON), step(2, "Waiting", NOON - 9)), (1, NOON)),
        ((step(1, "Healthy", NOON), step(2, "Waiting", NOON - 9)), (2, NOON)),
        ((step(1, "Healthy", NOON - 60), step(1, "Healthy", NOON), step(2, "Pending", NOON + 5)), (2, NOON)),
        ((step(2, "Progressing", NOON + 5), step(1, "Healthy", NOON), step(1, "Pending", NOON + 1)), (1, NOON)),
        ((step(1, "Healthy", NOON), step(2, "Healthy", NOON + 7)), (2, NOON + 7)),
        ((step(1, "Progressing", None),), (1, None)),
        ((step(1, "Healthy", None), step(2, "Progressing", NOON)), (2, NOON)),
        ((step(1, ""),), (1, NOON)),
    ],
    ids=[
        "no steps",
        "the first",
        "the second begins when the first is done",
        "done when all are",
        "in any order",
        "the end",
        "a time that is not known",
        "nor when the first was done",
        "a status that is not known",
    ],
)
def test_the_step_that_is_worked_on(steps: tuple[Step, ...], expected: tuple[int | None, float | None]) -> None:
    state = state_of(applicationset(steps=steps))
    assert (state.step, state.step_since) == expected


def test_who_is_in_no_step_is_not_waited_for() -> None:
    left_out = Step("other", -1, "Waiting", NOON - 60)
    assert state_of(applicationset(steps=(left_out,))).step is None
    state = state_of(applicationset(steps=(left_out, step(1, "Healthy"), step(2, "Progressing", NOON + 1))))
    assert (state.step, state.step_since) == (2, NOON)
