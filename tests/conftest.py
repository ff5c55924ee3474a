"""What every test shares: how hypothesis searches, and an environment without settings of whoever runs the tests."""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("default"), print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")  # noqa: TID251 - not the product's environment

# A shell that runs the tests in the background has them, and what they start, ignore this one; the tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("GITOPS_OBS_", "_GITOPS_OBS_"))]:  # noqa: TID251
        monkeypatch.delenv(name)
