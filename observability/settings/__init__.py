"""Settings: what the user decides, read once at the start and frozen.

Reads one YAML file, the variables GITOPS_OBS_… and the flags, in that order of growing precedence; yields `Settings`.
The only package that reads the environment and knows pydantic. `groups`, `history`, `receivers` and `environments` say
which settings there are, with a docstring under each; `values` what a value may be; `document` reads YAML strictly;
`loading` joins the three; `complaints` words what is wrong. A stage is given the group that is its own, never the
whole.
"""

from observability.settings.environments import Environment, IdentityRule, IdentitySource, Requirement
from observability.settings.groups import (
    ArgoCd,
    Cluster,
    Exposition,
    GlobalProject,
    Kubernetes,
    LabelExpression,
    LabelSelector,
    Links,
    Log,
    LogFormat,
    LogLevel,
    Server,
    Settings,
    State,
    Watch,
)
from observability.settings.history import Clone, Journal, Metadata, MetadataSource, Promotion, PromotionKey
from observability.settings.loading import FLAGS, effective, effective_variables, load, schema
from observability.settings.monitoring import Monitoring
from observability.settings.paging import AlertReceiver, AlertReceiverType, AlertRoute
from observability.settings.receivers import (
    Compression,
    Endpoint,
    Events,
    EventSink,
    Filter,
    Otlp,
    Protocol,
    SinkType,
    revealed,
)
from observability.settings.values import Group

__all__ = [
    "FLAGS",
    "AlertReceiver",
    "AlertReceiverType",
    "AlertRoute",
    "ArgoCd",
    "Clone",
    "Cluster",
    "Compression",
    "Endpoint",
    "Environment",
    "EventSink",
    "Events",
    "Exposition",
    "Filter",
    "GlobalProject",
    "Group",
    "IdentityRule",
    "IdentitySource",
    "Journal",
    "Kubernetes",
    "LabelExpression",
    "LabelSelector",
    "Links",
    "Log",
    "LogFormat",
    "LogLevel",
    "Metadata",
    "MetadataSource",
    "Monitoring",
    "Otlp",
    "Promotion",
    "PromotionKey",
    "Protocol",
    "Requirement",
    "Server",
    "Settings",
    "SinkType",
    "State",
    "Watch",
    "effective",
    "effective_variables",
    "load",
    "revealed",
    "schema",
]
