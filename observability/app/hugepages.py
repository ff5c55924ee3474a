"""Puts the heap into huge pages, once it is as large as it will be.

Each event touches some dozens of objects among a hundred thousand Applications. In pages of 4 KiB the CPU must look up
the address of almost each of them; in pages of 2 MiB an event takes a tenth to an eighth less time, in the same memory.
"""

import ctypes
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_HUGE: Final = 2 * 2**20
"""Bytes of a huge page on x86-64, and on arm64 with pages of 4 KiB."""
_COLLAPSE: Final = 25
"""MADV_COLLAPSE. Source: linux include/uapi/asm-generic/mman-common.h (6.1)."""
_ANONYMOUS: Final = re.compile(r"(?P<start>[0-9a-f]+)-(?P<end>[0-9a-f]+) rw-p 0+ 00:00 0 *(?:\[heap\])?", re.ASCII)
_MAPS: Final = Path("/proc/self/maps")


def collapse() -> Iterator[bool]:
    """Ask the kernel to put the heap of this process into huge pages: one page a step, and whether it did.

    A step takes 2 ms. In a thread, or all at once, it would be others who wait, a quarter of a second: the kernel lets
    nobody touch new memory meanwhile. No page is put there before Linux 6.1, on other systems, and without transparent
    huge pages.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        for start in huge_pages(_MAPS.read_text()):
            yield libc.madvise(start, _HUGE, _COLLAPSE) == 0


def huge_pages(maps: str) -> Iterator[int]:
    """Where in memory that is mapped as `maps` says a whole huge page of heap could be.

    Source: linux Documentation/filesystems/proc.rst, /proc/PID/maps.
    """
    for line in maps.splitlines():
        if found := _ANONYMOUS.fullmatch(line):
            start, end = int(found["start"], 16), int(found["end"], 16)
            yield from range(-(-start // _HUGE) * _HUGE, end - _HUGE + 1, _HUGE)
