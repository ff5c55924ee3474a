"""Tallies as a restart leaves them."""

from collections.abc import Mapping

from observability.model.tally import Past
from observability.state.blobs import encoded, name_of
from observability.state.tallies import Tallies


def saved(tallies: Tallies) -> dict[str, bytes]:
    """All that `unsaved` told of them so far, by name: of each group that has a past, the last."""
    kept = [tally for tally in tallies.tallies().values() if tally.past != Past()]
    return {name_of(tally.group): encoded(tally) for tally in kept}


def restored(values: Mapping[str, bytes]) -> Tallies:
    """What `saved` gave, as it was. All of it can be read."""
    tallies = Tallies()
    assert tallies.restore(values) == []
    return tallies
