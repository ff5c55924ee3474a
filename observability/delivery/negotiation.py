"""Which encoding a client wants: the header Accept-Encoding, read as RFC 9110 12.5.3 says. Pure."""


def prefers_gzip(accept_encoding: str | None) -> bool:
    """True when gzip is acceptable and identity is not preferred. A client that says nothing gets identity."""
    weights = dict(map(_coding, (accept_encoding or "").lower().split(",")))
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0.0 and gzip >= weights.get("identity", 0.0)


def _coding(item: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in item.split(";"))
    weight = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            weight = _weight(value.strip())
    return name, weight


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
