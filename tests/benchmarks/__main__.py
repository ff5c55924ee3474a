"""Speed and memory of the exporter, beside its peers in the same run: a table, and JSON.

    python -m tests.benchmarks [--applications N] [--quick] [--json FILE]

Takes about thirteen minutes at 100,000 applications of 11 KB. Other programs on the machine make the figures worse: the
load before and after stands above the table.
"""

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import kube_state_metrics, monitoring, otlp, outage, pipeline, recorded, watching, whole
from tests.benchmarks.rows import Row, beside, table, to_json
from tests.benchmarks.whole import Effort


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write the JSON if asked to. No figure makes it fail."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--applications", type=int, default=100_000, metavar="N", help="of 11 KB each; 30 at least")
    parser.add_argument("--quick", action="store_true", help="measure for a short time: rough figures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here, too")
    options = parser.parse_args(arguments)
    if options.applications < 30:
        parser.error("--applications: expected 30 at least")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended
    load, started = os.getloadavg(), time.perf_counter()
    rows, remark = _measure(options.applications, quick=options.quick)
    facts = {
        "applications": options.applications,
        "quick": options.quick,
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "cpu": _cpu(),
        "load_before": [round(value, 2) for value in load],
        "load_after": [round(value, 2) for value in os.getloadavg()],
        "seconds": round(time.perf_counter() - started),
        "remark": remark,
    }
    print("\n".join(f"{name}: {value}" for name, value in facts.items()), end="\n\n")
    print(table(rows))
    if options.json:
        options.json.write_text(to_json(rows, facts), encoding="utf-8")
    return 0


def _measure(applications: int, *, quick: bool) -> tuple[list[Row], str]:
    effort = Effort(scrapes=3, seconds=2.0, rounds=1) if quick else Effort()
    sizes = sorted({max(30, applications // 100), max(30, applications // 10), applications})
    with tempfile.TemporaryDirectory(prefix="gitops-obs-bench-") as name:
        folder = Path(name)
        _say(f"the exporter against a simulated cluster of {applications:,} applications")
        rows = whole.run(applications, effort, folder)
        _say("the same with a journal on disk, and OTLP to a receiver")
        rows += recorded.run(applications, effort, folder)
        _say("decode, state and exposition alone, and prometheus_client")
        stages, peers = pipeline.run(sizes, 2_000 if quick else 40_000)
        _say("reading a watch, and kubernetes.aio")
        rows += [*stages, *watching.run(applications, folder)]
        _say("OTLP to a Collector, and OpenTelemetry's batch processor")
        rows += otlp.run(folder, quick=quick)
        _say("a day without a Collector, and catching up")
        rows += outage.run(folder, quick=quick)
        _say("dashboards and alerts, in a Prometheus with a tenth of the applications")
        monitored, missing = monitoring.run(max(30, applications // 10), folder, quick=quick)
        _say("kube-state-metrics")
        others, remark = kube_state_metrics.run(applications, effort, folder)
    return beside(beside([*rows, *monitored], peers), others), " ".join(filter(None, (missing, remark)))


def _say(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def _cpu() -> str:
    """The model, as Linux names it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
