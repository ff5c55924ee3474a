"""May the bearer of a token read the metrics? Asked by the server, answered by the Kubernetes API."""

from typing import Protocol


class TokenReviewer(Protocol):
    """TokenReview and SubjectAccessReview behind one question."""

    async def may_get(self, token: str, path: str) -> bool:
        """True when `token` is authentic and its user may `get` the non-resource URL `path`.

        False when the API says no. Raises SourceError when it could not be asked: the server then refuses.
        """
        ...
