"""The exporter under faults, one after the other and several at a time: is anything lost?

    python -m tests.chaos [--faults N] [--seed N] [--real] [--keep FOLDER]

Kills the exporter, takes its API and its receivers away, fills its disk. A run of 1,000 faults takes about 10 minutes.
Ends with 1 when something is wrong, and says what. A seed draws the same chances again, but not at the same instants.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.chaos.loop import Loop, report
from tests.chaos.world import world

_DISK_MEGABYTES: Final = 48
"""Of a journal and events of a short run; a fault brings 80 KB about."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the loop and print what came of it."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", type=int, default=1000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--services", type=int, default=20, metavar="N", help="of three Applications each")
    parser.add_argument("--rest-every", type=int, default=25, metavar="N", help="check all after so many faults")
    parser.add_argument("--real", action="store_true", help="a real API server and etcd, not a simulated one")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work in this new folder, and keep it")
    options = parser.parse_args(arguments)
    if options.keep and options.keep.exists():
        parser.error("--keep: expected the name of a new folder")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended
    folder = options.keep or Path(tempfile.mkdtemp(prefix="gitops-obs-chaos-"))
    folder.mkdir(parents=True, exist_ok=options.keep is None)
    began = time.monotonic()
    with world(folder, real=options.real, megabytes=_DISK_MEGABYTES + options.faults // 8) as found:
        missing = _missing(found.collector is None, found.disk.small)
        print(*missing, sep="\n", end="\n" if missing else "", file=sys.stderr, flush=True)
        summary = Loop(found, options.seed, options.services).run(options.faults, options.rest_every)
        if summary.wrong or options.keep:
            shutil.copytree(found.disk.folder, folder / "disk-kept")
    facts: dict[str, object] = {
        "seed": options.seed,
        "API server": "real" if options.real else "simulated",
        "left out": "; ".join(missing) or "nothing",
        "seconds": round(time.monotonic() - began),
    }
    print(report(summary, facts, folder))
    if not summary.wrong and not options.keep:
        shutil.rmtree(folder)
    return bool(summary.wrong)


def _missing(collector: bool, disk: bool) -> list[str]:
    """What cannot fail here, in sentences."""
    found = ["NO COLLECTOR: its faults are left out; .ci/servers installs it"] if collector else []
    return found + ([] if disk else ["NO SMALL DISK: it cannot be mounted (needs root), the fault is left out"])


if __name__ == "__main__":
    sys.exit(main())
