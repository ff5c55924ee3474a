"""Plugins of distributions that are really there: a package and its metadata on the path of this process."""

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from observability.app.plugins import engines, load
from observability.delivery.sinks.catalogue import make
from observability.errors import SettingsError
from observability.settings import EventSink

Install = Callable[..., None]

SINK = """
    class Sink:
        def __init__(self, settings, resource):
            self.name = settings.name
            self.options = settings.options

        async def deliver(self, records): ...
        async def close(self): ...
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put distributions where Python finds them, as pip does: a module, and a dist-info folder beside it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(distribution: str, module: str, code: str, **points: str) -> None:
        info = tmp_path / f"{distribution.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        groups = (f"[gitops_observability.{group}]\n{lines}\n" for group, lines in points.items())
        (info / "entry_points.txt").write_text("\n".join(groups))
        (tmp_path / f"{module}.py").write_text(dedent(code))
        monkeypatch.delitem(sys.modules, module, raising=False)

    return put


def problem(*names: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(names, "settings.yaml")
    return str(caught.value)


def test_a_sink_of_an_installed_package_is_made(install: Install) -> None:
    install("obs-kafka", "obs_kafka", SINK, sinks="kafka = obs_kafka:Sink")
    sink = make(EventSink(type="kafka", options={"topic": "x"}), {}, load(["kafka"]).sinks)
    assert sink.name == "kafka"
    assert type(sink).__module__ == "obs_kafka"
    assert vars(sink)["options"] == {"topic": "x"}


def test_what_the_settings_do_not_name_is_not_imported(install: Install) -> None:
    install("obs-one", "obs_one", SINK, sinks="one = obs_one:Sink")
    install("obs-two", "obs_two", "raise SystemExit('imported')", sinks="two = obs_two:Sink", checks="x = obs_two:y")
    assert list(load(["one"]).sinks) == ["one"]
    assert "obs_two" not in sys.modules
    assert load([]) == ({}, {}, {})


def test_a_name_may_be_of_several_groups(install: Install) -> None:
    code = """
        from observability.monitoring.checks.rows import Check, Severity
        from observability.sources.engine import Engine
        FLUX = Engine("flux", ())
        CHECK = Check(name="flux", severity=Severity.NOTE, says="", why="", mend="", of=object, find=lambda one: ())
    """
    install("obs-flux", "obs_flux", code, engines="flux = obs_flux:FLUX", checks="flux = obs_flux:CHECK")
    plugins = load(["flux"])
    assert plugins.engines["flux"].name == "flux"
    assert plugins.checks["flux"].name == "flux"
    assert plugins.sinks == {}


def test_engines_of_plugins_stand_beside_argo_cd_and_mark_what_is_theirs(install: Install) -> None:
    code = """
        from observability.model.application import Application
        from observability.model.observation import Kind
        from observability.sources.engine import Engine, WatchedKind
        def app(raw, problems):
            return Application(namespace="flux", name="podinfo")
        FLUX = Engine("flux", (WatchedKind(Kind.APPLICATION, "fluxcd.io", "v1", "kustomizations", app),))
    """
    install("obs-flux", "obs_flux", code, engines="flux = obs_flux:FLUX")
    assert [one.name for one in engines(())] == ["argocd"]
    argocd, flux = engines(["flux"])
    (kind,) = flux.kinds
    assert (argocd.name, flux.name, kind.path()) == (
        "argocd",
        "flux",
        "/apis/fluxcd.io/v1/kustomizations",
    )
    assert kind.decode(b"{}", []).engine == "flux"


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        ('Engine("argocd", ())', "to have a name of its own, argocd is another engine"),
        ('Engine("Flux CD", ())', "to have a name of small letters, digits and dashes"),
        ('Engine("flux", ARGOCD.kinds[:1] * 2)', "to have each kind once"),
    ],
)
def test_an_engine_that_cannot_be_told_from_another(install: Install, engine: str, expected: str) -> None:
    code = f"""
        from observability.sources.argocd import ARGOCD
        from observability.sources.engine import Engine
        ODD = {engine}
    """
    install("obs-odd", "obs_odd", code, engines="odd = obs_odd:ODD")
    with pytest.raises(SettingsError) as caught:
        engines(["odd"])
    assert str(caught.value) == f'settings: plugins: expected the engine "odd" {expected}'


def test_a_name_that_is_not_installed(install: Install) -> None:
    assert problem("kafka") == (
        'settings.yaml: plugins: expected an installed package with an entry point "kafka", and no package has one'
    )
    install("obs-one", "obs_one", SINK, sinks="one = obs_one:Sink")
    assert problem("one", "kafka") == (
        'settings.yaml: plugins: expected an installed package with an entry point "kafka", there are one'
    )
    assert "obs_one" not in sys.modules


def test_a_name_that_two_packages_have(install: Install) -> None:
    install("obs-a", "obs_a", SINK, sinks="kafka = obs_a:Sink")
    install("obs-b", "obs_b", SINK, sinks="kafka = obs_b:Sink")
    assert problem("kafka") == (
        'settings.yaml: plugins: expected one package with "kafka" in the group gitops_observability.sinks, '
        "obs-a 1.0 and obs-b 1.0 have it"
    )


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("", "AttributeError: module 'obs_bad' has no attribute 'Sink'"),
    ],
)
def test_a_package_that_cannot_be_imported(install: Install, code: str, said: str) -> None:
    install("obs-bad", "obs_bad", code, sinks="bad = obs_bad:Sink")
    assert problem("bad") == (
        f'settings.yaml: plugins: expected that "bad" of obs-bad 1.0 can be imported from obs_bad:Sink: {said}'
    )


@pytest.mark.parametrize(("group", "words"), [("sinks", "something to call"), ("engines", "an Engine")])
def test_what_is_not_what_its_group_expects(install: Install, group: str, words: str) -> None:
    install("obs-odd", "obs_odd", "X = 3", **{group: "odd = obs_odd:X"})
    assert problem("odd") == f'settings.yaml: plugins: expected "odd" of obs-odd 1.0 to be {words}, obs_odd:X is int'
