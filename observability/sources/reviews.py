"""May the bearer of a token read the metrics? The Kubernetes API is asked, as controller-runtime asks it.

Source: k8s.io/api authentication/v1 and authorization/v1 types.go (v0.33); sigs.k8s.io/controller-runtime
pkg/metrics/filters/filters.go.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from observability.errors import SourceError
from observability.sources.kubernetes import Connection

_TOKEN_REVIEWS: Final = "/apis/authentication.k8s.io/v1/tokenreviews"  # noqa: S105 - a path
_ACCESS_REVIEWS: Final = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


class _User(Struct):
    username: str = ""
    uid: str = ""
    groups: tuple[str, ...] | None = None
    extra: Mapping[str, tuple[str, ...]] | None = None


class _Authentication(Struct):
    authenticated: bool = False
    user: _User | None = None


class _Authorization(Struct):
    allowed: bool = False
    denied: bool = False


class _TokenReview(Struct):
    status: _Authentication


class _AccessReview(Struct):
    status: _Authorization


_Review = TypeVar("_Review", _TokenReview, _AccessReview)


class KubernetesReviews:
    """A `TokenReviewer`: TokenReview says who it is, SubjectAccessReview what that user may."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def may_get(self, token: str, path: str) -> bool:
        """True when `token` is authentic and its user may `get` the non-resource URL `path`; see `TokenReviewer`."""
        spec = {"token": token}
        who = (await self._review(_TOKEN_REVIEWS, "authentication.k8s.io/v1", spec, _TokenReview)).status
        if not who.authenticated or who.user is None or not who.user.username:
            return False
        access = _access(who.user, path)
        may = (await self._review(_ACCESS_REVIEWS, "authorization.k8s.io/v1", access, _AccessReview)).status
        return may.allowed and not may.denied

    async def _review(self, path: str, version: str, spec: Mapping[str, Any], kind: type[_Review]) -> _Review:
        name = "TokenReview" if kind is _TokenReview else "SubjectAccessReview"
        answer = await self._connection.post(path, {"apiVersion": version, "kind": name, "spec": spec})
        try:
            return msgspec.json.decode(answer, type=kind)
        except (ValueError, RecursionError) as error:
            raise SourceError(f"expected a {name} with a status: {error}") from error


def _access(user: _User, path: str) -> dict[str, Any]:
    """The spec of a SubjectAccessReview: all that is known of the user goes along, for authorizers that look at it."""
    spec: dict[str, Any] = {"user": user.username, "nonResourceAttributes": {"path": path, "verb": "get"}}
    known = {"uid": user.uid, "groups": list(user.groups or ()), "extra": user.extra and dict(user.extra)}
    return spec | {name: value for name, value in known.items() if value}
