"""The body of /metrics: what was put in is what comes out, in both encodings, whenever it is asked for."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from observability.delivery.buckets import BUCKET
from observability.delivery.exposition import Exposed, Exposition
from observability.delivery.family import Limits
from observability.delivery.own import OwnMetrics
from observability.model.application import Key
from observability.model.observation import Kind
from observability.model.project import Project
from observability.model.state import ApplicationState, Change, ProjectState
from observability.signals.catalogue import Metric, Samples, Type, number
from tests.fakes.exposed import (
    METERS,
    OWN,
    RESOURCES,
    WORDS,
    application,
    change,
    expected,
    exposed,
    gunzipped,
    series_of,
)


class Step(NamedTuple):
    """A subject that is no object."""

    name: str
    pending: int


def exposition(
    limit: int = 1_000_000, now: float = 0.0, metrics: Sequence[Metric[ApplicationState]] = ()
) -> Exposition:
    limits = Limits(series_per_family=limit, label_value_bytes=1024)
    return Exposition([exposed(*(metrics or (WORDS, RESOURCES)))], limits, OwnMetrics(OWN), METERS, clock=lambda: now)


@pytest.fixture
def body() -> Iterator[Exposition]:
    made = exposition()
    made.show(Kind.APPLICATION)
    yield made
    made.close()


async def text_of(body: Exposition) -> bytes:
    return b"".join([piece async for piece in body.identity()])


async def gzip_of(body: Exposition) -> bytes:
    return gunzipped(await body.gzip())


def facts(text: bytes) -> str:
    """A body without the exporter's own metrics, which tell of the body itself."""
    return "".join(re.findall(r"^(?:# \w+ )?gitops_test_.*\n", text.decode(), re.MULTILINE))


async def test_a_body_is_the_families_in_their_order_each_with_help_and_type(body: Exposition) -> None:
    body.apply([change(None, application("shop", ["a"], 7)), change(None, application("mail", resources=1))])
    golden = (
        "# HELP gitops_test_word Its words.\n"
        "# TYPE gitops_test_word gauge\n"
        'gitops_test_word{engine="argocd",application_namespace="argocd",application="shop",project="shop",'
        'environment="prod",service="shop",word="a"} 0\n'
        "# HELP gitops_test_resources A number.\n"
        "# TYPE gitops_test_resources gauge\n"
        'gitops_test_resources{engine="argocd",application_namespace="argocd",application="shop",project="shop",'
        'environment="prod",service="shop"} 7\n'
        'gitops_test_resources{engine="argocd",application_namespace="argocd",application="mail",project="shop",'
        'environment="prod",service="mail"} 1\n'
    )
    for text in (await text_of(body), await gzip_of(body)):
        assert text.decode().endswith(golden)
        assert facts(text) == golden


async def test_a_family_without_samples_is_announced(body: Exposition) -> None:
    assert facts(await gzip_of(body)).splitlines() == [
        "# HELP gitops_test_word Its words.",
        "# TYPE gitops_test_word gauge",
        "# HELP gitops_test_resources A number.",
        "# TYPE gitops_test_resources gauge",
    ]


async def test_before_the_first_list_is_in_a_kind_is_not_exposed() -> None:
    body = exposition()
    body.apply([change(None, application("shop", ["a"]))])
    for text in (await text_of(body), await gzip_of(body)):
        assert facts(text) == ""
        assert b"gitops_exporter_series 0.0\n" in text
    body.show(Kind.APPLICATION)
    assert len(series_of(await gzip_of(body))) == 1


async def test_what_is_gone_is_gone_from_the_next_body(body: Exposition) -> None:
    shop = application("shop", ["a", "b"], 1)
    body.apply([change(None, shop)])
    await body.gzip()
    body.apply([change(shop, None)])
    assert series_of(await gzip_of(body)) == series_of(await text_of(body)) == {}
    assert body.stats().identity_bytes == len(facts(await text_of(body)))


async def test_an_object_that_was_never_there_can_go(body: Exposition) -> None:
    body.apply([change(application("shop"), None)])
    assert series_of(await gzip_of(body)) == {}


async def test_a_new_object_of_an_old_name_has_its_own_identity(body: Exposition) -> None:
    body.apply([change(None, application("shop", ["a"], 1, project="old"))])
    new = application("shop", ["a"], 1, project="new")
    body.apply([change(None, new)])
    assert series_of(await gzip_of(body)) == expected({new.facts.key: new}, WORDS, RESOURCES)


async def test_a_kind_without_families_is_passed_over(body: Exposition) -> None:
    project = ProjectState(facts=Project(namespace="argocd", name="shop"))
    body.apply([Change(kind=Kind.PROJECT, key=Key("argocd", "shop"), before=None, after=project, received_at=0.0)])
    assert series_of(await gzip_of(body)) == {}


