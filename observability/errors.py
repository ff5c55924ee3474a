"""Every exception of ours; the command turns each into a message and an exit code.

ObservabilityError
├── SettingsError              the file or variable, the key, what was expected: exit code 2
├── SourceError                could not reach or understand a source: exit code 3
│   ├── ApiError               an answer of the Kubernetes API with an error status
│   │   ├── Unauthorized       401
│   │   ├── Forbidden          403
│   │   ├── NotFound           404
│   │   └── TooManyRequests    429 or 503 with Retry-After
│   ├── WatchExpired           410: the resourceVersion is too old, list again
│   └── MalformedResource      one object that cannot be read: skip it, count it, go on
├── SpecError                  an authored row is wrong, in a file and by a name: exit code 2
├── PublishError               what was generated could not be put in its place: exit code 3
│   └── Conflict               somebody else's work is in its place: exit code 1
├── JournalError               the journal cannot be used: exit code 3
└── DeliveryError              could not serve or send: port in use, unusable certificate
    ├── Refused                a receiver will never take this: try it in halves, then keep it as a dead letter
    └── Later                  a receiver may take it another time
"""

from __future__ import annotations


class ObservabilityError(Exception):
    """The root: a message for people, and the exit code of a command that it ends."""

    exit_code = 70


class SettingsError(ObservabilityError):
    """Bad settings or bad input of the user's.

    `where` is the file, variable or flag, `key` the dotted key in it (empty when the whole is bad),
    `expected` what should have stood there.
    """

    exit_code = 2

    def __init__(self, where: str, key: str, expected: str) -> None:
        super().__init__(": ".join(part for part in (where, key, expected) if part))
        self.where = where
        self.key = key
        self.expected = expected


class SourceError(ObservabilityError):
    """A source could not be reached or understood."""

    exit_code = 3


class ApiError(SourceError):
    """An answer of the Kubernetes API with an error status.

    `status` is the HTTP status, `reason` the reason of the Status object or the HTTP reason,
    `retry_after_seconds` what the server asked to wait, None when it did not.
    """

    def __init__(self, status: int, reason: str, message: str = "", retry_after_seconds: float | None = None) -> None:
        super().__init__(f"{message or 'the Kubernetes API refused'}: {reason} ({status})")
        self.status = status
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class Unauthorized(ApiError):
    """401: the credentials are not accepted, or no longer."""


class Forbidden(ApiError):
    """403: known, but not allowed."""


class NotFound(ApiError):
    """404: the kind is not installed, or the object does not exist."""


class TooManyRequests(ApiError):
    """429 or 503: the server asks for patience."""


class WatchExpired(SourceError):
    """410 Gone: the resourceVersion is too old, only a new list helps.

    `continue_token` is the token of an inconsistent continuation that the server offered, None when it offered none.
    `reason` is that of the list to come: `expired`, `malformed` when what the stream said could not be read, or
    `restored` when the server is at an older version than we are.
    """

    def __init__(self, message: str, continue_token: str | None = None, reason: str = "expired") -> None:
        super().__init__(message)
        self.continue_token = continue_token
        self.reason = reason


class MalformedResource(SourceError):
    """One object that cannot be read. `key` is `namespace/name` as far as known, `path` the field that is wrong."""

    def __init__(self, key: str, path: str, expected: str) -> None:
        super().__init__(f"{key}: {path}: {expected}")
        self.key = key
        self.path = path
        self.expected = expected


class JournalError(ObservabilityError):
    """The journal cannot be opened, read or written: the folder is missing or read-only, somebody else has it."""

    exit_code = 3


class SpecError(ObservabilityError):
    """A row that somebody authored is wrong: an alert, a dashboard, a panel.

    `file` is the file that holds it, empty while that is not known; `name` the row, and `expected` what should have
    stood there.
    """

    exit_code = 2

    def __init__(self, name: str, expected: str, file: str = "") -> None:
        super().__init__(": ".join(part for part in (file, name, expected) if part))
        self.file = file
        self.name = name
        self.expected = expected


class PublishError(ObservabilityError):
    """What was generated could not be put where Grafana or Prometheus read it, or these could not be asked."""

    exit_code = 3


class Conflict(PublishError):
    """Somebody else's work is in the way, and was left as it is."""

    exit_code = 1


class DeliveryError(ObservabilityError):
    """What was to be served cannot be: the address is in use, a certificate is unusable."""

    exit_code = 2


class Refused(DeliveryError):
    """A receiver will never take this, or some of it, as it is."""


class Later(DeliveryError):
    """A receiver may take it another time; after `retry_after_seconds`, None when it did not say."""

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
