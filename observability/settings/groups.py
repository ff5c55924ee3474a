"""Which settings there are: frozen groups, each field with its default, unit and meaning. Pure."""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from observability.settings.environments import Environment, IdentityRule, by_name
from observability.settings.history import Journal, Metadata, MetadataSource, Promotion
from observability.settings.monitoring import Monitoring
from observability.settings.receivers import Events, Otlp, SinkType
from observability.settings.values import (
    File,
    Group,
    LabelKey,
    ListenAddress,
    Many,
    Name,
    Namespace,
    PositiveSeconds,
    Selector,
    WebAddress,
    without_repeats,
)


class Cluster(Group):
    """The cluster that Argo CD runs in."""

    name: Name | None = None
    """What the cluster is called. None: nothing says so."""
    label: bool = False
    """Put the label `cluster` with that name on each series, those about the exporter itself too. Off, because
    Prometheus usually adds its own."""

    @model_validator(mode="after")
    def _label_has_a_value(self) -> Self:
        if self.label and self.name is None:
            raise ValueError("expected cluster.name when cluster.label is true")
        return self


class Kubernetes(Group):
    """Which API server is asked, and for what."""

    kubeconfig: File | None = None
    """None: $KUBECONFIG, else ~/.kube/config, else the service account of the pod."""
    context: Name | None = None
    """A context of the kubeconfig. None: its current one."""
    namespaces: Annotated[Many[Namespace], without_repeats(str, "namespace")] = ()
    """Where Applications, ApplicationSets and AppProjects are watched. Empty: in all namespaces, with a ClusterRole."""
    label_selector: Selector | None = None
    """Only Applications that this selects, of any engine, for several Argo CD in one cluster. None: all."""
    request_timeout_seconds: PositiveSeconds = 30.0
    """For one request that is no watch, until its answer is complete."""


class LabelExpression(Group):
    """One expression of a label selector, as Kubernetes writes it."""

    key: LabelKey
    """The label."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How its value is compared."""
    values: Many[str] = ()
    """For In and NotIn, and only there."""

    @model_validator(mode="after")
    def _values_fit_operator(self) -> Self:
        if bool(self.values) is not (self.operator in {"In", "NotIn"}):
            raise ValueError("expected values with In and NotIn, and only there")
        return self


class LabelSelector(Group):
    """A label selector, as Kubernetes writes it. All of it must hold; an empty one selects everything."""

    match_labels: Annotated[Mapping[LabelKey, str], Field(alias="matchLabels")] = {}
    """Labels with exactly these values."""
    match_expressions: Annotated[Many[LabelExpression], Field(alias="matchExpressions")] = ()
    """Further expressions."""


class GlobalProject(Group):
    """An AppProject whose sync windows also hold for the Applications of others. Just its name is a short form."""

    project: Name
    """Its name."""
    match: LabelSelector | None = None
    """The AppProjects it holds for, as `labelSelector` of Argo CD's `globalProjects`. None: all."""

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, given: Any) -> Any:
        return {"project": given} if isinstance(given, str) else given


class ArgoCd(Group):
    """The Argo CD that is observed."""

    url: WebAddress | None = None
    """Where its web page is. None: unknown."""
    global_projects: Annotated[Many[GlobalProject], without_repeats(lambda one: one.project, "project")] = ()
    """The global projects of argocd-cm, which the exporter may not read."""
    metadata: Metadata = Metadata()
    """Who wrote a commit, when, and whether it is signed."""

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        if self.metadata.source is MetadataSource.API and self.metadata.url is None and self.url is None:
            raise ValueError("expected argocd.url or argocd.metadata.url with argocd.metadata.source: api")
        return self


class Links(Group):
    """What the start page links to. http and https only."""

    argocd: WebAddress | None = None
    """Argo CD. None: `argocd.url`."""
    grafana: WebAddress | None = None
    """Grafana. None: no link."""
    runbooks: WebAddress | None = None
    """The runbooks. None: no link."""


