"""How long to wait before asking again. Pure: time and chance come in as values."""

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final

RETRY_AFTER_MAX_SECONDS: Final = 300.0
"""A server may ask for patience, not for silence."""


class Backoff:
    """Waits that double after each failure and are short again after a healthy while.

    `initial` and `maximum` bound a wait, `healthy` is how long things must have gone well; all in seconds. `random`
    yields values from 0 to 1: a wait is between half of its bound and all of it, lest many clients come at once.
    """

    def __init__(self, initial: float, maximum: float, healthy: float, random: Callable[[], float]) -> None:
        self._initial = initial
        self.maximum = maximum
        self._healthy = healthy
        self._random = random
        self._well_since: float | None = None
        self.failures = 0
        """Failures in a row."""

    def succeeded(self, now: float) -> None:
        """It goes well at `now` (monotonic seconds)."""
        if self._well_since is None:
            self._well_since = now

    def failed(self, now: float) -> float:
        """It failed at `now`: the seconds to wait."""
        if self._well_since is not None and now - self._well_since >= self._healthy:
            self.failures = 0
        self._well_since = None
        self.failures += 1
        # The exponent is capped: 2.0 ** 1024 overflows, and failures may go on for days.
        bound = min(self.maximum, self._initial * 2.0 ** min(self.failures - 1, 32))
        return bound * (0.5 + self._random() / 2)


def retry_after_seconds(header: str | None, now: float) -> float | None:
    """What `Retry-After` asks to wait: seconds, or an HTTP date seen from `now` (epoch seconds). None: it asks nothing.

    Source: RFC 9110, section 10.2.3.
    """
    if not header:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), RETRY_AFTER_MAX_SECONDS)
    try:
        seconds = parsedate_to_datetime(text).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_MAX_SECONDS)
