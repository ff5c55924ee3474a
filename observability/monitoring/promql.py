"""PromQL, read: what an expression selects, groups by and compares, as plain values. Pure.

What is read comes out as `Facts`; which labels a metric has comes in as a function, so that the way of labels through
an expression can be followed. Only this module and `shapes` know promql_parser.
Source: promql_parser 0.12, PromQL of Prometheus 2.45.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

import promql_parser as parser

from observability.errors import SpecError

Labels: TypeAlias = frozenset[str] | None
"""Labels that a result can have; None: nobody knows."""

LabelsOf: TypeAlias = Callable[[str], Labels]
"""The labels of the series of this name, as they are in an expression; None of a series that is not known."""

_INTERVALS: Final = {
    "__rate_interval_ms": "300000",
    "__interval_ms": "60000",
    "__range_ms": "3600000",
    "__range_s": "3600",
    "__rate_interval": "5m",
    "__interval": "1m",
    "__range": "1h",
    "__auto": "1m",
}
_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)|\[\[(\w+)\]\]")
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`')
COMPARISONS: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
"""Each operator that compares, and the one that says the same with both sides exchanged."""
_SETS: Final = {"and", "unless", "or"}
_ADDING: Final = {"label_replace", "label_join"}
_NONE: Final[frozenset[str]] = frozenset()


class Matcher(NamedTuple):
    """One condition on a label: `operator` is =, !=, =~ or !~."""

    label: str
    operator: str
    value: str


class Selector(NamedTuple):
    """Series that an expression selects; the name is empty where it is not written as a name."""

    name: str
    matchers: tuple[Matcher, ...]


class Grouping(NamedTuple):
    """Labels of by, without, on, ignoring or group, and those that what they group can have.

    `sides`: one set for an aggregation, those of both operands for a match, that of the side with one series for group.
    """

    word: str
    labels: tuple[str, ...]
    sides: tuple[Labels, ...]


class Quantile(NamedTuple):
    """A quantile of these series of buckets that is compared with a number, the quantile being on the left."""

    buckets: tuple[str, ...]
    operator: str
    number: float


class Facts(NamedTuple):
    """What stands in an expression. `labels`: those that its result can have."""

    selectors: tuple[Selector, ...]
    groupings: tuple[Grouping, ...]
    quantiles: tuple[Quantile, ...]
    labels: Labels


def facts(expression: str, labels_of: LabelsOf, name: str, file: str = "") -> Facts:
    """What an expression says. `name` and `file`: the row that holds it. Raises SpecError for what is no PromQL."""
    tree = parsed(expression, name, file)
    reading = _Reading(labels_of)
    labels = reading.labels(tree)
    nodes = tuple(walked(tree))
    return Facts(
        tuple(selector_of(node) for node in nodes if isinstance(node, parser.VectorSelector)),
        tuple(reading.groupings),
        tuple(_quantiles(nodes)),
        labels,
    )


def labels_in(node: parser.Expr, labels_of: LabelsOf) -> Labels:
    """The labels that the result of a node can have."""
    return _Reading(labels_of).labels(node)


def without_variables(expression: str) -> str:
    """The expression with numbers and durations in the place of Grafana's variables; what is quoted stays."""
    parts: list[str] = []
    end = 0
    for quoted in _QUOTED.finditer(expression):
        parts += (_plain(expression[end : quoted.start()]), quoted[0])
        end = quoted.end()
    return "".join([*parts, _plain(expression[end:])])


def _plain(text: str) -> str:
    def put(found: re.Match[str]) -> str:
        return _INTERVALS.get(found[1] or found[2] or found[3], "1")

    return _VARIABLE.sub(put, text)


def parsed(expression: str, name: str, file: str = "") -> parser.Expr:
    """The tree of an expression. Raises SpecError as `facts` does."""
    try:
        return parser.parse(without_variables(expression))
    except ValueError as error:
        raise SpecError(name, f"expected PromQL: {error}, in {' '.join(expression.split())}", file) from error


