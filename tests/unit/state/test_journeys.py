"""Journeys of one service: what is told of one that is over does not come again."""

from observability.model.promotion import Arrived, Delivered, Journey, PromotionKey
from observability.model.status import Result
from observability.state.journeys import MOST_KNOWN, Way, delivered
from tests.builders import NOON


def told(value: str, environment: str, at: float) -> Delivered:
    """An environment has this value, a second after its sync began."""
    journey = Journey(engine="argocd", project="web", service="shop", key=PromotionKey.REVISION, value=(value,))
    return Delivered(journey=journey, environment=environment, started_at=at, ended_at=at + 1, result=Result.SUCCESS)


def test_who_comes_late_to_a_forgotten_journey_sets_out_on_another() -> None:
    """Staging was long unhealthy with what dev has replaced many times since."""
    ways: tuple[Way, ...] = ()
    over: list[Journey] = []
    values = ["first", *map(str, range(MOST_KNOWN + 1))]
    tales = [told(value, "dev", NOON + 10 * place) for place, value in enumerate(values)]
    tales += [told("first", "staging", NOON + 100.5), told("last", "staging", NOON + 110)]
    for tale in tales:
        ways, happened = delivered(ways, tale, "prod")
        over += [one.journey for one in happened if isinstance(one, Arrived)]
    assert [one.value[0] for one in over] == ["first", *map(str, range(MOST_KNOWN)), "first"]
    assert len(set(over)) == len(over), "each journey is over once"
    assert (over[0].number, over[-1].number) == (0, int(NOON + 100.5))


def test_who_comes_late_to_a_journey_that_is_known_goes_on_with_it() -> None:
    ways: tuple[Way, ...] = ()
    numbers = []
    for tale in (told("first", "dev", NOON), told("second", "dev", NOON + 10), told("first", "staging", NOON + 20)):
        ways, (happened, *_) = delivered(ways, tale, "prod")
        numbers.append(happened.journey.number)
    assert numbers == [0, 0, 0]
