"""Environments in the order of promotion, as far as their names tell: a report reads no settings. Pure."""

import re
from collections.abc import Mapping
from typing import Final

_RANKS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("dev", "development"), 0),
    **dict.fromkeys(("test", "qa"), 1),
    **dict.fromkeys(("stage", "staging", "stg"), 3),
    **dict.fromkeys(("prod", "production"), 4),
}
_UNKNOWN: Final = 2


def order(environment: str) -> tuple[int, str]:
    """To sort by: development, test, names that tell nothing, staging, production; then by name."""
    words = re.split(r"[\W_]+", environment.casefold())
    return max((_RANKS[word] for word in words if word in _RANKS), default=_UNKNOWN), environment
