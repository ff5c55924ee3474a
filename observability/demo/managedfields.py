"""`metadata.managedFields` of an Application: about 1.7 kB that every decoder has to skip. Pure.

Source: watch streams of Argo CD 3.6-dev behind kube-apiserver 1.35.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

_SOURCE_FIELDS: Final[dict[str, object]] = {".": {}, "f:path": {}, "f:repoURL": {}, "f:targetRevision": {}}
_SYNC_FIELDS: Final = {
    "f:initiatedBy": {".": {}, "f:automated": {}},
    "f:retry": {".": {}, "f:limit": {}},
    "f:sync": {".": {}, "f:prune": {}, "f:revision": {}, "f:source": _SOURCE_FIELDS},
}
_STATUS_FIELDS: Final = {
    ".": {},
    "f:controllerNamespace": {},
    "f:health": {".": {}, "f:lastTransitionTime": {}, "f:status": {}},
    "f:history": {},
    "f:operationState": {".": {}, "f:operation": {".": {}, **_SYNC_FIELDS}, "f:phase": {}, "f:startedAt": {}},
    "f:reconciledAt": {},
    "f:resourceHealthSource": {},
    "f:resources": {},
    "f:sourceType": {},
    "f:summary": {"f:images": {}},
    "f:sync": {
        ".": {},
        "f:comparedTo": {
            ".": {},
            "f:destination": {".": {}, "f:namespace": {}, "f:server": {}},
            "f:source": _SOURCE_FIELDS,
        },
        "f:revision": {},
        "f:status": {},
    },
}
_SPEC_FIELDS: Final = {
    "f:metadata": {
        "f:finalizers": {".": {}, 'v:"resources-finalizer.argocd.argoproj.io"': {}},
        "f:labels": {".": {}, "f:env": {}, "f:service": {}, "f:team": {}},
    },
    "f:spec": {
        ".": {},
        "f:destination": {".": {}, "f:namespace": {}, "f:server": {}},
        "f:project": {},
        "f:source": _SOURCE_FIELDS,
    },
}


def _owned(fields: Mapping[str, object], manager: str, time: str) -> dict[str, object]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        "manager": manager,
        "operation": "Update",
        "time": time,
    }


_BEFORE, _BETWEEN, _AFTER, _END = (
    msgspec.json.encode(
        [
            _owned(_SPEC_FIELDS, "kubectl-client-side-apply", "@"),
            _owned({"f:status": {"f:sourceHydrator": {}, "f:summary": {}}}, "argocd-server", "@"),
            _owned({"f:status": _STATUS_FIELDS}, "argocd-application-controller", "@"),
        ]
    )
    .decode()
    .split("@")
)


def managed_fields(created_at: str, reconciled_at: str) -> str:
    """The JSON of `metadata.managedFields` of an Application created and reconciled then."""
    return f"{_BEFORE}{created_at}{_BETWEEN}{created_at}{_AFTER}{reconciled_at or created_at}{_END}"
