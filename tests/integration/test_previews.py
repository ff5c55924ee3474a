"""Pictures of the dashboards: numbers and tables as Grafana shows them, and a page of the demo's data."""

import struct
from pathlib import Path
from typing import Any

import pytest

from tests.integration.servers import tool
from tests.previews.__main__ import main
from tests.previews.tables import merged, table
from tests.previews.values import threshold, written


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (7140.0, "dtdurations", 1, "1 hour, 59 minutes"),
        (7140.0, "dtdurations", 0, "1 hour"),
        (7140.0, "s", None, "1.98 hour"),
        (0.0, "s", None, "0 s"),
        (0.25, "s", None, "250 ms"),
        (0.0, "bytes", None, "0 B"),
        (1536.0, "bytes", None, "1.5 KiB"),
        (0.995, "percentunit", 2, "99.50%"),
        (12_345.0, "short", None, "12.3 K"),
        (3.0, "short", None, "3"),
    ],
)
def test_numbers_are_written_in_their_unit(value: float, unit: str, decimals: int | None, text: str) -> None:
    assert written(value, unit, decimals) == text


def test_the_highest_threshold_that_is_reached_colours() -> None:
    steps: list[dict[str, Any]] = [
        {"color": "green", "value": None},
        {"color": "yellow", "value": 1},
        {"color": "red", "value": 3},
    ]
    assert [threshold(steps, value) for value in (0.0, 1.0, 2.9, 3.0)] == ["green", "yellow", "yellow", "red"]


def sample(value: str, **labels: str) -> dict[str, Any]:
    return {"metric": labels, "value": [0, value]}


def test_queries_are_merged_by_the_labels_that_they_share() -> None:
    frames = {
        "A": [sample("1", name="a", health="Healthy"), sample("1", name="b", health="Degraded")],
        "B": [sample("5", name="b")],
    }
    assert merged(frames) == [
        {"name": "a", "health": "Healthy", "Value #A": 1.0},
        {"name": "b", "health": "Degraded", "Value #A": 1.0, "Value #B": 5.0},
    ]


def test_a_table_has_its_columns_in_order_without_hidden_ones() -> None:
    panel = {
        "fieldConfig": {
            "defaults": {"custom": {"cellOptions": {"type": "auto"}}, "thresholds": {"steps": []}, "mappings": []},
            "overrides": [
                {"matcher": {"options": "a"}, "properties": [{"id": "displayName", "value": "First"}]},
                {"matcher": {"options": "c"}, "properties": [{"id": "custom.hidden", "value": True}]},
            ],
        },
        "options": {"sortBy": [{"displayName": "b", "desc": True}]},
        "transformations": [{"id": "organize", "options": {"indexByName": {"b": 1, "a": 0, "c": 2}}}],
    }
    drawn = table(
        panel, {"A": [sample("1", a="x", b="1", c="hidden"), sample("1", a="y", b="2", c="hidden")]}, 400, 200
    )
    assert drawn.index("First") < drawn.index(">b<") < drawn.index(">y<") < drawn.index(">x<")
    assert "hidden" not in drawn


def test_without_the_programs_nothing_is_drawn_and_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["--output", str(tmp_path / "out")]) == 0
    assert "prometheus, promtool, chromium missing" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


@pytest.mark.servers
@pytest.mark.timeout(300)
def test_a_picture_is_drawn_of_a_demo(tmp_path: Path) -> None:
    tool("chromium")
    options = ["--hours", "0.5", "--speed", "180", "--applications", "40", "--only", "overview"]
    assert main([*options, "--output", str(tmp_path / "out")]) == 0
    (picture,) = (tmp_path / "out").iterdir()
    data = picture.read_bytes()
    assert picture.name == "gitops-overview.png"
    assert data.startswith(b"\x89PNG")
    wide, high = struct.unpack(">II", data[16:24])
    assert wide == 1400
    assert high > 1000
    assert len(data) > 50_000
