"""What the API answers besides objects: Status objects, discovery, continue tokens. Pure."""

import base64
import binascii
import json
from typing import Any, Final, NamedTuple

from observability.demo.store import KINDS

GROUP: Final = "argoproj.io"
VERSION: Final = "v1alpha1"


class Refusal(Exception):  # noqa: N818 - an answer of the API, not a defect
    """A request that is answered with a Status. `token`: where an expired list can go on, None when it cannot."""

    def __init__(self, code: int, reason: str, message: str, token: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status(code, reason, message, token)


def status(code: int, reason: str, message: str, token: str | None = None) -> dict[str, Any]:
    """A Status of failure."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {"continue": token} if token else {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


class Token(NamedTuple):
    """A continue token: go on after `after` in the list of `resource_version`, -1: in the newest, inconsistently."""

    resource_version: int
    after: tuple[str, str]

    def encode(self) -> str:
        """As it stands in `metadata.continue`."""
        namespace, name = self.after
        text = json.dumps({"v": "meta.k8s.io/v1", "rv": self.resource_version, "start": f"{namespace}/{name}\0"})
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def parse_token(text: str) -> Token:
    """The token in `text`. Raises Refusal when it is none of ours."""
    try:
        fields = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        namespace, name = fields["start"].rstrip("\0").split("/")
        return Token(int(fields["rv"]), (namespace, name))
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal(400, "BadRequest", f"continue key is not valid: {error}") from error


def expired_token(token: Token) -> Refusal:
    """The snapshot behind `token` is gone; another token goes on in the newest state."""
    message = (
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
        "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
        "modified, or deleted between the time the first chunk was returned and now may show up in the list."
    )
    return Refusal(410, "Expired", message, Token(-1, token.after).encode())


def too_old(wanted: int, oldest: int) -> Refusal:
    """The resourceVersion `wanted` is no longer held."""
    return Refusal(410, "Expired", f"too old resource version: {wanted} ({oldest})")


def too_large(wanted: int, current: int) -> Refusal:
    """The resourceVersion `wanted` is not reached yet."""
    return Refusal(504, "Timeout", f"Too large resource version: {wanted}, current: {current}")


def bookmark(kind: str, resource_version: int, *, initial_events_end: bool = False) -> str:
    """The line of a BOOKMARK event."""
    metadata: dict[str, Any] = {"resourceVersion": str(resource_version)}
    if initial_events_end:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": kind, "metadata": metadata}
    return json.dumps({"type": "BOOKMARK", "object": body}, separators=(",", ":")) + "\n"


_GROUP_VERSION = {"groupVersion": f"{GROUP}/{VERSION}", "version": VERSION}
_API_GROUP = {"name": GROUP, "versions": [_GROUP_VERSION], "preferredVersion": _GROUP_VERSION}

DISCOVERY: Final[dict[str, dict[str, Any]]] = {
    "/version": {"major": "1", "minor": "33", "gitVersion": "v1.33.5+simulated", "platform": "linux/amd64"},
    "/api": {"kind": "APIVersions", "versions": []},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_API_GROUP]},
    f"/apis/{GROUP}": {"kind": "APIGroup", "apiVersion": "v1", **_API_GROUP},
    f"/apis/{GROUP}/{VERSION}": {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{GROUP}/{VERSION}",
        "resources": [
            {
                "name": kind.plural,
                "singularName": kind.kind.lower(),
                "namespaced": True,
                "kind": kind.kind,
                "verbs": ["get", "list", "watch"],
                "shortNames": [kind.short],
            }
            for kind in KINDS
        ],
    },
}
"""What clients ask before they list, by path."""
