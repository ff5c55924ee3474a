"""Digests that stand for texts where only equality counts. Pure: the same in every process and version.

What is saved and sent has them: another digest of the same text would be another thing.
"""

from hashlib import blake2b


def digest(text: str, size: int) -> bytes:
    """`size` bytes, at most 64, that follow from the text alone; lone surrogates count, too."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest()
