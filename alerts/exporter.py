"""Alerts about the exporter itself, and the Watchdog. They belong to no environment: each set of rules has them.

While facts about Applications are stale, every alert about them may be wrong: `GitOpsFactsStale` says so, and inhibits
those. Alerts about the exporter itself go on: they carry its `instance`, and may tell why. `GitOpsExporterDown`
inhibits all others of its cluster. Stale AppProjects inhibit nothing: sync windows may be others by now, health is
known.
"""

from observability.monitoring.spec import Alert, Group, Severity, buckets, select
from observability.signals.exporter import (
    BUILD_INFO,
    CERTIFICATE_ENDS_AT,
    DEAD_LETTERS,
    DECODE_FAILURES,
    EVENTS_CUT_EARLY,
    EVENTS_FOLDED,
    EXPOSED_DELAY,
    JOURNAL_FULL,
    JUDGE_FAILURES,
    KIND_AVAILABLE,
    LAST_EVENT,
    OBJECTS_HIDDEN,
    OUTBOX_OLDEST,
    OUTBOX_ROWS,
    READY,
    RECORD_FAILURES,
    RENDER_FAILURES,
    WEB_CONFIG_LOADED,
)

_BY = "by (cluster, job, instance)"
_KIND = "by (cluster, job, instance, kind)"
_REPLICAS = "by (cluster, job, kind)"
"""All replicas together: while one of them hears, facts are as recent as it is."""
_ENDPOINT = "by (cluster, job, instance, endpoint)"
_REMEMBERED = "3d"
"""So long an exporter that is gone is missed although those of other clusters live: a weekend, and no new cluster."""


def _alert(name: str, expr: str, severity: Severity, summary: str, description: str, hold: str = "0s") -> Alert:
    return Alert(
        name=name,
        expr=expr,
        severity=severity,
        summary=summary,
        description=description,
        hold=hold,
        dashboard="gitops-exporter",
        variables=(),
        whole=True,
    )


