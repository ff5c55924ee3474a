"""Who has no endpoint does not pay for OpenTelemetry's libraries."""

import subprocess
import sys

import pytest

from observability.delivery.otlp.endpoint import Protocol

HEAVY = ("grpc", "google.protobuf", "opentelemetry")


def loaded(script: str) -> set[str]:
    """Which of the heavy libraries a new interpreter has loaded after `script`."""
    check = f"{script}\nimport sys\nprint([name for name in {HEAVY} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", check], check=True, capture_output=True, text=True)
    return {name for name in HEAVY if repr(name) in ended.stdout}


def test_settings_need_none_of_them() -> None:
    assert loaded("import observability.delivery.otlp.opening, observability.delivery.otlp.variables") == set()


@pytest.mark.parametrize(("protocol", "heavy"), [(Protocol.HTTP, set(HEAVY[1:])), (Protocol.GRPC, set(HEAVY))])
def test_an_endpoint_needs_those_of_its_protocol(protocol: Protocol, heavy: set[str]) -> None:
    script = f"""
from observability.delivery.otlp.endpoint import Endpoint, Protocol
from observability.delivery.otlp.opening import open_sink
open_sink(Endpoint(name="e", endpoint="http://c", protocol=Protocol("{protocol}")), {{}}, lambda: 0.0)
"""
    assert loaded(script) == heavy
