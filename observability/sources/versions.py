"""Which of two resourceVersions is the older one. Pure.

They are decimal numbers that grow, comparable among objects of one kind; anything else is of no known order.
Source: kubernetes.dev/resources/keps/5504, "Comparable Resource Version", stable in Kubernetes 1.35; before that the
API server made them in the same way, of revisions of etcd.
"""


def is_older(version: str, other: str) -> bool:
    """Whether `version` is from before `other`; False when one of them is no version that can be compared."""
    if not (_is_comparable(version) and _is_comparable(other)):
        return False
    return (len(version), version) < (len(other), other)


def _is_comparable(version: str) -> bool:
    return version.isascii() and version.isdigit() and version[0] != "0"
