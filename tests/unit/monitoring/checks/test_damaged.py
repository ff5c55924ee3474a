"""Whatever stands in a file, checks end with findings whose lines are in it."""

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from observability.monitoring.checks import outputs
from tests.checked import board, checked, panel, target

JUNK: tuple[Any, ...] = (None, 0, -1.5, True, "", "\x01", [], {}, [1], [[]], {"a": 1}, "{{", "sum(", [None], "$x")
PUBLIC = Path(__file__).parents[4] / "tests/manifests/checks/argocd-alerts.yml"
ROUTES = {
    "route": {"receiver": "a", "routes": [{"matchers": ['a="b"'], "receiver": "b", "match_re": {"a": "("}}]},
    "receivers": [{"name": "a"}, {"name": "b", "slack_configs": [{}]}],
    "inhibit_rules": [{"equal": ["a"], "source_matchers": ["x=y"]}],
}
SCRAPES = {
    "global": {"scrape_interval": "15s"},
    "scrape_configs": [{"job_name": "x", "static_configs": [{"labels": {"a": "b"}}], "relabel_configs": [{}]}],
}
BOARD = board(
    panel(targets=[target("rate(up[5m])")]),
    {"type": "row", "panels": [panel(id=2)]},
    templating={"list": [{"query": {"query": "label_values(up, job)"}}]},
    annotations={"list": [{"datasource": {"type": "prometheus"}, "expr": "up"}]},
)
DOCUMENTS: tuple[Any, ...] = (yaml.safe_load(PUBLIC.read_text()), ROUTES, SCRAPES, BOARD)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(inner, (*path, key))


def damaged(rng: random.Random) -> Any:
    document = copy.deepcopy(rng.choice(DOCUMENTS))
    for _ in range(rng.randint(1, 3)):
        *above, last = rng.choice([path for path in paths(document) if path])
        holder = document
        for key in above:
            holder = holder[key]
        holder[last] = copy.deepcopy(rng.choice(JUNK))
    return document


@pytest.mark.parametrize("seed", range(120))
def test_damage_gives_findings_and_no_error(seed: int) -> None:
    rng = random.Random(seed)
    document = damaged(rng)
    json_wanted = rng.random() < 0.5
    text = json.dumps(document, indent=1) if json_wanted else yaml.safe_dump(document)
    if rng.random() < 0.2:
        place = rng.randrange(len(text))
        text = text[:place] + rng.choice('{}[]":,\t\n#&*!|>%@`') + text[place + 1 :]
    file = "a.json" if json_wanted else "a.yml"
    found = checked({file: text})
    assert all(1 <= one.line <= text.count("\n") + 1 for one in found)
    for write in (outputs.as_json, outputs.as_sarif, outputs.as_junit):
        assert write(found, (file,))


def test_what_repeats_itself_without_end_is_read_once() -> None:
    laughs = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    rule = "groups: [{name: a, rules: [&r {alert: A, expr: up == 0, labels: {severity: *a11}, annotations: *r}]}]\n"
    found = checked({"a.yml": f"a0: &a0 x\n{laughs}{rule}"})
    assert "severity-missing" in {one.check.name for one in found}
