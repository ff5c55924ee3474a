"""Comments in YAML that say what not to mind: `# gitops-obs: ignore CHECK REASON`. Pure."""

import re
from typing import Final

from observability.monitoring.checks.documents import Comment

_COMMENT: Final = re.compile(r"#\s*gitops-obs:\s*ignore\b[ \t]*(?P<check>[\w-]*)[ \t]*(?P<reason>[^\n]*)")


def comments(text: str) -> tuple[Comment, ...]:
    """All of a file, in the order of its lines. `alone`: nothing but the comment stands on the line."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _COMMENT.search(line)
        if match:
            alone = not line[: match.start()].strip()
            found.append(Comment(number, match["check"], match["reason"].strip(), alone))
    return tuple(found)
