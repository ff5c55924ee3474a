"""The exporter about itself: whether what it shows is true, new and whole, and whether events get where they should."""

from observability.monitoring.spec import (
    Column,
    Dashboard,
    Kind,
    Legend,
    Link,
    Panel,
    PromQuery,
    Section,
    Threshold,
    Unit,
    Variable,
    buckets,
    select,
    views,
)
from observability.signals import exporter

_ONE = "instance"
_INSTANCE = Variable(name="instance", title="Exporter", metric=exporter.READY)
_BAD = (Threshold(value=None, color="green"), Threshold(value=1, color="red"))
_AGE = (
    Threshold(value=None, color="green"),
    Threshold(value=180, color="yellow"),
    Threshold(value=300, color="red"),
)
_TO_OVERVIEW = Link(title="Open the overview", dashboard="gitops-overview")


def _number(title: str, description: str, expression: str, unit: Unit, thresholds: tuple[Threshold, ...] = ()) -> Panel:
    return Panel(
        title=title,
        kind=Kind.STAT,
        description=description,
        queries=(views.now(expression),),
        width=4,
        height=4,
        unit=unit,
        decimals=0 if unit is Unit.DURATION else None,
        thresholds=thresholds,
        links=(_TO_OVERVIEW,),
    )


def _lines(
    title: str, description: str, *queries: tuple[str, str], unit: Unit = Unit.SHORT, width: int = 8, empty: str = ""
) -> Panel:
    return Panel(
        title=title,
        kind=Kind.TIME_SERIES,
        description=description,
        queries=tuple(PromQuery(expr=expression, legend=legend) for expression, legend in queries),
        width=width,
        unit=unit,
        minimum=0,
        empty=empty,
    )


def _rate(counter: str, by: str) -> str:
    return f"sum by ({by}) (rate({counter}[$__rate_interval]))"


def _increase(counter: str, by: str) -> str:
    return f"sum by ({by}) (increase({counter}[$__rate_interval]))"


NUMBERS = Section(
    title="",
    panels=(
        Panel(
            title="Ready",
            kind=Kind.STAT,
            description="Whether the first list of every kind is in. Before that nothing is exposed of that kind.",
            queries=(
                PromQuery(expr=f"min by ({_ONE}) ({select(exporter.READY)})", instant=True, legend="{{instance}}"),
            ),
            width=4,
            height=4,
            unit=Unit.NONE,
            colors="available",
            links=(_TO_OVERVIEW,),
        ),
        _number(
            "Age of the facts",
            "How long ago anything was received, of the kind that was silent longest. Bookmarks come about once a "
            "minute.",
            f"max(time() - {select(exporter.LAST_EVENT)})",
            Unit.SECONDS,
            _AGE,
        ),
        _number(
            "Series that are not shown",
            "Objects that a family does not show for want of room: what the other dashboards say is not whole.",
            views.zero(f"sum({select(exporter.OBJECTS_HIDDEN)})", exporter.READY),
            Unit.SHORT,
            _BAD,
        ),
        _number(
            "Defects",
            "Objects and events that the exporter could not handle since it started: report them.",
            views.zero(
                f"sum({select(exporter.RENDER_FAILURES)} or {select(exporter.JUDGE_FAILURES)} "
                f"or {select(exporter.RECORD_FAILURES)})",
                exporter.READY,
            ),
            Unit.SHORT,
            _BAD,
        ),
        _number(
            "Dead letters",
            "Events that a receiver will never take. `gitops-obs journal dead-letters` lists them.",
            views.zero(f"sum({select(exporter.DEAD_LETTERS)})", exporter.READY),
            Unit.SHORT,
            _BAD,
        ),
        _number(
            "Running for",
            "How long the exporter has run. Without a journal file it remembers nothing older.",
            f"min(time() - {select(exporter.START_TIMESTAMP)})",
            Unit.DURATION,
        ),
    ),
)

