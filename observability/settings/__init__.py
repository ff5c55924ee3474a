"""Settings: what the user decides, read once at the start and frozen.

Reads one YAML file, the variables GITOPS_OBS_… and the flags, in that order of growing precedence; yields `Settings`.
The only package that reads the environment and knows pydantic. `groups` and `environments` say which settings there
are, with a docstring under each; `values` what a value may be; `document` reads YAML strictly; `loading` joins the
three; `complaints` words what is wrong. A stage is given the group that is its own, never the whole.
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
from observability.settings.loading import FLAGS, effective, load, schema
from observability.settings.values import Group

__all__ = [
    "FLAGS",
    "ArgoCd",
    "Cluster",
    "Environment",
    "Exposition",
    "GlobalProject",
    "Group",
    "IdentityRule",
    "IdentitySource",
    "Kubernetes",
    "LabelExpression",
    "LabelSelector",
    "Links",
    "Log",
    "LogFormat",
    "LogLevel",
    "Requirement",
    "Server",
    "Settings",
    "State",
    "Watch",
    "effective",
    "load",
    "schema",
]
