"""The metrics of the exporter about itself, one row each. Pure.

They are there from the start, also while the Kubernetes API is away; those about the web configuration as far as there
is one. These counters begin anew with the process, journal or not.
"""

from typing import Final

from observability.model.observation import Kind
from observability.signals.catalogue import OwnMetric, Type

_KINDS: Final = tuple((kind.value,) for kind in Kind)
_DELAYS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_REFUSALS: Final = (
    "header_timeout",
    "write_timeout",
    "connection_cap",
    "scrape_cap",
    "handshake",
    "bad_request",
    "unauthenticated",
    "forbidden",
    "authentication_busy",
    "review_failed",
)
_STALLS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

BUILD_INFO: Final = OwnMetric(
    name="gitops_exporter_build_info",
    type=Type.GAUGE,
    help="The version of the exporter and of Python.",
    labels=("version", "python_version"),
)
START_TIMESTAMP: Final = OwnMetric(
    name="gitops_exporter_start_timestamp_seconds",
    type=Type.GAUGE,
    help="When the exporter started; without a journal file it remembers nothing that is older.",
)
READY: Final = OwnMetric(
    name="gitops_exporter_ready",
    type=Type.GAUGE,
    help="1 once the first list of each kind that can be had is in, 0 before.",
)
KIND_AVAILABLE: Final = OwnMetric(
    name="gitops_exporter_kind_available",
    type=Type.GAUGE,
    help="1 while a kind can be listed and watched in all its namespaces, 0 while it is forbidden, not installed or "
    "out of reach. What is exposed of it is then as last known.",
    labels=("kind",),
    known=_KINDS,
)
OBJECTS: Final = OwnMetric(
    name="gitops_exporter_objects",
    type=Type.GAUGE,
    help="Objects of a kind that are known.",
    labels=("kind",),
    known=_KINDS,
)
WATCH_RESTARTS: Final = OwnMetric(
    name="gitops_exporter_watch_restarts_total",
    type=Type.COUNTER,
    help="Watches that ended and were begun again, the planned ends included.",
    labels=("kind",),
    known=_KINDS,
)
RELISTS: Final = OwnMetric(
    name="gitops_exporter_relists_total",
    type=Type.COUNTER,
    help="Lists after the first one, by reason.",
    labels=("kind", "reason"),
    known=tuple((*kind, reason) for kind in _KINDS for reason in ("expired", "outage", "malformed", "restored")),
)
LAST_EVENT: Final = OwnMetric(
    name="gitops_exporter_last_event_timestamp_seconds",
    type=Type.GAUGE,
    help="When the last object, bookmark or list of a kind was received. Its age is the age of what is exposed.",
    labels=("kind",),
)
DECODE_FAILURES: Final = OwnMetric(
    name="gitops_exporter_decode_failures_total",
    type=Type.COUNTER,
    help="Fields and whole objects that could not be read; of a field that cannot be read the rest is used.",
    labels=("kind",),
    known=_KINDS,
)
SERIES: Final = OwnMetric(
    name="gitops_exporter_series",
    type=Type.GAUGE,
    help="Series on the last page that was served, those of the exporter itself aside.",
)
BODY_BYTES: Final = OwnMetric(
    name="gitops_exporter_body_bytes",
    type=Type.GAUGE,
    help="Size of the last page that was served, by encoding.",
    labels=("encoding",),
    known=(("gzip",), ("identity",)),
)
SERIES_DROPPED: Final = OwnMetric(
    name="gitops_exporter_series_dropped_total",
    type=Type.COUNTER,
    help="Series that were not exposed because the family is full (exposition.series_per_family).",
    labels=("family",),
)
OBJECTS_HIDDEN: Final = OwnMetric(
    name="gitops_exporter_objects_hidden",
    type=Type.GAUGE,
    help="Objects that a family does not show now for want of room (exposition.series_per_family).",
    labels=("family",),
)
RENDER_FAILURES: Final = OwnMetric(
    name="gitops_exporter_render_failures_total",
    type=Type.COUNTER,
    help="Objects whose samples of a family could not be computed: a defect of the exporter.",
    labels=("family",),
)
LABEL_VALUES_TRUNCATED: Final = OwnMetric(
    name="gitops_exporter_label_values_truncated_total",
    type=Type.COUNTER,
    help="Label values that were cut and end in a hash (exposition.label_value_bytes).",
)
EXPOSED_DELAY: Final = OwnMetric(
    name="gitops_exporter_exposed_delay_seconds",
    type=Type.HISTOGRAM,
    help="From the receipt of a change to the moment from which a scrape shows it.",
    buckets=_DELAYS,
)
LOOP_STALL: Final = OwnMetric(
    name="gitops_exporter_loop_stall_seconds",
    type=Type.HISTOGRAM,
    help="How much later than asked the event loop woke up.",
    buckets=_STALLS,
)
JUDGE_FAILURES: Final = OwnMetric(
    name="gitops_exporter_judge_failures_total",
    type=Type.COUNTER,
    help="Observations of a kind that could not be taken in: a defect of the exporter.",
    labels=("kind",),
    known=_KINDS,
)
HTTP_REFUSALS: Final = OwnMetric(
    name="gitops_exporter_http_refusals_total",
    type=Type.COUNTER,
    help="Clients that did not get what they asked for, by reason.",
    labels=("reason",),
    known=tuple((reason,) for reason in _REFUSALS),
)
WEB_CONFIG_LOADED: Final = OwnMetric(
    name="gitops_exporter_web_config_last_reload_successful",
    type=Type.GAUGE,
    help="1 when the last change of the web configuration was taken over, 0 when it was bad: the last good one stays. "
    "Absent without a web configuration.",
    absent=True,
)
WEB_CONFIG_LOADED_AT: Final = OwnMetric(
    name="gitops_exporter_web_config_last_reload_success_timestamp_seconds",
    type=Type.GAUGE,
    help="When a web configuration was last taken over. Absent without one.",
    absent=True,
)
CERTIFICATE_ENDS_AT: Final = OwnMetric(
    name="gitops_exporter_certificate_expiry_timestamp_seconds",
    type=Type.GAUGE,
    help="Until when the certificate of the exporter is valid, the earliest of its chain. Absent without TLS.",
    absent=True,
)
JOURNAL_BYTES: Final = OwnMetric(
    name="gitops_exporter_journal_bytes",
    type=Type.GAUGE,
    help="Size of the journal, with all its files.",
)
JOURNAL_FULL: Final = OwnMetric(
    name="gitops_exporter_journal_full",
    type=Type.GAUGE,
    help="1 while the journal is full, or cannot be written: events wait in memory as far as there is room, and are "
    "folded then; metrics go on. 0 otherwise.",
)
EVENTS_FOLDED: Final = OwnMetric(
    name="gitops_exporter_events_folded_total",
    type=Type.COUNTER,
    help="Events and spans that a full journal did not take. What changed meanwhile is recorded as one step later. "
    "Counted since the journal was begun.",
)
EVENTS_CUT_EARLY: Final = OwnMetric(
    name="gitops_exporter_events_cut_early_total",
    type=Type.COUNTER,
    help="Delivered events that went from the journal before journal.retention_days, because it had reached its size.",
)
OUTBOX_ROWS: Final = OwnMetric(
    name="gitops_exporter_outbox_rows",
    type=Type.GAUGE,
    help="Events and spans in the journal that an endpoint or sink does not have yet.",
    labels=("endpoint",),
)
OUTBOX_OLDEST: Final = OwnMetric(
    name="gitops_exporter_outbox_oldest_timestamp_seconds",
    type=Type.GAUGE,
    help="When the oldest of them was observed; now when there is none.",
    labels=("endpoint",),
)
DELIVERIES: Final = OwnMetric(
    name="gitops_exporter_deliveries_total",
    type=Type.COUNTER,
    help="Events and spans that were handed to an endpoint or sink, by what became of them: delivered, refused, or to "
    "be tried again.",
    labels=("endpoint", "outcome"),
)
DEAD_LETTERS: Final = OwnMetric(
    name="gitops_exporter_dead_letters",
    type=Type.GAUGE,
    help="Events and spans that an endpoint or sink will never take: `gitops-obs journal dead-letters` lists them.",
    labels=("endpoint",),
)
RECORD_FAILURES: Final = OwnMetric(
    name="gitops_exporter_record_failures_total",
    type=Type.COUNTER,
    help="Changes and events that could not be recorded: a defect of the exporter.",
)
UNREADABLE_MEMORIES: Final = OwnMetric(
    name="gitops_exporter_journal_unreadable_total",
    type=Type.COUNTER,
    help="What was saved in the journal and could not be read at the start: it begins anew.",
)
COMMITS: Final = OwnMetric(
    name="gitops_exporter_commits_total",
    type=Type.COUNTER,
    help="Commits that were asked for, by what came of it; failed ones are asked for again, dropped ones were too many "
    "at once. All 0 without argocd.metadata.",
    labels=("outcome",),
    known=tuple((outcome,) for outcome in ("found", "missing", "forbidden", "failed", "given_up", "dropped")),
)
COMMITS_WAITING: Final = OwnMetric(
    name="gitops_exporter_commits_waiting",
    type=Type.GAUGE,
    help="Commits that were asked for and have no answer yet.",
)

EXPORTER_METRICS: Final = (
    BUILD_INFO,
    START_TIMESTAMP,
    READY,
    KIND_AVAILABLE,
    OBJECTS,
    WATCH_RESTARTS,
    RELISTS,
    LAST_EVENT,
    DECODE_FAILURES,
    SERIES,
    BODY_BYTES,
    SERIES_DROPPED,
    OBJECTS_HIDDEN,
    RENDER_FAILURES,
    LABEL_VALUES_TRUNCATED,
    EXPOSED_DELAY,
    LOOP_STALL,
    JUDGE_FAILURES,
    HTTP_REFUSALS,
    WEB_CONFIG_LOADED,
    WEB_CONFIG_LOADED_AT,
    CERTIFICATE_ENDS_AT,
    JOURNAL_BYTES,
    JOURNAL_FULL,
    EVENTS_FOLDED,
    EVENTS_CUT_EARLY,
    OUTBOX_ROWS,
    OUTBOX_OLDEST,
    DELIVERIES,
    DEAD_LETTERS,
    RECORD_FAILURES,
    UNREADABLE_MEMORIES,
    COMMITS,
    COMMITS_WAITING,
)
"""What is exposed of the exporter."""
