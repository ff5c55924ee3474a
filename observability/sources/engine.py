"""What an engine is: a name, and the kinds of objects that it keeps in the Kubernetes API. Pure."""

from typing import NamedTuple, Protocol, TypeAlias
from urllib.parse import quote

from msgspec import Raw, Struct
from msgspec.structs import force_setattr, replace

from observability.errors import MalformedResource
from observability.model.application import Key
from observability.model.observation import Kind, Resource
from observability.sources import envelope
from observability.sources.redaction import message

Problems: TypeAlias = list[tuple[str, str]]
"""What could not be read of an object that is otherwise readable: (path of the field, what was expected)."""


class Decode(Protocol):
    """From the JSON of one object to its facts."""

    def __call__(self, raw: bytes | memoryview | Raw, problems: Problems, /) -> Resource:
        """The facts of the object; what cannot be read of it is added to `problems`.

        Raises:
            MalformedResource: nothing of it can be used. ValueError and RecursionError say so, too.
        """
        ...


class Comparison(NamedTuple):
    """What the text of an object says of when it was compared last, in seconds since the epoch.

    `rest`: a hash of all else of the text, as long as this process lives.
    """

    key: Key
    resource_version: str
    reconciled_at: float
    rest: int


class Compare(Protocol):
    """From the JSON of one object to what it says of its comparison, without reading all of it."""

    def __call__(self, raw: bytes | memoryview | Raw, /) -> Comparison | None:
        """None: it has to be read."""
        ...


class WatchedKind(Struct, frozen=True):
    """A kind of an engine: where the API keeps it, and how one object is decoded.

    `comparison` None: its objects are not compared again and again, each is read.
    """

    kind: Kind
    group: str
    version: str
    plural: str
    decode: Decode
    comparison: Compare | None = None

    @property
    def resource(self) -> str:
        """Its name as in RBAC and on the command line: `applications.argoproj.io`."""
        return f"{self.plural}.{self.group}"

    def path(self, namespace: str = "", name: str = "") -> str:
        """The URL path of all objects, of those in one namespace, or of one object.

        Source: kubernetes.io/docs/reference/using-api/api-concepts, "Resource URIs".
        """
        parts = ["", "apis", self.group, self.version]
        if namespace:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        if name:
            parts.append(name)
        return "/".join(quote(part, safe="") for part in parts)


class Engine(Struct, frozen=True):
    """A GitOps engine: its name as in the label `engine`, and its kinds, each once.

    What has a desired and a live state is its `Application`. Where it has several kinds of such objects, it is several
    engines.
    """

    name: str
    kinds: tuple[WatchedKind, ...]


def marked(engine: Engine) -> Engine:
    """The same, whose objects say that they are of it, whatever `decode` makes.

    What else `decode` raises, or when it makes no object, is one object that cannot be read: others go on.
    """

    def of_engine(decode: Decode) -> Decode:
        def decoded(raw: bytes | memoryview | Raw, problems: Problems, /) -> Resource:
            try:
                resource = decode(raw, problems)
                force_setattr(resource, "engine", engine.name)  # frozen, and nobody else has it yet
            except (MalformedResource, ValueError, RecursionError):
                raise
            except Exception as error:  # what somebody else's code raises can be anything
                expected = f"{engine.name} cannot decode it: {type(error).__name__}: {error}"
                raise MalformedResource(_name(raw), "", message(expected)) from error
            return resource

        return decoded

    return replace(engine, kinds=tuple(replace(kind, decode=of_engine(kind.decode)) for kind in engine.kinds))


def _name(raw: bytes | memoryview | Raw) -> str:
    metadata = envelope.bare(raw).metadata
    return "/".join(part for part in (metadata.namespace, metadata.name) if part) or "?"
