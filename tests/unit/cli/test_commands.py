"""The group of verbs: help, completion, and what each kind of error becomes."""

import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import NoReturn

import click
import pytest

from observability import __version__, cli
from observability.cli import VERBS, Verb
from observability.errors import DeliveryError, ObservabilityError, SettingsError, SourceError


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Make `gitops-obs fail` raise this."""

    def prepare(error: BaseException) -> None:
        @click.command
        def command() -> NoReturn:
            raise error

        module = ModuleType("failing")
        module.command = command  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "failing", module)
        monkeypatch.setattr(cli, "VERBS", (Verb("fail", "failing", "Fail."),))

    return prepare


def test_help_lists_the_verbs_and_has_examples(call: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = call("--help")
    assert (status, err) == (0, "")
    assert re.findall(r"^  (\w+)  ", out, re.MULTILINE) == [verb.name for verb in VERBS]
    assert "Examples:" in out


def test_the_verbs_are_listed_without_being_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "VERBS", (Verb("one", "absent", "One."), Verb("a", "absent", "A.")))
    assert cli.commands.list_commands(click.Context(cli.commands)) == ["one", "a"]


def test_without_a_verb_the_help_is_shown_as_a_usage_error(call: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = call()
    assert (status, out) == (2, "")
    assert "Verbs:" in err


def test_usage_errors_end_with_2(call: Callable[..., tuple[int, str, str]]) -> None:
    assert call("absent")[0] == 2
    assert call("--absent")[0] == 2
    status, out, err = call("version", "--absent")
    assert (status, out) == (2, "")
    assert "No such option" in err


def test_the_version_is_an_option_too(call: Callable[..., tuple[int, str, str]]) -> None:
    assert call("--version") == (0, f"gitops-obs {__version__}\n", "")


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (SettingsError("settings.yaml", "a.b", "expected c"), 2, "gitops-obs: settings.yaml: a.b: expected c\n"),
        (SettingsError("", "", "one\ntwo"), 2, "gitops-obs: one\ngitops-obs: two\n"),
        (DeliveryError("port in use"), 2, "gitops-obs: port in use\n"),
        (SourceError("not reachable"), 3, "gitops-obs: not reachable\n"),
        (ObservabilityError("lost"), 70, "gitops-obs: lost\n"),
        (click.ClickException("wrong"), 2, "Error: wrong\n"),
        (click.Abort(), 130, ""),
        (KeyboardInterrupt(), 130, "\n"),
        (
            ExceptionGroup("both", [SourceError("away"), DeliveryError("in use")]),
            3,
            "gitops-obs: away\ngitops-obs: in use\n",
        ),
        (BrokenPipeError(32, "Broken pipe"), 141, ""),
        (SystemExit(5), 5, ""),
        (SystemExit(None), 0, ""),
        (SystemExit("why"), 1, ""),
    ],
)
def test_an_error_is_a_message_and_an_exit_code(
    call: Callable[..., tuple[int, str, str]],
    failing: Callable[[BaseException], None],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    status: int,
    said: str,
) -> None:
    monkeypatch.setattr(cli, "_read_no_more", lambda: None)
    failing(error)
    assert call("fail") == (status, "", said)


def test_a_defect_is_reported_with_its_traceback(
    call: Callable[..., tuple[int, str, str]], failing: Callable[[BaseException], None]
) -> None:
    failing(ZeroDivisionError("by zero"))
    status, out, err = call("fail")
    assert (status, out) == (70, "")
    assert "Traceback" in err
    assert "ZeroDivisionError: by zero\n" in err
    assert f"this is a defect of gitops-obs {__version__}" in err.splitlines()[-1]


def test_a_verb_without_a_command_is_a_defect(
    call: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "empty", ModuleType("empty"))
    monkeypatch.setattr(sys.modules["empty"], "command", None, raising=False)
    monkeypatch.setattr(cli, "VERBS", (Verb("empty", "empty", "Nothing."),))
    status, _, err = call("empty")
    assert status == 70
    assert "empty.command: expected a click command" in err


def test_the_exit_code_of_a_verb_is_that_of_the_command(
    call: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command
    @click.pass_context
    def command(context: click.Context) -> None:
        context.exit(1)

    module = ModuleType("answer")
    module.command = command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "answer", module)
    monkeypatch.setattr(cli, "VERBS", (Verb("answer", "answer", "No."),))
    assert call("answer") == (1, "", "")


@pytest.mark.parametrize(
    ("typed", "offered"), [("s", ["settings"]), ("ver", ["version"]), ("x", []), ("--v", ["--version"])]
)
def test_verbs_and_options_are_completed(
    call: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, typed: str, offered: list[str]
) -> None:
    monkeypatch.setenv("_GITOPS_OBS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"gitops-obs {typed}")
    monkeypatch.setenv("COMP_CWORD", "1")
    status, out, _ = call()
    assert status == 0
    assert out.split() == [f"plain,{word}" for word in offered]


def test_main_exits_with_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["gitops-obs", "absent"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