def walked(tree: parser.Expr) -> Iterator[parser.Expr]:
    """The tree's nodes, parents first."""
    yield tree
    for child in below(tree):
        yield from walked(child)


def below(node: parser.Expr) -> Iterable[parser.Expr]:
    """The nodes right below a node."""
    match node:
        case parser.BinaryExpr():
            return node.lhs, node.rhs
        case parser.AggregateExpr():
            return (node.expr,) if node.param is None else (node.param, node.expr)
        case parser.Call():
            return tuple(node.args)
        case parser.MatrixSelector():
            return (node.vector_selector,)
        case parser.ParenExpr() | parser.UnaryExpr() | parser.SubqueryExpr():
            return (node.expr,)
        case _:
            return ()


def selector_of(node: parser.VectorSelector) -> Selector:
    """What a node selects."""
    alternatives = [node.matchers.matchers, *node.matchers.or_matchers]
    found = [Matcher(one.name, _operator(one), one.value) for some in alternatives for one in some]
    named = [one.value for one in found if one.label == "__name__" and one.operator == "="]
    rest = tuple(one for one in found if one.label != "__name__" or one.operator != "=")
    return Selector(node.name or "".join(named[:1]), rest)


def _operator(matcher: parser.Matcher) -> str:
    for operator, text in (
        (parser.MatchOp.Equal, "="),
        (parser.MatchOp.NotEqual, "!="),
        (parser.MatchOp.Re, "=~"),
    ):
        if matcher.op == operator:
            return text
    return "!~"


def _quantiles(nodes: Iterable[parser.Expr]) -> Iterator[Quantile]:
    for node in nodes:
        if isinstance(node, parser.BinaryExpr) and str(node.op) in COMPARISONS:
            operator = str(node.op)
            yield from _compared(node.lhs, operator, node.rhs)
            yield from _compared(node.rhs, COMPARISONS[operator], node.lhs)


def _compared(left: parser.Expr, operator: str, right: parser.Expr) -> Iterator[Quantile]:
    call, number = unwrapped(left), number_of(right)
    if number is not None and isinstance(call, parser.Call) and call.func.name == "histogram_quantile":
        names = {selector_of(node).name for node in walked(call) if isinstance(node, parser.VectorSelector)}
        yield Quantile(tuple(sorted(names)), operator, number)


def unwrapped(node: parser.Expr) -> parser.Expr:
    """Without parentheses, and without an aggregation or function that changes no value much: max, min, avg."""
    while True:
        match node:
            case parser.ParenExpr():
                node = node.expr
            case parser.AggregateExpr() if str(node.op) in {"max", "min", "avg"}:
                node = node.expr
            case _:
                return node


def number_of(node: parser.Expr) -> float | None:
    """The value of a number, or of an arithmetic of numbers; None of everything else."""
    match node:
        case parser.NumberLiteral():
            return node.val
        case parser.ParenExpr():
            return number_of(node.expr)
        case parser.UnaryExpr():
            value = number_of(node.expr)
            return None if value is None else -value
        case parser.BinaryExpr() if str(node.op) in {"*", "+", "-", "/"}:
            return _arithmetic(str(node.op), number_of(node.lhs), number_of(node.rhs))
        case _:
            return None


def _arithmetic(operator: str, left: float | None, right: float | None) -> float | None:
    if left is None or right is None or (operator == "/" and right == 0):
        return None
    return {"*": left * right, "+": left + right, "-": left - right}.get(operator, left / right if right else None)


