"""Selectors mean what they mean to the Kubernetes API."""

import pytest

from observability.demo.objects import Literal
from observability.demo.selectors import SelectorError, selector

OBJECT = Literal({"metadata": {"name": "shop-dev", "namespace": "argocd", "labels": {"env": "dev", "team": "shop"}}})


@pytest.mark.parametrize(
    ("labels", "matches"),
    [
        ("env=dev", True),
        ("env==dev", True),
        ("env!=dev", False),
        ("env=prod", False),
        ("tier!=web", True),
        ("env in (dev, prod)", True),
        ("env in (prod)", False),
        ("env notin (prod,staging)", True),
        ("env notin (dev)", False),
        ("tier notin (web)", True),
        ("team", True),
        ("tier", False),
        ("!tier", True),
        ("!team", False),
        ("env in (dev,prod),team=shop", True),
        ("env in (dev,prod),team=other", False),
    ],
)
def test_labels(labels: str, matches: bool) -> None:
    judge = selector(labels, "", "")

    assert judge is not None
    assert judge(OBJECT) is matches


@pytest.mark.parametrize(
    ("fields", "namespace", "matches"),
    [
        ("metadata.name=shop-dev", "", True),
        ("metadata.name==shop-prod", "", False),
        ("metadata.namespace=argocd,metadata.name=shop-dev", "", True),
        ("", "argocd", True),
        ("", "elsewhere", False),
    ],
)
def test_fields_and_namespace(fields: str, namespace: str, matches: bool) -> None:
    judge = selector("", fields, namespace)

    assert judge is not None
    assert judge(OBJECT) is matches


def test_no_requirement_is_no_filter() -> None:
    assert selector("", "", "") is None


@pytest.mark.parametrize(
    ("labels", "fields"), [("env in dev", ""), ("=x", ""), ("", "spec.project=shop"), ("", "name")]
)
def test_what_cannot_be_read_is_refused(labels: str, fields: str) -> None:
    with pytest.raises(SelectorError):
        selector(labels, fields, "")
