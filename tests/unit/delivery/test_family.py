"""One family: what is shown of which object, within the limits."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from observability.delivery.buckets import BUCKET
from observability.delivery.family import Family, Limits
from observability.delivery.text import REMEMBERED
from observability.model.tally import Histogram
from observability.signals.catalogue import Distribution, Histograms, Metric, Samples, Type

Subject = tuple[tuple[tuple[str, ...], float], ...]


def as_given(subject: Subject) -> Samples:
    return subject


def family(*labels: str, limit: int = 100, samples: Callable[[Subject], Samples] = as_given, **more: object) -> Family:
    metric = Metric(name="gitops_test", type=Type.GAUGE, help="Test.", labels=labels, samples=samples, reads=())
    limits = Limits(series_per_family=limit, label_value_bytes=32, **more)  # type: ignore[arg-type]
    made = Family(metric, limits, PREFIXES)
    made.buckets.grow()
    return made


PREFIXES = [[f'name="{slot}"'.encode() for slot in range(start, start + BUCKET)] for start in (0, BUCKET)]


def words(*values: str) -> Subject:
    return tuple(((value,), 1.0) for value in values)


def shown(family: Family) -> list[str]:
    return b"".join(bucket.text() for bucket in family.buckets.snapshots()).decode().splitlines()


def test_an_object_is_shown_as_it_is_now() -> None:
    one = 3
    words_of = family("word")
    words_of.update(one, words("a", "b"))
    words_of.update(one, words("c"))
    assert shown(words_of) == ['gitops_test{name="3",word="c"} 1']
    assert words_of.buckets.lines == 1


@pytest.mark.parametrize("value", [1.0, 0.0, math.nan, math.inf])
def test_without_labels_a_line_is_identity_and_a_value(value: float) -> None:
    one = 0
    number = family()
    for _ in range(2):
        number.update(one, (((), value),))
    assert shown(number) == [f'gitops_test{{name="0"}} {({0.0: "0", 1.0: "1", math.inf: "+Inf"}).get(value, "NaN")}']
    number.update(one, ())
    assert shown(number) == []
    number.update(one, (((), value),))
    assert len(shown(number)) == 1


def test_what_did_not_change_is_not_deflated_again() -> None:
    one, other = 0, 1
    words_of = family("word")
    words_of.update(one, words("a"))
    words_of.update(other, words("a"))
    words_of.buckets.take_stale()
    words_of.update(one, words("a"))
    assert not words_of.buckets.stale
    words_of.update(one, words("b"))
    assert words_of.buckets.stale


def test_an_open_set_of_samples_is_shown_as_well_as_a_closed_one() -> None:
    one = 0
    words_of = family("word")
    for number in (*range(REMEMBERED + 5), 3, 3):
        words_of.update(one, words(f"v{number}"))
        assert shown(words_of) == [f'gitops_test{{name="0",word="v{number}"}} 1']
    words_of.buckets.take_stale()
    words_of.update(one, words("v3"))
    assert not words_of.buckets.stale


def test_only_the_current_state_of_a_state_set_is_shown_on_request() -> None:
    states = family("word", current_only=frozenset({"gitops_test"}))
    states.update(0, ((("a",), 0.0), (("b",), 1.0), (("c",), 0.0)))
    assert shown(states) == ['gitops_test{name="0",word="b"} 1']


def test_cut_values_are_counted_once_while_the_text_stays() -> None:
    one = 0
    words_of = family("word")
    words_of.update(one, words("x" * 33, "y"))
    words_of.update(one, words("x" * 33, "y"))
    assert words_of.truncated == 1
    words_of.update(one, words("x" * 34, "z" * 33))
    assert words_of.truncated == 3


def test_a_row_that_fails_for_one_object_leaves_it_out_and_says_so_once() -> None:
    def inverse(subject: Subject) -> Samples:
        return [((), 1 / value) for _, value in subject]

    row = family(samples=inverse)
    first, second, third = 0, 1, 2
    row.update(first, (((), 2.0),))
    row.update(second, (((), 4.0),))
    with capture_logs() as logs:
        row.update(second, (((), 0.0),))
        row.update(third, (((), 0.0),))
    assert shown(row) == ['gitops_test{name="0"} 0.5']
    assert row.failures == 2
    assert [(log["family"], log["log_level"]) for log in logs] == [("gitops_test", "error")]
    row.update(second, (((), 4.0),))
    assert shown(row) == ['gitops_test{name="0"} 0.5', 'gitops_test{name="1"} 0.25']


@pytest.mark.parametrize("subject", [(((), 1.0),), ((("a", "b"), 1.0),), (((1,), 1.0),), ((("a",), "one"),), 7])
def test_samples_that_do_not_fit_the_row_are_a_failure_of_that_object(subject: Subject) -> None:
    words_of = family("word")
    words_of.update(0, words("a"))
    with capture_logs():
        words_of.update(1, subject)
    assert words_of.failures == 1
    assert shown(words_of) == ['gitops_test{name="0",word="a"} 1']


def test_an_object_that_does_not_fit_whole_is_not_shown_at_all() -> None:
    words_of = family("word", limit=3)
    words_of.update(0, words("a", "b"))
    words_of.update(1, words("c", "d"))
    words_of.update(2, words("e"))
    assert shown(words_of) == [f'gitops_test{{name="{name}",word="{word}"}} 1' for name, word in ("0a", "0b", "2e")]
    assert (words_of.waiting, words_of.dropped) == (1, 2)


def test_a_refused_object_is_counted_once_while_it_waits() -> None:
    one, other = 0, 1
    words_of = family("word", limit=1)
    words_of.update(one, words("a"))
    for word in ("b", "c", "c"):
        words_of.update(other, words(word))
    assert (words_of.waiting, words_of.dropped) == (1, 1)


def test_an_object_that_outgrows_the_room_makes_room_and_waits() -> None:
    one, other = 0, 1
    words_of = family("word", limit=3)
    words_of.update(one, words("a"))
    words_of.update(other, words("b"))
    words_of.update(one, words("a", "c", "d"))
    assert shown(words_of) == ['gitops_test{name="1",word="b"} 1']
    words_of.update(one, words("a", "c"))
    assert len(shown(words_of)) == 3
    assert (words_of.waiting, words_of.dropped) == (0, 3)


def test_who_waited_longest_is_shown_first_when_there_is_room() -> None:
    one, two, three = 0, 1, 2
    words_of = family("word", limit=2)
    for waiting in (one, two, three):
        words_of.update(waiting, words("a", "b"))
    words_of.remove(one)
    words_of.admit()
    assert {line.split(",")[0] for line in shown(words_of)} == {'gitops_test{name="1"'}
    assert words_of.waiting == 1


def test_nobody_waits_with_nothing_to_show() -> None:
    one, other = 0, 1
    number = family(limit=1)
    number.update(one, (((), 1.0),))
    number.update(other, (((), 1.0),))
    number.update(other, ())
    assert number.waiting == 0
    number.remove(one)
    number.admit()
    assert shown(number) == []


STEPS = st.lists(st.tuples(st.integers(0, 2 * BUCKET - 1) | st.integers(0, 4), st.integers(-1, 4)), max_size=60)


@given(STEPS, st.integers(1, 12))
def test_the_cap_holds_and_objects_are_shown_whole_or_wait(steps: list[tuple[int, int]], limit: int) -> None:
    words_of = family("word", limit=limit)
    words_of.buckets.grow()
    sizes: dict[int, int] = {}
    for slot, size in steps:
        if size < 0:
            if slot in sizes:
                words_of.remove(slot)
                del sizes[slot]
        else:
            words_of.update(slot, words(*(f"w{number}" for number in range(size))))
            sizes[slot] = size
        words_of.admit()
        lines = shown(words_of)
        assert len(lines) == words_of.buckets.lines <= limit
        there = {slot: sum(line.startswith(f'gitops_test{{name="{slot}",') for line in lines) for slot in sizes}
        absent = [slot for slot, size in sizes.items() if there[slot] != size]
        assert all(there[slot] == 0 for slot in absent)
        assert len(absent) == words_of.waiting
        assert not absent or limit - len(lines) < max(sizes[slot] for slot in absent)


# Histograms


def histograms(*labels: str, limit: int = 100) -> Family:
    """A family of histograms with one bound, whose subjects are their samples."""
    row: Distribution[Histograms] = Distribution(
        name="gitops_test_seconds", help="Test.", bounds=(2.5,), labels=labels, samples=lambda given: given, reads=()
    )
    made = Family(row, Limits(series_per_family=limit, label_value_bytes=32), PREFIXES)
    made.buckets.grow()
    return made


def test_a_histogram_is_cumulative_buckets_a_sum_and_a_count() -> None:
    made = histograms()
    assert made.buckets.header == b"# HELP gitops_test_seconds Test.\n# TYPE gitops_test_seconds histogram\n"
    made.update(0, [((), Histogram((3, 1), 10.75))])
    assert shown(made) == [
        'gitops_test_seconds_bucket{name="0",le="2.5"} 3',
        'gitops_test_seconds_bucket{name="0",le="+Inf"} 4',
        'gitops_test_seconds_sum{name="0"} 10.75',
        'gitops_test_seconds_count{name="0"} 4',
    ]
    assert made.buckets.lines == 4
    made.remove(0)
    assert (shown(made), made.buckets.lines) == ([], 0)


def test_each_sample_is_a_histogram_of_its_own() -> None:
    made = histograms("word")
    made.update(0, [(("a",), Histogram((1, 0), 1.0)), (('"' + "b" * 40,), Histogram((0, 1), 3.0))])
    lines = shown(made)
    assert len(lines) == made.buckets.lines == 8
    assert lines[0] == 'gitops_test_seconds_bucket{name="0",word="a",le="2.5"} 1'
    assert lines[3] == 'gitops_test_seconds_count{name="0",word="a"} 1'
    assert lines[4].startswith('gitops_test_seconds_bucket{name="0",word="\\"bbb')
    assert made.truncated == 1


def test_a_histogram_that_does_not_fit_waits_as_a_whole() -> None:
    made = histograms(limit=7)
    for slot in (0, 1):
        made.update(slot, [((), Histogram((1, 0), 1.0))])
    assert (made.buckets.lines, made.waiting, made.dropped) == (4, 1, 4)
    made.remove(0)
    made.admit()
    assert (made.buckets.lines, made.waiting) == (4, 0)


def test_a_histogram_with_other_buckets_than_its_family_is_a_failure() -> None:
    made = histograms()
    with capture_logs():
        made.update(0, [((), Histogram((1, 2, 3), 1.0))])
    assert (made.failures, shown(made)) == (1, [])


def test_ends_of_lines_are_kept_once_while_they_are_few() -> None:
    made = histograms()
    for slot in (0, 1):
        made.update(slot, [((), Histogram((1, 0), 1.0))])
    (snapshot,) = made.buckets.snapshots()
    one, other = snapshot.ends[:2]
    assert all(a is b for a, b in zip(one, other, strict=True))
    for number in range(20_000):  # more than are shared
        made.update(0, [((), Histogram((1, 0), float(number)))])
    assert shown(made)[2] == 'gitops_test_seconds_sum{name="0"} 19999'
