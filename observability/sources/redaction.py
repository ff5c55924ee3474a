"""Takes secrets out of texts that leave the decoder: user info of URLs, values of words that sound secret.

What was done is remembered: a hundred thousand Applications share some hundred repositories and a dozen messages. Each
pattern goes through a text once, however it is made.
"""

import re
from functools import lru_cache
from typing import Final

LONGEST_MESSAGE: Final = 1024
"""Characters of a message that are kept."""
_LONGEST_REMEMBERED: Final = 2 * LONGEST_MESSAGE

_USER_INFO: Final = re.compile(r"://[^/]*@")
_USER_INFO_IN_TEXT: Final = re.compile(r"://[^/\s]*@")
_SCP_IN_TEXT: Final = re.compile(r"(?<![\w.+@:/-])[\w.+-]{1,64}+:[^\s/@'\"]{1,512}+@(?!sha\d+:)(?=[\w.-]+:)")
"""`user:password@host:path`; not the digest of an image behind its tag."""
_SECRET: Final = re.compile(
    r"""(?ix)
    (?P<word>
        (?:password|passwd|passphrase|secret|token|api[_-]?key|credentials?)[\w-]{0,64}+\\*["']?\s*+[=:]\s*
      | \b(?:bearer|basic)\s+
    )
    (?:\\*"[^"]*"?|\\*'[^']*'?|[^\s,;&]+)   # what a quote opens is secret up to the next one, or to the end
    """
)


def url(text: str) -> str:
    """A repository or server address without user info, query and fragment. `git@host:path` keeps the user `git`."""
    return _remembered_url(text) if len(text) <= _LONGEST_REMEMBERED else _url(text)


def message(text: str) -> str:
    """A text for people, cut and without what looks like a secret."""
    return _message(text[:_LONGEST_REMEMBERED])


def _url(text: str) -> str:
    if "://" in text:
        return re.split(r"[?#]", _USER_INFO.sub("://", text), maxsplit=1)[0]
    user, at, host = text.rpartition("@")
    return text if not at or user == "git" else host


_remembered_url: Final = lru_cache(maxsize=16_384)(_url)


@lru_cache(maxsize=1024)
def _message(text: str) -> str:
    if "@" in text:
        text = _SCP_IN_TEXT.sub("", _USER_INFO_IN_TEXT.sub("://", text))
    return _SECRET.sub(r"\g<word>…", text)[:LONGEST_MESSAGE]
