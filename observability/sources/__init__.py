"""Sources: facts in. The Kubernetes API is listed and watched, and what comes is decoded into observations.

Here belongs what talks to a source, and what knows how its objects look on the wire. Yields model values, keeps none:
memory is the business of `state`. `engine` is the row that names the kinds of an engine, `argocd` fills it;
`applications` and `groupings` read its objects, whose JSON is in `wire`, with `documents` for wrong types, `origins`
for sources and `synced` for what a sync did; `comparisons` tells which need not be read, and `redaction` takes secrets
out of what leaves here. `kubernetes` is the only importer of the Kubernetes client, `watching` has the loops: `lines`
cuts the stream, `envelope` unwraps it, `reader` makes observations of it, `versions` says which is older and `backoff`
how long to wait. `commits` asks who wrote what is deployed, and `reviews` whether somebody may read the metrics.
I/O is in `kubernetes`, `watching`, `commits` and `reviews`; the others are pure.
To add an engine, add a module with its row, and one word in ENGINES; or install a package with the row as an entry
point of the group gitops_observability.engines, and name that in `plugins` of the settings.
"""

from typing import Final

from observability.sources.argocd import ARGOCD
from observability.sources.engine import Engine

ENGINES: Final[tuple[Engine, ...]] = (ARGOCD,)
"""The engines that are built in."""
