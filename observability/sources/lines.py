"""From chunks of a stream to lines. Pure."""

from typing import TypeAlias

Line: TypeAlias = bytes | memoryview
"""A line without its newline. A view of the chunk that it came in: a copy of each would cost as much as all of finding
the lines, and slices of a view are no copies either."""


class Lines:
    """Splits at newlines, whatever the chunks. Empty lines are left out."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.pending = 0
        """Bytes of the line that has not ended yet."""

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that end in `chunk`."""
        lines: list[Line] = []
        view = memoryview(chunk)
        begin = 0
        while (end := chunk.find(b"\n", begin)) >= 0:
            if self._parts:
                lines.append(self._whole(chunk[begin:end]))
            elif end > begin:
                lines.append(view[begin:end])
            begin = end + 1
        if begin < len(chunk):
            # Parts are joined only once: a line of many MiB comes in hundreds of chunks.
            self._parts.append(chunk[begin:])
            self.pending += len(chunk) - begin
        return lines

    def _whole(self, last: bytes) -> memoryview:
        """The line that began in earlier chunks."""
        line = memoryview(b"".join([*self._parts, last]))
        self._parts.clear()
        self.pending = 0
        return line
