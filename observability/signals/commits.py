"""What a commit adds to a deployment: attributes. Pure."""

from collections.abc import Callable

from observability.model.commit import Commit, Signature
from observability.model.event import Attribute


def attributes(commit: Commit | None, hash: Callable[[str], str]) -> dict[str, Attribute]:
    """What an event says of a commit; without what is unknown, and empty without a commit.

    `hash` makes what is told of the name and the e-mail address of a person; it returns them as they are when they
    may be told. `gitops.commit.signed` is true when there is a signature that is not known to be bad.
    """
    if commit is None:
        return {}
    signature = commit.signature
    told: dict[str, Attribute | None] = {
        "gitops.commit.author.name": None if commit.author_name is None else hash(commit.author_name),
        "gitops.commit.author.email": None if commit.author_email is None else hash(commit.author_email),
        "gitops.commit.time_seconds": commit.authored_at,
        "gitops.commit.message": commit.message,
        "gitops.commit.signed": None if signature is None else signature in {Signature.GOOD, Signature.UNVERIFIED},
        "gitops.commit.signature": None if signature is None else str(signature),
    }
    return {name: value for name, value in told.items() if value is not None}