class Server(Group):
    """The HTTP server."""

    listen: ListenAddress = ":9797"
    """HOST:PORT. Without a host: every interface. Port 0: any that is free."""
    web_config: File | None = None
    """A web configuration file of Prometheus' exporter-toolkit: TLS and basic auth, read anew when it changes. None:
    plain HTTP for everybody."""
    token_review: bool = False
    """Ask the Kubernetes API about each bearer token: TokenReview, then SubjectAccessReview for `get /metrics`."""


class Exposition(Group):
    """What is on /metrics, and how much of it."""

    series_per_family: Annotated[int, Field(ge=1)] = 2_000_000
    """More series of one family than this are dropped, counted and shown."""
    label_value_bytes: Annotated[int, Field(ge=64, le=65_536)] = 1024
    """A longer value of a label is cut and ends in a hash. In bytes of UTF-8. Identity labels are never cut."""
    current_state_only: bool = False
    """Of health and sync status expose only the current state, 7 series less an Application."""
    application_labels: Annotated[Many[LabelKey], without_repeats(str, "label")] = ()
    """Labels of Applications that become labels of gitops_application_labels."""
    images: bool = False
    """Expose the images of each Application."""
    revisions: bool = False
    """Expose the revision of each Application as gitops_application_revision_info: a new series each deployment."""

    @field_validator("application_labels")
    @classmethod
    def _stay_apart(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        seen: dict[str, str] = {}
        for key in keys:
            other = seen.setdefault(re.sub(r"[^A-Za-z0-9_]", "_", key), key)
            if other != key:
                raise ValueError(f"expected labels that Prometheus can tell apart, not both {other} and {key}")
        return keys


class State(Group):
    """How states are judged."""

    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = 10.0
    """After an operation ended, a new OutOfSync is judged only when this time is over: until then Argo CD writes stale
    verdicts. In seconds."""
    change_failure_seconds: Annotated[float, Field(ge=0, le=30 * 86_400)] = 3600.0
    """A deployment after which an Application is Degraded within this time is a change failure. In seconds."""


class Watch(Group):
    """The rhythm of lists and watches. All times in seconds."""

    silence_seconds: PositiveSeconds = 150.0
    """A stream without a line for this long is dead. Bookmarks come about once a minute."""
    page_size: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Objects in one page of a list."""
    backoff_initial_seconds: PositiveSeconds = 0.8
    """The first pause after a failure; each further one is twice as long, with jitter."""
    backoff_max_seconds: PositiveSeconds = 30.0
    """The longest pause."""
    healthy_seconds: PositiveSeconds = 120.0
    """After this long without a failure pauses begin at the first one again."""
    unavailable_retry_seconds: PositiveSeconds = 60.0
    """The pause before a kind that is forbidden or not installed is tried again."""
    timeout_seconds_min: Annotated[int, Field(ge=1, le=86_400)] = 300
    """A watch ends by itself after a random time from this …"""
    timeout_seconds_max: Annotated[int, Field(ge=1, le=86_400)] = 600
    """… to this, so that not all watches begin anew at once."""

    @model_validator(mode="after")
    def _ranges_are_ranges(self) -> Self:
        for low, high in (
            ("backoff_initial_seconds", "backoff_max_seconds"),
            ("timeout_seconds_min", "timeout_seconds_max"),
        ):
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"expected {low} ({getattr(self, low)}) to be at most {high} ({getattr(self, high)})")
        return self


class LogLevel(StrEnum):
    """The least severe record that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a log record is written."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class Log(Group):
    """What is written to stderr."""

    level: LogLevel = LogLevel.INFO
    """The least severe record that is written. Libraries never write below info: they would show what they send."""
    format: LogFormat = LogFormat.AUTO
    """`console` for people, `json` lines for machines, `auto`: console on a terminal, else json."""


class Settings(Group):
    """All settings of the exporter."""

    environments: Annotated[Many[Environment], Field(min_length=1)] = (
        Environment(name="dev"),
        Environment(name="staging", aliases=("stage", "stg")),
        Environment(name="prod", aliases=("production",)),
    )
    """The environments in the order of promotion."""
    identity: Many[IdentityRule] = Field(default_factory=lambda data: (by_name(data["environments"]),))
    """How the environment and the service of an Application are told; the first that matches wins. Left out: by the
    name, `<service>-<environment>`, with the names of the environments."""
    cluster: Cluster = Cluster()
    """The cluster that Argo CD runs in."""
    kubernetes: Kubernetes = Kubernetes()
    """Which API server is asked, and for what."""
    argocd: ArgoCd = ArgoCd()
    """The Argo CD that is observed."""
    links: Links = Links()
    """What the start page links to."""
    monitoring: Monitoring = Monitoring()
    """What is generated: dashboards, alerts, and who is told of them."""
    server: Server = Server()
    """The HTTP server."""
    exposition: Exposition = Exposition()
    """What is on /metrics, and how much of it."""
    state: State = State()
    """How states are judged."""
    promotion: Promotion = Promotion()
    """How a promotion is told."""
    journal: Journal = Journal()
    """What survives a restart."""
    plugins: Annotated[Many[Name], without_repeats(str, "plugin")] = ()
    """Names of entry points of installed packages, in the groups gitops_observability.engines, .checks and .sinks. Only
    those that stand here are loaded. Engines are watched beside Argo CD: allow the exporter to list what is theirs."""
    otlp: Otlp = Otlp()
    """Logs and traces by OTLP."""
    events: Events = Events()
    """What happened, beside OTLP, and how it is told."""
    watch: Watch = Watch()
    """The rhythm of lists and watches."""
    log: Log = Log()
    """What is written to stderr."""

    _variables: Mapping[str, str] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: Any) -> None:
        """Keep what `context` holds: the OTEL_ variables."""
        self._variables = MappingProxyType(dict(context or {}))

    @property
    def environment_variables(self) -> Mapping[str, str]:
        """The variables of the environment whose names begin with OTEL_: they fill what the settings leave open."""
        return self._variables

    @field_validator("environments")
    @classmethod
    def _words_have_one_meaning(cls, environments: tuple[Environment, ...]) -> tuple[Environment, ...]:
        meanings: dict[str, int] = {}
        for index, environment in enumerate(environments):
            for word in (environment.name, *environment.aliases):
                other = meanings.setdefault(word, index)
                if other != index:
                    names = f"{environments[other].name} and {environment.name}"
                    raise ValueError(f"expected each name and alias to be of one environment, {word} is of {names}")
        return environments

    @field_validator("monitoring")
    @classmethod
    def _routes_are_of_environments(cls, group: Monitoring, info: ValidationInfo) -> Monitoring:
        known = {environment.name for environment in info.data.get("environments", ())}
        unknown = sorted(set(group.routes) - known)
        if unknown and known:
            raise ValueError(f"expected routes of environments among {', '.join(sorted(known))}, got {unknown[0]}")
        return group

    @field_validator("otlp", "events")
    @classmethod
    def _filters_name_environments(cls, group: Otlp | Events, info: ValidationInfo) -> Otlp | Events:
        known = {environment.name for environment in info.data.get("environments", ())} | {"unassigned"}
        for receiver in group.endpoints if isinstance(group, Otlp) else group.sinks:
            unknown = sorted(set(receiver.filter.environments) - known)
            if unknown and "environments" in info.data:
                raise ValueError(
                    f"expected the filter of {receiver.name} to name environments, {unknown[0]} is none of "
                    f"{', '.join(sorted(known))}"
                )
        return group

    @field_validator("events")
    @classmethod
    def _sinks_exist_and_have_names_of_their_own(cls, events: Events, info: ValidationInfo) -> Events:
        endpoints = {endpoint.name for endpoint in info.data["otlp"].endpoints} if "otlp" in info.data else set()
        for sink in events.sinks:
            if sink.name in endpoints:
                raise ValueError(f"expected names that no endpoint of otlp has, {sink.name} is one")
            if "plugins" in info.data and sink.type not in {*SinkType, *info.data["plugins"]}:
                raise ValueError(
                    f"expected the type of {sink.name} to be {', '.join(SinkType)} or one of plugins, got {sink.type}"
                )
        return events
