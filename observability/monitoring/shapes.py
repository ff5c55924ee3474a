"""The shape of an expression of PromQL: what is computed of which series, and when it gives nothing. Pure.

`promql` says what an expression names; this says how it is built, as far as what reads well and alerts badly shows in
it.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

import promql_parser as parser

from observability.monitoring.promql import (
    COMPARISONS,
    LabelsOf,
    Selector,
    below,
    is_scalar,
    labels_in,
    number_of,
    parsed,
    selector_of,
    unwrapped,
    walked,
)

_ABSENT: Final = {"absent", "absent_over_time"}
_SETS: Final = {"and", "unless"}


class Ranged(NamedTuple):
    """A function over a window of `seconds` of these series. `computed`: over a subquery, of what was computed."""

    function: str
    seconds: float
    selector: Selector
    computed: bool = False


class Compared(NamedTuple):
    """What is computed over windows and then compared with a number, the number being on the right."""

    ranged: tuple[Ranged, ...]
    operator: str
    number: float


class Shape(NamedTuple):
    """How an expression is built.

    `conditional`: it gives nothing as long as something holds, so that an alert of it can end.
    `constant`: it asks for no series.
    `past`: some of it looks at an earlier time, as what catches a first increment does.
    `absent`: the series whose absence it tells.
    `plain`: series whose values it takes as they are, over no window.
    `needless`: labels of on() where group_left or group_right joins one series to one.
    """

    conditional: bool
    constant: bool
    past: bool
    ranged: tuple[Ranged, ...]
    compared: tuple[Compared, ...]
    absent: tuple[Selector, ...]
    plain: tuple[Selector, ...]
    needless: tuple[tuple[str, ...], ...]


def shape(expression: str, labels_of: LabelsOf, name: str, file: str = "") -> Shape:
    """How an expression is built. Raises SpecError for what is no PromQL."""
    tree = parsed(expression, name, file)
    nodes = tuple(walked(tree))
    selectors = [node for node in nodes if isinstance(node, parser.VectorSelector)]
    return Shape(
        conditional=_is_conditional(tree),
        constant=not selectors,
        past=any(_has_offset(node) for node in nodes),
        ranged=tuple(_ranged(nodes)),
        compared=tuple(_compared(nodes)),
        absent=tuple(_absent(nodes)),
        plain=tuple(_plain(tree)),
        needless=tuple(_needless(nodes, labels_of)),
    )


def _is_conditional(node: parser.Expr) -> bool:
    """Whether it can give nothing although its series are there."""
    match node:
        case parser.BinaryExpr():
            return _joins_conditionally(node)
        case parser.Call() if node.func.name in _ABSENT:
            return True
        case parser.AggregateExpr() | parser.ParenExpr() | parser.UnaryExpr():
            return _is_conditional(node.expr)
        case parser.Call():
            return any(_is_conditional(one) for one in node.args)
        case _:
            return False


def _joins_conditionally(node: parser.BinaryExpr) -> bool:
    operator = str(node.op)
    if operator == "or":
        return _is_conditional(node.lhs) and _is_conditional(node.rhs)
    if operator in COMPARISONS:
        return node.modifier is None or not node.modifier.return_bool
    return operator in _SETS or any(_is_conditional(one) for one in (node.lhs, node.rhs) if not is_scalar(one))


def _has_offset(node: parser.Expr) -> bool:
    return isinstance(node, (parser.VectorSelector, parser.SubqueryExpr)) and node.offset is not None


def _ranged(nodes: Sequence[parser.Expr]) -> Iterator[Ranged]:
    for node in nodes:
        if not isinstance(node, parser.Call):
            continue
        for one in node.args:
            if isinstance(one, parser.MatrixSelector):
                yield Ranged(node.func.name, one.range.total_seconds(), selector_of(one.vector_selector))
            elif isinstance(one, parser.SubqueryExpr):
                yield from _computed(node.func.name, one)


def _computed(function: str, subquery: parser.SubqueryExpr) -> Iterator[Ranged]:
    window = subquery.range or timedelta()
    for node in walked(subquery.expr):
        if isinstance(node, parser.VectorSelector):
            plain = isinstance(unwrapped(subquery.expr), parser.VectorSelector)
            yield Ranged(function, window.total_seconds(), selector_of(node), computed=not plain)


def _compared(nodes: Sequence[parser.Expr]) -> Iterator[Compared]:
    for node in nodes:
        if isinstance(node, parser.BinaryExpr) and str(node.op) in COMPARISONS:
            sides = (node.lhs, str(node.op), node.rhs), (node.rhs, COMPARISONS[str(node.op)], node.lhs)
            for left, operator, right in sides:
                number = number_of(right)
                found = tuple(_ranged(tuple(walked(left))))
                if number is not None and found:
                    yield Compared(found, operator, number)


def _absent(nodes: Sequence[parser.Expr]) -> Iterator[Selector]:
    for node in nodes:
        if isinstance(node, parser.Call) and node.func.name in _ABSENT:
            yield from (selector_of(one) for one in walked(node) if isinstance(one, parser.VectorSelector))


def _plain(node: parser.Expr) -> Iterator[Selector]:
    match node:
        case parser.VectorSelector():
            yield selector_of(node)
        case parser.MatrixSelector() | parser.SubqueryExpr():
            return
        case parser.Call() if node.func.name in {*_ABSENT, "timestamp"}:
            return
        case parser.AggregateExpr() if str(node.op) in {"count", "group"}:
            return
        case _:
            for one in below(node):
                yield from _plain(one)


def _needless(nodes: Sequence[parser.Expr], labels_of: LabelsOf) -> Iterator[tuple[str, ...]]:
    """Joins of many to one, where the side of the many has one series for all labels that are matched."""
    for node in nodes:
        if not isinstance(node, parser.BinaryExpr) or node.modifier is None or node.modifier.matching is None:
            continue
        modifier, matching = node.modifier, node.modifier.matching
        many = _many(node, modifier)
        if many is None or modifier.group_labels or matching.type != parser.LabelModifierType.Include:
            continue
        labels = labels_in(many, labels_of)
        aggregated = isinstance(_without_parentheses(many), parser.AggregateExpr)
        if aggregated and labels is not None and labels <= set(matching.labels):
            yield tuple(matching.labels)


def _many(node: parser.BinaryExpr, modifier: parser.BinModifier) -> parser.Expr | None:
    """The side of which several series meet one; None where one meets one."""
    if modifier.card == parser.VectorMatchCardinality.ManyToOne:
        return node.lhs
    return node.rhs if modifier.card == parser.VectorMatchCardinality.OneToMany else None


def _without_parentheses(node: parser.Expr) -> parser.Expr:
    while isinstance(node, parser.ParenExpr):
        node = node.expr
    return node
