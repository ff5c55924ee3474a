"""From chunks of a stream to lines. Pure."""


class Lines:
    """Splits at newlines, whatever the chunks. Lines come without the newline; empty ones are left out."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.pending = 0
        """Bytes of the line that has not ended yet."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that end in `chunk`."""
        lines = chunk.split(b"\n")
        rest = lines.pop()
        if lines and self._parts:
            self._parts.append(lines[0])
            lines[0] = b"".join(self._parts)
            self._parts.clear()
            self.pending = 0
        if rest:
            # Parts are joined only once: a line of many MiB comes in hundreds of chunks.
            self._parts.append(rest)
            self.pending += len(rest)
        return [line for line in lines if line]
