"""The texts that people and probes read: the index, readiness, refusals. Pure."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

from observability.delivery.guards import Refusal

PLAIN: Final = "text/plain; charset=utf-8"

_STYLE = (
    ":root{color-scheme:light dark;font-family:system-ui,sans-serif;line-height:1.5}"
    "body{max-width:40rem;margin:2rem auto;padding:0 1rem}"
)
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY: Final[Mapping[str, str]] = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "deny",
}
"""Headers of every answer, unless the web configuration sets them."""


@dataclass(frozen=True, slots=True)
class Page:
    """A short answer, whole in memory."""

    status: int
    text: str
    content_type: str = PLAIN
    headers: Mapping[str, str] = field(default_factory=dict)


ALIVE: Final = Page(200, "alive\n")
NOT_FOUND: Final = Page(404, "not found: there are /, /metrics, /livez and /readyz\n")
ONLY_READING: Final = Page(405, "method not allowed: only GET and HEAD\n", headers={"Allow": "GET, HEAD"})
NO_BODY: Final = Page(413, "content too large: requests have no body here\n")

REFUSALS: Final[Mapping[Refusal, Page]] = {
    Refusal.UNAUTHENTICATED: Page(401, "unauthorized: credentials are missing or wrong\n"),
    Refusal.FORBIDDEN: Page(403, "forbidden: this token may not get this path\n"),
    Refusal.REVIEW_FAILED: Page(503, "the token could not be reviewed, try again\n", headers={"Retry-After": "5"}),
    Refusal.AUTHENTICATION_BUSY: Page(503, "too many credentials to check, try again\n", headers={"Retry-After": "1"}),
    Refusal.SCRAPE_CAP: Page(503, "too many scrapes at once, try again\n", headers={"Retry-After": "1"}),
}


def readiness(waiting_for: Sequence[str]) -> Page:
    """200 when there is nothing to wait for, else 503 and what it is, one a line."""
    if not waiting_for:
        return Page(200, "ready\n")
    return Page(503, "".join(f"not ready: {reason}\n" for reason in waiting_for))


def index(version: str, watched: Sequence[str], waiting_for: Sequence[str], links: Sequence[tuple[str, str]]) -> Page:
    """The start page: where everything is, what is watched, and whether it is ready. `links`: names and addresses."""
    state = "Ready." if not waiting_for else f"Not ready: {escape('; '.join(waiting_for))}."
    items = "".join(f"<li>{escape(item)}</li>" for item in watched)
    others = "".join(f'<li><a href="{escape(address)}">{escape(name)}</a></li>' for name, address in links)
    watching = f"<h2>Watched</h2><ul>{items}</ul>" if items else ""
    return Page(
        200,
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>GitOps observability</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>GitOps observability</h1><p>Version {escape(version)}. {state}</p>"
        '<nav aria-label="Pages"><ul><li><a href="/metrics">Metrics</a></li>'
        '<li><a href="/readyz">Is it ready?</a></li><li><a href="/livez">Is it alive?</a></li>'
        f"{others}</ul></nav>"
        f"{watching}</main></body></html>\n",
        "text/html; charset=utf-8",
    )
