"""Which part of the past a report is about. Pure."""

from msgspec import Struct

from observability.state import globs


class Selection(Struct, frozen=True, kw_only=True):
    """What a report is limited to; an empty text or None does not limit it.

    `application` is a glob for `namespace/name`; one without a slash is for the name. `since` is the first instant
    that counts, `until` the first that does not any more, in seconds since the epoch.
    """

    application: str = ""
    environment: str = ""
    service: str = ""
    since: float | None = None
    until: float | None = None

    def admits(self, application: str, environment: str, service: str) -> bool:
        """Is it about this Application (`namespace/name`)?"""
        return (
            self.environment in ("", environment)
            and self.service in ("", service)
            and (not self.application or globs.matches(self.application, self._compared(application)))
        )

    def holds(self, at: float) -> bool:
        """Does this instant count?"""
        return self.overlaps(at, at)

    def overlaps(self, started_at: float, ended_at: float | None) -> bool:
        """Does any of this time count? `ended_at` None: it goes on."""
        return (self.since is None or ended_at is None or ended_at >= self.since) and (
            self.until is None or started_at < self.until
        )

    def _compared(self, application: str) -> str:
        return application if "/" in self.application else application.rpartition("/")[2]