@pytest.fixture
def steps() -> Iterator[Exposition]:
    """Applications, and subjects of a kind of their own."""
    row: Metric[Step] = number("gitops_test_pending", Type.GAUGE, "Waits.", "pending")
    subjects = Exposed(kind="step", identity=lambda step: [("step", step.name)], metrics=[row])
    limits = Limits(series_per_family=2, label_value_bytes=1024)
    made = Exposition([exposed(WORDS), subjects], limits, OwnMetrics(OWN), METERS, clock=lambda: 0.0)
    yield made
    made.close()


async def test_what_follows_from_objects_is_shown_when_it_is_complete(steps: Exposition) -> None:
    steps.show(Kind.APPLICATION)
    steps.reflect("step", {("a",): Step("a", 1), ("b",): Step("b", 0)})
    assert "gitops_test_pending" not in facts(await gzip_of(steps))
    steps.show("step")
    for text in (await gzip_of(steps), await text_of(steps)):
        assert facts(text).splitlines()[2:] == [
            "# HELP gitops_test_pending Waits.",
            "# TYPE gitops_test_pending gauge",
            'gitops_test_pending{step="a"} 1',
            'gitops_test_pending{step="b"} 0',
        ]


async def test_what_follows_from_objects_changes_and_goes(steps: Exposition) -> None:
    steps.show("step")
    steps.reflect("step", {("a",): Step("a", 1), ("b",): Step("b", 0), ("c",): Step("c", 3)})
    assert steps.stats().waiting["gitops_test_pending"] == 1
    steps.reflect("step", {("a",): Step("a", 2), ("b",): None, ("never there",): None})
    assert series_of(await gzip_of(steps)) == {
        ("gitops_test_pending", frozenset({("step", "a")})): 2,
        ("gitops_test_pending", frozenset({("step", "c")})): 3,
    }


async def test_subjects_of_a_kind_that_is_not_exposed_are_passed_over(steps: Exposition) -> None:
    steps.show("step")
    steps.reflect("odd", {("a",): Step("a", 1)})
    assert series_of(await gzip_of(steps)) == {}


async def test_slots_of_those_who_went_are_used_again(body: Exposition) -> None:
    first = [application(f"first-{number}", resources=1) for number in range(BUCKET)]
    body.apply([change(None, app) for app in first])
    size = len(await text_of(body))
    for generation in range(3):
        later = [application(f"later-{generation}-{number}", resources=1) for number in range(BUCKET)]
        body.apply([change(app, None) for app in first])
        body.apply([change(None, app) for app in later])
        first = later
    assert series_of(await gzip_of(body)) == expected({app.facts.key: app for app in first}, RESOURCES)
    assert [piece async for piece in body.identity()][-1].count(b"\n") == BUCKET
    assert size > BUCKET


async def test_a_scrape_has_what_was_applied_before_it_and_leaves_the_rest_to_the_next(body: Exposition) -> None:
    before, after = application("shop", ["a"], 1), application("shop", ["b"], 2)
    body.apply([change(None, before)])
    scrape = asyncio.create_task(body.gzip())
    await asyncio.sleep(0)  # its first family is being deflated
    body.apply([change(before, after)])
    words = {labels: value for labels, value in series_of(gunzipped(await scrape)).items() if "word" in labels[0]}
    assert words == expected({before.facts.key: before}, WORDS)
    assert series_of(await gzip_of(body)) == expected({after.facts.key: after}, WORDS, RESOURCES)


async def test_an_object_that_moves_to_another_bucket_during_a_scrape_is_not_shown_twice(body: Exposition) -> None:
    shops = [application(f"shop-{number}", resources=1) for number in range(2 * BUCKET)]
    body.apply([change(None, app) for app in shops])
    await body.gzip()
    first, last = shops[0], shops[-1]
    body.apply([change(last, last := application(last.facts.name, resources=2))])
    for read in (gzip_of(body), text_of(body)):
        scrape = asyncio.create_task(read)
        await asyncio.sleep(0)
        # The slot that became free last is taken first: `first` comes back where `last` was.
        body.apply([change(first, None), change(last, None), change(None, first), change(None, last)])
        series_of(await scrape)
    states = {app.facts.key: app for app in (*shops[:-1], last)}
    assert series_of(await gzip_of(body)) == expected(states, RESOURCES)


async def test_a_scrape_that_is_cancelled_leaves_its_work_to_the_next(body: Exposition) -> None:
    shop = application("shop", ["a"], 1)
    body.apply([change(None, shop)])
    scrape = asyncio.create_task(body.gzip())
    await asyncio.sleep(0)
    scrape.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scrape
    assert series_of(await gzip_of(body)) == expected({shop.facts.key: shop}, WORDS, RESOURCES)


async def test_many_scrapes_at_once_get_the_same(body: Exposition) -> None:
    apps = [application(f"shop-{number}", ["a", "b"], number) for number in range(50)]
    body.apply([change(None, app) for app in apps])
    texts = [gunzipped(pieces) for pieces in await asyncio.gather(*(body.gzip() for _ in range(5)))]
    assert {facts(text) for text in texts} == {facts(await text_of(body))}
    assert series_of(texts[0]) == expected({app.facts.key: app for app in apps}, WORDS, RESOURCES)


