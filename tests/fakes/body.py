"""A body of /metrics for tests of the server: a real gzip member in fragments, and the same text as it is."""

import gzip
from collections.abc import AsyncIterator, Sequence

TEXT = b"".join(
    (
        b"# HELP gitops_application_info Facts that seldom change.\n",
        b"# TYPE gitops_application_info gauge\n",
        *(b'gitops_application_info{application="shop-%d",environment="prod"} 1\n' % number for number in range(100)),
    )
)


class FixedBody:
    """Serves one text for ever. `fragment_bytes`: how the gzip member and the text are cut."""

    def __init__(self, text: bytes = TEXT, fragment_bytes: int = 1000) -> None:
        self.text = text
        self.asked = 0
        self._fragment_bytes = fragment_bytes
        member = gzip.compress(text, 1)
        self._gzip = [member[at : at + fragment_bytes] for at in range(0, len(member), fragment_bytes)]

    async def gzip(self) -> Sequence[bytes]:
        self.asked += 1
        return self._gzip

    async def identity(self) -> AsyncIterator[bytes]:
        self.asked += 1
        for at in range(0, len(self.text), self._fragment_bytes):
            yield self.text[at : at + self._fragment_bytes]
