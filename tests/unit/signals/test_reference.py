"""The reference page of metrics and events: it is up to date, and says all of them."""

from pathlib import Path

from observability.model.status import Cause, Phase, Policy, Result
from observability.signals import reference
from observability.signals.metrics import METRICS


def test_the_reference_page_is_up_to_date() -> None:
    page = Path(reference.__file__).with_name("README.md").read_text()
    assert page == reference.render()


def test_the_reference_page_mentions_every_metric_and_every_word() -> None:
    page = reference.render()
    mentioned = [one.name for one in METRICS] + [
        word.value for words in (Cause, Policy, Result, Phase) for word in words
    ]
    assert [name for name in mentioned if f"`{name}`" not in page] == []
    assert [one.help for one in METRICS if one.help not in page] == []
    assert page == reference.render()