async def test_a_full_family_says_what_it_dropped() -> None:
    body = exposition(limit=2)
    one, other = application("one", ["a", "b"], 1), application("other", ["a", "b"], 1)
    body.apply([change(None, one), change(None, other)])
    body.show(Kind.APPLICATION)
    text = await gzip_of(body)
    assert b'gitops_exporter_series_dropped_total{family="gitops_test_word"} 2.0\n' in text
    assert b"gitops_exporter_series 4.0\n" in text
    assert b'gitops_exporter_objects_hidden{family="gitops_test_word"} 1.0\n' in text
    assert b'gitops_exporter_objects_hidden{family="gitops_test_resources"} 0.0\n' in text
    assert body.stats().waiting == {"gitops_test_word": 1, "gitops_test_resources": 0}
    body.apply([change(one, None)])
    assert series_of(await gzip_of(body)) == expected({other.facts.key: other}, WORDS, RESOURCES)
    assert b'gitops_exporter_objects_hidden{family="gitops_test_word"} 0.0\n' in await gzip_of(body)


async def test_a_row_that_fails_is_counted_and_the_others_are_shown() -> None:
    def fails(app: ApplicationState) -> Samples:
        raise RuntimeError(app.facts.name)

    broken = Metric(name="gitops_test_broken", type=Type.GAUGE, help="Broken.", samples=fails, reads=("facts.name",))
    body = exposition(metrics=(broken, RESOURCES))
    body.show(Kind.APPLICATION)
    shop = application("shop", resources=3)
    body.apply([change(None, shop)])
    text = await gzip_of(body)
    assert series_of(text) == expected({shop.facts.key: shop}, RESOURCES)
    assert b'gitops_exporter_render_failures_total{family="gitops_test_broken"} 1.0\n' in text


async def test_the_body_tells_its_size_and_what_was_cut(body: Exposition) -> None:
    body.apply([change(None, application("shop", ["x" * 1025]))])
    await body.gzip()
    text = await gzip_of(body)
    stats = body.stats()
    assert stats.identity_bytes == len(facts(text))
    assert f'gitops_exporter_body_bytes{{encoding="identity"}} {float(stats.identity_bytes)}\n'.encode() in text
    assert f'gitops_exporter_body_bytes{{encoding="gzip"}} {float(stats.gzip_bytes)}\n'.encode() in text
    assert 0 < stats.gzip_bytes < sum(map(len, await body.gzip()))
    assert b"gitops_exporter_label_values_truncated_total 1.0\n" in text


async def test_the_time_from_event_to_text_is_observed_and_never_negative() -> None:
    body = exposition(now=10.0)
    shop = application("shop")
    body.apply([change(None, shop, received_at=9.0), change(shop, shop, received_at=11.0)])
    text = await text_of(body)
    assert b"gitops_exporter_exposed_delay_seconds_count 2.0\n" in text
    assert b"gitops_exporter_exposed_delay_seconds_sum 1.0\n" in text


NAMES = st.sampled_from([f"app-{number}" for number in range(6)])
ANY_WORDS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20), max_size=4, unique=True
)


class Life(RuleBasedStateMachine):
    """Applications come, change and go; whatever happens, the body says what a fresh look at them would say."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.body = exposition()
        self.shown = False
        self.states: dict[Key, ApplicationState] = {}

    @rule(name=NAMES, words=ANY_WORDS, resources=st.integers(0, 3))
    def change(self, name: str, words: list[str], resources: int) -> None:
        app = application(name, words, resources)
        self.body.apply([change(self.states.get(app.facts.key), app)])
        self.states[app.facts.key] = app

    @rule(names=st.lists(NAMES), words=ANY_WORDS)
    def change_several(self, names: list[str], words: list[str]) -> None:
        for name in names:
            self.change(name, words, len(words))

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        before = self.states.pop(Key("argocd", name), None)
        self.body.apply([change(before or application(name), None)])

    @rule()
    def show(self) -> None:
        self.body.show(Kind.APPLICATION)
        self.shown = True

    @rule()
    def cancel_a_scrape(self) -> None:
        async def cancelled() -> None:
            scrape = asyncio.create_task(self.body.gzip())
            await asyncio.sleep(0)
            scrape.cancel()
            await asyncio.wait([scrape])

        self.runner.run(cancelled())

    @invariant()
    def both_encodings_say_it_all(self) -> None:
        text = self.runner.run(text_of(self.body))
        assert facts(self.runner.run(gzip_of(self.body))) == facts(text)
        assert series_of(text) == (expected(self.states, WORDS, RESOURCES) if self.shown else {})
        assert text.endswith(b"\n")

    def teardown(self) -> None:
        self.body.close()
        self.runner.close()


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=40, stateful_step_count=20)
