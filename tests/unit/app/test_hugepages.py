"""The heap in huge pages."""

import re
from pathlib import Path

from observability.app.hugepages import collapse, huge_pages

MAPS = """\
55d0c0000000-55d0c0421000 rw-p 00000000 00:00 0                          [heap]
7f0000100000-7f0000700000 rw-p 00000000 00:00 0
7f0000800000-7f00009ff000 rw-p 00000000 00:00 0
7f0001000000-7f0001400000 r--p 00000000 00:00 0
7f0002000000-7f0002400000 rw-p 00000000 fe:01 4711                       /usr/lib/libpython3.11.so.1.0
7f0003000000-7f0003400000 rw-p 00000000 00:00 0                          [stack]
"""


def test_only_whole_huge_pages_of_the_heap_count() -> None:
    assert [hex(start) for start in huge_pages(MAPS)] == [
        *("0x55d0c0000000", "0x55d0c0200000"),
        *("0x7f0000200000", "0x7f0000400000"),
    ]


def test_what_is_told_is_what_the_kernel_did() -> None:
    kept = bytearray(32 * 2**20)
    told = sum(collapse())
    huge = re.search(r"AnonHugePages: +(\d+) kB", Path("/proc/self/smaps_rollup").read_text())
    assert huge is not None
    assert told * 2**21 <= int(huge[1]) * 1024
    assert not any(kept)
