"""Whatever stands in an object: what the decoder lets through, every later stage can take."""

from hypothesis import given
from hypothesis import strategies as st

from observability.app.exposed import exposed
from observability.errors import MalformedResource
from observability.model.observation import Kind, Observation, Scope, Seen
from observability.settings import Cluster, Exposition, Settings
from observability.sources.argocd import ARGOCD
from observability.state.store import Store
from tests.builders import NOON, listing, manifest
from tests.damage import JSON, LIKE_OURS, Path, damages, put, text_of
from tests.rendering import page

KINDS = {kind.kind: kind for kind in ARGOCD.kinds}
METRICS = {one.kind: one for one in exposed(Exposition(images=True, revisions=True), Cluster())}


def taken_through_all_stages(kind: Kind, *raw: bytes) -> None:
    """Decode, judge, let time pass and render; what is malformed is left out. Fails when anything is raised."""
    settings = Settings()
    store = Store(
        settle_seconds=10.0,
        environments=settings.environments,
        identity=settings.identity,
        keeps_images=True,
    )
    observations: list[Observation] = listing([], NOON, Scope(kind))
    for number, one in enumerate(raw):
        try:
            observations.append(Seen(KINDS[kind].decode(one, []), NOON + number))
        except MalformedResource:
            continue
    store.apply(observations)
    store.due(NOON + 3600)
    for state in store.states(kind).values():
        assert page(METRICS[kind].metrics, state, METRICS[kind].identity(state)).startswith("# HELP ")


@given(damage=damages())
def test_a_real_application_that_is_damaged(damage: tuple[str, Path, object]) -> None:
    name, path, value = damage
    before, after = manifest(name), put(manifest(name), path, value)
    after.setdefault("metadata", {})
    if isinstance(after["metadata"], dict):
        after["metadata"]["resourceVersion"] = "another"
    taken_through_all_stages(Kind.APPLICATION, text_of(before), text_of(after), text_of(before))


@given(kind=st.sampled_from(Kind), parts=st.lists(LIKE_OURS | JSON, min_size=2, max_size=4))
def test_any_object_with_a_name(kind: Kind, parts: list[object]) -> None:
    documents = [{"metadata": {"name": "a"}, "spec": part, "status": part, "operation": part} for part in parts]
    taken_through_all_stages(kind, *map(text_of, documents))


def test_numbers_that_no_sample_can_hold() -> None:
    for kind, status in (
        (Kind.APPLICATIONSET, {"resourcesCount": 10**400, "applicationStatus": [{"step": 10**400}]}),
        (Kind.APPLICATION, {"history": [{"id": 10**400, "revision": "a"}]}),
        (Kind.APPLICATION, {"operationState": {"operation": {"sync": {"autoHealAttemptsCount": 10**400}}}}),
    ):
        taken_through_all_stages(kind, text_of({"metadata": {"name": "a"}, "status": status}))