WATCHING = Section(
    title="What it sees",
    panels=(
        Panel(
            title="Kinds",
            kind=Kind.TABLE,
            description="Whether each kind can be listed and watched, how many objects are known, and how old that is.",
            queries=(
                views.table(f"min by (instance, kind) ({select(exporter.KIND_AVAILABLE)})"),
                views.table(f"max by (instance, kind) ({select(exporter.OBJECTS)})"),
                views.table(f"max by (instance, kind) (time() - {select(exporter.LAST_EVENT)})"),
            ),
            width=12,
            height=7,
            columns=(
                Column(field="instance", title="Exporter", links=(_TO_OVERVIEW,)),
                Column(field="kind", title="Kind"),
                Column(field="Value #A", title="Available", width=100, colored=True, colors="available"),
                Column(field="Value #B", title="Objects", unit=Unit.SHORT, width=100),
                Column(field="Value #C", title="Age", unit=Unit.SECONDS, width=100),
            ),
            sort="kind",
        ),
        Panel(
            title="Versions",
            kind=Kind.TABLE,
            description="Which version runs where. Two versions for long: a rollout that does not end.",
            queries=(
                views.table(f"max by (instance, version, python_version) ({select(exporter.BUILD_INFO)})"),
                views.table(f"max by (instance) ({select(exporter.CERTIFICATE_ENDS_AT)} - time())"),
                views.table(f"min by (instance) ({select(exporter.WEB_CONFIG_LOADED)})"),
                views.table(f"max by (instance) (time() - {select(exporter.WEB_CONFIG_LOADED_AT)})"),
            ),
            width=12,
            height=7,
            columns=(
                Column(field="instance", title="Exporter", links=(_TO_OVERVIEW,)),
                Column(field="version", title="Version"),
                Column(field="python_version", title="Python", width=90),
                Column(field="Value #B", title="Certificate ends in", unit=Unit.DURATION),
                Column(field="Value #C", title="Web configuration", width=150, colored=True, colors="available"),
                Column(field="Value #D", title="Taken over ago", unit=Unit.DURATION),
            ),
            sort="instance",
        ),
        _lines(
            "Age of the facts",
            "How long ago anything was received of each kind. It saws up to a minute; a slope is an outage.",
            (f"max by (kind) (time() - {select(exporter.LAST_EVENT)})", "{{kind}}"),
            unit=Unit.SECONDS,
        ),
        _lines(
            "Watches and lists begun anew",
            "Watches end by plan every few minutes. Lists anew, by expired or outage, cost the API server much.",
            (_increase(select(exporter.WATCH_RESTARTS), "kind"), "watch {{kind}}"),
            (f"{_increase(select(exporter.RELISTS), 'kind, reason')} > 0", "list {{kind}}, {{reason}}"),
        ),
        _lines(
            "Unreadable",
            "Fields and objects that could not be read, and label values that were cut.",
            (_increase(select(exporter.DECODE_FAILURES), "kind"), "{{kind}}"),
            (f"sum(increase({select(exporter.LABEL_VALUES_TRUNCATED)}[$__rate_interval]))", "cut label values"),
        ),
    ),
)

SHOWING = Section(
    title="What it shows",
    panels=(
        Panel(
            title="From a change to the metrics",
            kind=Kind.TIME_SERIES,
            description="From the receipt of a change until a scrape shows it: half of the changes, and 99 of 100.",
            queries=(
                PromQuery(expr=views.quantile(0.5, buckets(exporter.EXPOSED_DELAY)), legend="half"),
                PromQuery(expr=views.quantile(0.99, buckets(exporter.EXPOSED_DELAY)), legend="99 of 100"),
            ),
            width=8,
            unit=Unit.SECONDS,
            minimum=0,
            empty="Nothing changed in this time.",
        ),
        _lines(
            "Stalls of the event loop",
            "How much later than asked it woke up, 99 of 100 times. Long ones delay everything.",
            (views.quantile(0.99, buckets(exporter.LOOP_STALL), "instance"), "{{instance}}"),
            unit=Unit.SECONDS,
        ),
        _lines(
            "Size of the page",
            "What a scrape transfers.",
            (f"max by (encoding) ({select(exporter.BODY_BYTES)})", "{{encoding}}"),
            unit=Unit.BYTES,
        ),
        _lines(
            "Series",
            "Series on the page. They grow with the Applications.",
            (f"max by (instance) ({select(exporter.SERIES)})", "{{instance}}"),
        ),
        _lines(
            "Series that were left out",
            "Series of families that are full (exposition.series_per_family).",
            (f"{_increase(select(exporter.SERIES_DROPPED), 'family')} > 0", "dropped from {{family}}"),
            (f"max by (family) ({select(exporter.OBJECTS_HIDDEN)}) > 0", "objects hidden from {{family}}"),
            empty="No family is full.",
        ),
        _lines(
            "Clients that were refused",
            "Requests that did not get what they asked for, a second, by reason.",
            (f"{_rate(select(exporter.HTTP_REFUSALS), 'reason')} > 0", "{{reason}}"),
            unit=Unit.PER_SECOND,
            empty="Nobody was refused in this time.",
        ),
    ),
)

