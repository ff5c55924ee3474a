"""Logs: one line a record, whoever wrote it."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from observability.cli import logs
from observability.settings import Log, LogFormat, LogLevel


class Terminal(io.StringIO):
    """Text that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("observability").setLevel(logging.NOTSET)
    structlog.reset_defaults()


def written(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_records_are_json_lines_with_time_level_and_facts() -> None:
    stream = io.StringIO()
    logs.configure(Log(), stream)
    structlog.get_logger("observability.sources").warning("list failed", kind="Application", status=503)
    (record,) = written(stream)
    time = record.pop("time")
    assert isinstance(time, str)
    assert time.endswith("Z")
    assert record == {
        "event": "list failed",
        "kind": "Application",
        "status": 503,
        "level": "warning",
        "logger": "observability.sources",
    }


def test_records_of_libraries_look_the_same() -> None:
    stream = io.StringIO()
    logs.configure(Log(), stream)
    logging.getLogger("aiohttp.server").error("cannot serve %s", "this")
    (record,) = written(stream)
    assert record["event"] == "cannot serve this"
    assert (record["level"], record["logger"]) == ("error", "aiohttp.server")


def test_people_get_lines_that_they_can_read() -> None:
    stream = io.StringIO()
    logs.configure(Log(format=LogFormat.CONSOLE), stream)
    structlog.get_logger("observability.app").info("ready", applications=3)
    assert "[info     ] ready" in stream.getvalue()
    assert "applications=3" in stream.getvalue()
    assert "\x1b[" not in stream.getvalue()


def test_a_terminal_is_for_people_unless_told_otherwise() -> None:
    stream = Terminal()
    logs.configure(Log(), stream)
    structlog.get_logger("observability.app").info("ready")
    assert "\x1b[" in stream.getvalue()
    stream = Terminal()
    logs.configure(Log(format=LogFormat.JSON), stream)
    structlog.get_logger("observability.app").info("ready")
    assert written(stream)[0]["event"] == "ready"


def test_the_level_holds_and_libraries_never_go_below_info() -> None:
    stream = io.StringIO()
    logs.configure(Log(level=LogLevel.WARNING), stream)
    structlog.get_logger("observability.app").info("not shown")
    logging.getLogger("aiohttp").info("not shown")
    assert written(stream) == []
    logs.configure(Log(level=LogLevel.DEBUG), stream)
    structlog.get_logger("observability.app").debug("shown")
    logging.getLogger("kubernetes.client.rest").debug("response body: a secret")
    assert [record["event"] for record in written(stream)] == ["shown"]


PASSWORD = "".join(("hunter", "2"))
"""Not as a literal: a traceback shows the lines of the source."""


def connect(password: str) -> None:
    raise ValueError(f"https://admin:{password}@git.example.com")


@pytest.mark.parametrize("form", [LogFormat.JSON, LogFormat.CONSOLE])
def test_passwords_in_urls_and_local_variables_are_never_written(form: LogFormat) -> None:
    stream = io.StringIO()
    logs.configure(Log(format=form), stream)
    try:
        connect(PASSWORD)
    except ValueError:
        structlog.get_logger("observability.sources").exception(
            "failed", url=f"https://me:{PASSWORD}@git.example.com/a"
        )
    assert "https://***@git.example.com/a" in stream.getvalue()
    assert "Traceback" in stream.getvalue()
    assert PASSWORD not in stream.getvalue()