class _Reading:
    """The way of labels through an expression; the groupings that are met on it are kept."""

    def __init__(self, labels_of: LabelsOf) -> None:
        self._labels_of = labels_of
        self.groupings: list[Grouping] = []

    def labels(self, node: parser.Expr) -> Labels:
        """The labels that the result can have."""
        match node:
            case parser.VectorSelector():
                return self._labels_of(selector_of(node).name)
            case parser.BinaryExpr():
                return self._joined(node)
            case parser.AggregateExpr():
                return self._aggregated(node)
            case parser.Call():
                return self._called(node)
            case parser.NumberLiteral() | parser.StringLiteral():
                return _NONE
            case _:
                (child,) = below(node)
                return self.labels(child)

    def _aggregated(self, node: parser.AggregateExpr) -> Labels:
        within = self.labels(node.expr)
        kept: Labels = _NONE
        if node.modifier is not None:
            named = tuple(node.modifier.labels)
            by = node.modifier.type == parser.AggModifierType.By
            self.groupings.append(Grouping("by" if by else "without", named, (within,)))
            kept = frozenset(named) if by else _minus(within, named)
        match str(node.op):
            case "topk" | "bottomk" | "limitk" | "limit_ratio":
                return within
            case "count_values" if kept is not None and isinstance(node.param, parser.StringLiteral):
                return kept | {node.param.val}
            case _:
                return kept

    def _called(self, node: parser.Call) -> Labels:
        arguments = [self.labels(one) for one in node.args]
        name = node.func.name
        if name in {"vector", "scalar", "time", "pi"} or not arguments:
            return _NONE
        if name in {"absent", "absent_over_time"}:
            inner = next(one for one in walked(node) if isinstance(one, parser.VectorSelector))
            return frozenset(one.label for one in selector_of(inner).matchers if one.operator == "=")
        vector = arguments[1] if name in {"histogram_quantile", "quantile_over_time"} else arguments[0]
        if vector is None:
            return None
        if name in _ADDING and isinstance(node.args[1], parser.StringLiteral):
            return vector | {node.args[1].val}
        return vector - {"le"} if name == "histogram_quantile" else vector

    def _joined(self, node: parser.BinaryExpr) -> Labels:
        left, right = self.labels(node.lhs), self.labels(node.rhs)
        if is_scalar(node.lhs):
            return right
        if is_scalar(node.rhs):
            return left
        self._match(node, left, right)
        match str(node.op):
            case "and" | "unless":
                return left
            case "or":
                return None if left is None or right is None else left | right
            case _:
                return self._computed(node, left, right)

    def _match(self, node: parser.BinaryExpr, left: Labels, right: Labels) -> None:
        modifier = node.modifier
        if modifier is None:
            return
        if modifier.matching is not None:
            on = modifier.matching.type == parser.LabelModifierType.Include
            self.groupings.append(Grouping("on" if on else "ignoring", tuple(modifier.matching.labels), (left, right)))
        if modifier.group_labels:
            one = right if modifier.card == parser.VectorMatchCardinality.ManyToOne else left
            self.groupings.append(Grouping("group", tuple(modifier.group_labels), (one,)))

    def _computed(self, node: parser.BinaryExpr, left: Labels, right: Labels) -> Labels:
        modifier = node.modifier
        if modifier is None or modifier.matching is None:
            return left
        many = ((parser.VectorMatchCardinality.ManyToOne, left), (parser.VectorMatchCardinality.OneToMany, right))
        for cardinality, labels in many:
            if modifier.card == cardinality:
                return None if labels is None else labels | frozenset(modifier.group_labels or ())
        named = tuple(modifier.matching.labels)
        on = modifier.matching.type == parser.LabelModifierType.Include
        if str(node.op) in COMPARISONS and not modifier.return_bool:
            return left
        return frozenset(named) if on else _minus(left, named)


def _minus(labels: Labels, names: Iterable[str]) -> Labels:
    return None if labels is None else labels - frozenset(names)


def is_scalar(node: parser.Expr) -> bool:
    """Whether a node has one value and no series."""
    match node:
        case parser.NumberLiteral():
            return True
        case parser.Call():
            return node.func.name in {"scalar", "time", "pi"}
        case parser.ParenExpr() | parser.UnaryExpr():
            return is_scalar(node.expr)
        case parser.BinaryExpr():
            return is_scalar(node.lhs) and is_scalar(node.rhs)
        case _:
            return False