HISTORY = Section(
    title="Journal and events",
    panels=(
        _lines(
            "Waiting in the outbox",
            "Events that each endpoint does not have yet. A line that climbs: the receiver is away or too slow.",
            (f"max by (endpoint) ({select(exporter.OUTBOX_ROWS)})", "{{endpoint}}"),
            empty="No endpoint is set.",
        ),
        _lines(
            "Oldest that waits",
            "The age of the oldest event that an endpoint does not have yet.",
            (f"max by (endpoint) (time() - {select(exporter.OUTBOX_OLDEST)})", "{{endpoint}}"),
            unit=Unit.SECONDS,
            empty="No endpoint is set.",
        ),
        _lines(
            "Deliveries",
            "Events handed over a second, by endpoint and what became of them.",
            (_rate(select(exporter.DELIVERIES), "endpoint, outcome"), "{{endpoint}}, {{outcome}}"),
            unit=Unit.PER_SECOND,
            empty="No endpoint is set.",
        ),
        _lines(
            "Size of the journal",
            "All files of the journal.",
            (f"max by (instance) ({select(exporter.JOURNAL_BYTES)})", "{{instance}}"),
            unit=Unit.BYTES,
        ),
        _lines(
            "Events that were not recorded or kept",
            "Full: the journal takes no events. Folded: events that a full journal did not take. Unreadable: what was "
            "saved and begins anew. Cut early: delivered events that went before their time to make room.",
            (f"max({select(exporter.JOURNAL_FULL)})", "full"),
            (f"sum(increase({select(exporter.EVENTS_FOLDED)}[$__rate_interval]))", "folded"),
            (f"sum(increase({select(exporter.UNREADABLE_MEMORIES)}[$__rate_interval]))", "unreadable"),
            (f"sum(increase({select(exporter.EVENTS_CUT_EARLY)}[$__rate_interval]))", "cut early"),
        ),
        _lines(
            "Commits that were asked for",
            "Who wrote a commit and when, by what came of the question, and how many wait.",
            (_increase(select(exporter.COMMITS), "outcome"), "{{outcome}}"),
            (f"max({select(exporter.COMMITS_WAITING)})", "waiting"),
        ),
        Panel(
            title="Defects",
            kind=Kind.TIME_SERIES,
            description="Objects and events that could not be handled: defects of the exporter. Its log has the trace.",
            queries=(
                PromQuery(
                    expr=f"{_increase(select(exporter.RENDER_FAILURES), 'family')} > 0", legend="rendering {{family}}"
                ),
                PromQuery(expr=f"{_increase(select(exporter.JUDGE_FAILURES), 'kind')} > 0", legend="judging {{kind}}"),
                PromQuery(expr=f"{_increase(select(exporter.RECORD_FAILURES), 'instance')} > 0", legend="recording"),
            ),
            width=24,
            height=6,
            unit=Unit.SHORT,
            minimum=0,
            legend=Legend.RIGHT,
            empty="There was none in this time.",
        ),
    ),
)

DASHBOARD = Dashboard(
    uid="gitops-exporter",
    title="GitOps / Exporter",
    description="The exporter about itself: whether what it shows is true, new and whole, and whether events get where "
    "they should.",
    variables=(_INSTANCE,),
    sections=(NUMBERS, WATCHING, SHOWING, HISTORY),
)
