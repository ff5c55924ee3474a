"""Documents with anything in them, and real ones that are damaged somewhere."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

from tests.builders import APPLICATION_MANIFESTS, manifest

Path: TypeAlias = tuple[str | int, ...]

SCALARS: Final = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from((2**53, 2**64, -(2**70), 10**400))
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-23:59", "2026-02-30T00:00:00Z"))
)
JSON: Final = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=15
)
_WORDS: Final = (
    *("metadata", "spec", "status", "operation", "kind", "name", "labels", "annotations", "source", "sources", "sync"),
    *("syncPolicy", "health", "history", "operationState", "conditions", "resources", "sourceHydrator", "comparedTo"),
    *("id", "revision", "revisions", "message", "phase", "syncWindows", "generators", "applicationStatus", "step"),
)
LIKE_OURS: Final = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=8),
    max_leaves=30,
)
"""JSON whose keys are those of Argo CD."""


def text_of(document: object) -> bytes:
    """As JSON, what is not ASCII escaped, lone surrogates too."""
    return json.dumps(document).encode()


def paths(value: Any, above: Path = ()) -> Iterator[Path]:
    """Of every value in a document, outermost first."""
    fields = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in fields:
        yield (*above, key)
        yield from paths(below, (*above, key))


def put(document: Any, path: Path, value: Any) -> Any:
    """A copy of the document with another value at `path`; objects on the way there are made."""
    changed = here = deepcopy(document)
    for key in path[:-1]:
        here = here.setdefault(key, {}) if isinstance(here, dict) else here[key]
    here[path[-1]] = value
    return changed


@st.composite
def damages(draw: st.DrawFn) -> tuple[str, Path, Any]:
    """The name of a real Application, a path in it, and a value that does not belong there."""
    name = draw(st.sampled_from(APPLICATION_MANIFESTS))
    path = draw(st.sampled_from(list(paths(manifest(name)))))
    return name, path, draw(JSON | LIKE_OURS)
