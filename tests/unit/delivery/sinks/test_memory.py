"""What was delivered of late."""

from observability.delivery.sinks.memory import Recent


def test_the_oldest_is_forgotten_first() -> None:
    recent = Recent(most=2)
    for id_ in ("a", "b", "b", "c"):
        recent.add(id_)
    assert [id_ in recent for id_ in ("a", "b", "c", "d")] == [False, True, True, False]