RULES = (
    _alert(
        "Watchdog",
        "vector(1)",
        Severity.INFO,
        "Alerts work",
        "Always fires. Whoever receives it must raise the alarm when it stops: then Prometheus, Alertmanager or what "
        "is between them is away.",
    ),
    _alert(
        "GitOpsExporterDown",
        f"max by (cluster) (max_over_time({select(BUILD_INFO)}[{_REMEMBERED}]))\n"
        f"unless on (cluster) {select(BUILD_INFO)}\n"
        f"or\nabsent_over_time({select(BUILD_INFO)}[{_REMEMBERED}])",
        Severity.CRITICAL,
        "Nothing is known of any Application{{ with $labels.cluster }} of {{ . }}{{ end }}",
        "Prometheus has no metrics of gitops-observability{{ with $labels.cluster }} of the cluster {{ . }}{{ end }}: "
        "no other alert about its Applications can fire.",
        "5m",
    ),
    _alert(
        "GitOpsFactsStale",
        f"min {_REPLICAS} (time() - {select(LAST_EVENT, kind='Application')}) > 300\n"
        f"or\nmin {_REPLICAS} (time() - {select(LAST_EVENT, kind='AppProject')}) > 900",
        Severity.CRITICAL,
        "What is known of {{ $labels.kind }} objects is old",
        "No replica of the exporter{{ with $labels.cluster }} of the cluster {{ . }}{{ end }} has heard of "
        "{{ $labels.kind }} objects for {{ $value | humanizeDuration }}: what is said of them is as last known"
        '{{ if eq $labels.kind "Application" }}, and other alerts about Applications are held back{{ end }}.',
        "1m",
    ),
    _alert(
        "GitOpsExporterNotReady",
        f"max {_BY} ({select(READY)}) == 0",
        Severity.WARNING,
        "The exporter {{ $labels.instance }} does not become ready",
        "Its first lists have not been complete for ten minutes: it shows no Applications.",
        "10m",
    ),
    _alert(
        "GitOpsKindUnavailable",
        f"max {_KIND} ({select(KIND_AVAILABLE, kind=('Application', 'AppProject'))}) == 0",
        Severity.WARNING,
        "{{ $labels.kind }} objects cannot be watched",
        "The exporter {{ $labels.instance }} may not list or watch {{ $labels.kind }} objects, or cannot reach them.",
        "15m",
    ),
    _alert(
        "GitOpsOutboxGrowing",
        f"max {_ENDPOINT} (time() - {select(OUTBOX_OLDEST)}) > 900\n"
        f"and on (cluster, job, instance, endpoint) ({select(OUTBOX_ROWS)} > 0)",
        Severity.WARNING,
        "Events do not reach {{ $labels.endpoint }}",
        "The oldest event for {{ $labels.endpoint }} has waited for {{ $value | humanizeDuration }}. Nothing is lost "
        "while the journal has room.",
        "5m",
    ),
    _alert(
        "GitOpsDeadLetters",
        f"max {_ENDPOINT} ({select(DEAD_LETTERS)}) > 0",
        Severity.WARNING,
        "{{ $labels.endpoint }} refuses events",
        "{{ $value }} events are kept as dead letters, because {{ $labels.endpoint }} will never take them as they "
        "are.",
        "5m",
    ),
    _alert(
        "GitOpsJournalFull",
        f"max {_BY} ({select(JOURNAL_FULL)}) == 1",
        Severity.WARNING,
        "The journal of {{ $labels.instance }} takes no events",
        "It is full or cannot be written. Metrics go on; what changes meanwhile is told as one step later.",
        "5m",
    ),
    _alert(
        "GitOpsHistoryCutShort",
        f"sum {_BY} (increase({select(EVENTS_CUT_EARLY)}[1d])) > 0\n"
        f"or\nsum {_BY} (increase({select(EVENTS_FOLDED)}[1d])) > 0",
        Severity.WARNING,
        "The journal of {{ $labels.instance }} is too small for its history",
        "Delivered events went before journal.retention_days, or events were folded into one step: audits will miss "
        "them.",
    ),
    _alert(
        "GitOpsSeriesDropped",
        f"max by (cluster, job, instance, family) ({select(OBJECTS_HIDDEN)}) > 0",
        Severity.WARNING,
        "{{ $labels.family }} does not show all objects",
        "{{ $value }} objects are left out of {{ $labels.family }} for want of room (exposition.series_per_family): "
        "alerts and panels do not see them.",
        "5m",
    ),
    _alert(
        "GitOpsExporterDefect",
        # The last one is born at 1, when a family first fails.
        f"sum {_BY} (increase({select(JUDGE_FAILURES)}[1h])) > 0\n"
        f"or\nsum {_BY} (increase({select(RECORD_FAILURES)}[1h])) > 0\n"
        f"or\nsum {_BY} ({select(RENDER_FAILURES)}) > 0",
        Severity.WARNING,
        "The exporter {{ $labels.instance }} has a defect",
        "It could not judge, record or show something that it should: facts of some Applications are missing.",
    ),
    _alert(
        "GitOpsUnreadableObjects",
        f"sum {_KIND} (increase({select(DECODE_FAILURES)}[1h])) > 0",
        Severity.INFO,
        "Some {{ $labels.kind }} objects cannot be read as a whole",
        "Fields or words that the exporter does not know: mostly a newer version of Argo CD.",
        "15m",
    ),
    _alert(
        "GitOpsExposedLate",
        f"histogram_quantile(0.99, sum by (cluster, job, instance, le) (rate({buckets(EXPOSED_DELAY)}[10m]))) > 10",
        Severity.WARNING,
        "The exporter {{ $labels.instance }} falls behind",
        "One change in a hundred is shown later than {{ $value | humanizeDuration }} after it was received.",
        "15m",
    ),
    _alert(
        "GitOpsExporterCertificateExpires",
        # Nothing tells for how long it is valid in all. What was left at most within 14 days stands for that: of one
        # that lives for months 21 days, a third of which are 7; of one that lives for a day that day.
        f"min {_BY} ({select(CERTIFICATE_ENDS_AT)}) - time() < 604800\n"
        f"< on (cluster, job) group_left ()\n"
        f"max by (cluster, job) (max_over_time(({select(CERTIFICATE_ENDS_AT)} - time())[14d:1h])) / 3",
        Severity.WARNING,
        "The certificate of {{ $labels.instance }} expires",
        "In {{ $value | humanizeDuration }} it is no longer valid, and Prometheus can scrape no more.",
        "1h",
    ),
    _alert(
        "GitOpsWebConfigurationRefused",
        f"max {_BY} ({select(WEB_CONFIG_LOADED)}) == 0",
        Severity.WARNING,
        "The web configuration of {{ $labels.instance }} is bad",
        "Its last change was refused, the one before is in force: new certificates and passwords are not used.",
        "5m",
    ),
)

GROUP = Group(name="gitops-exporter", rules=RULES)
