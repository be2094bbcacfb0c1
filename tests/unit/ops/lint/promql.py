"""Read a query's tree from the leaves up, and say what in it cannot be: names, labels, joins, comparisons.

The parser is not Prometheus' own, so a query that both read is read twice.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator

import promql_parser as ast

from tests.unit.ops.lint.kinds import TARGET_LABELS, Kind, Shape, number, samples
from trueup.ops.alerts import GROUPS
from trueup.ops.metric import MetricType

SHAPES = dict(samples())
RECORDED = {recording.name: recording.expression for group in GROUPS for recording in group.recordings}
BUILT_IN = {"__rate_interval": "1m", "__interval": "1m", "__range": "1h"}
"""Grafana's own variables of a query, with what one may stand for."""

_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_SETS = {"and", "or", "unless"}
_KEEP = {"topk", "bottomk"}
_OF_COUNTERS = {"rate", "increase", "irate"}
_OVER_TIME = {"max_over_time", "min_over_time", "avg_over_time", "last_over_time"}


def variables(text: str) -> set[str]:
    """Return the variables that a text names."""
    return {found[0] or found[1] for found in _VARIABLE.findall(text)}


def filled(text: str) -> str:
    """Return a query with something in the place of each variable."""
    return _VARIABLE.sub(lambda found: BUILT_IN.get(found[1] or found[2], "x"), text)


class Reading:
    """One query read.

    Attributes
    ----------
    faults : list of str
        What in it cannot be.
    shape : Shape or None
        What it gives; None where it is no PromQL.
    jobless : list of str
        Metrics that it asks for without saying of which job.
    """

    def __init__(self, expression: str) -> None:
        self.faults: list[str] = []
        self.jobless: list[str] = []
        self.shape: Shape | None = None
        try:
            tree = ast.parse(filled(expression))
        except ValueError as error:
            self.faults.append(f"is no PromQL: {error}")
            return
        self.shape = self._read(tree)

    def _read(self, node: ast.Expr) -> Shape:
        match node:
            case ast.NumberLiteral():
                return number(float(node.val))
            case ast.ParenExpr():
                return self._read(node.expr)
            case ast.VectorSelector():
                return self._selector(node)
            case ast.MatrixSelector():
                return self._read(node.vector_selector)
            case ast.SubqueryExpr():
                return self._read(node.expr)
            case ast.UnaryExpr():
                inner = self._read(node.expr)
                return inner.made(low=-inner.high, high=-inner.low)
            case ast.AggregateExpr():
                return self._aggregate(node)
            case ast.Call():
                return self._call(node)
            case ast.BinaryExpr():
                return self._binary(node)
        self.faults.append(f"{node.prettify()} is nothing that is known here")
        return number(math.nan)

    def _selector(self, node: ast.VectorSelector) -> Shape:
        name = node.name or ""
        if name in RECORDED:
            return (Reading(RECORDED[name]).shape or number(math.nan)).made()
        shape = SHAPES.get(name)
        if shape is None:
            self.faults.append(f"{name} is exported by nobody")
            return Shape(TARGET_LABELS)
        matchers = list(node.matchers.matchers)
        for matcher in matchers:
            self._matcher(name, shape, matcher)
        if "job" not in {one.name for one in matchers}:
            self.jobless.append(name)
        return shape

    def _matcher(self, metric: str, shape: Shape, matcher: ast.Matcher) -> None:
        if matcher.name not in shape.labels:
            if metric.startswith("ALERTS"):
                return  # an alert has the labels of its expression besides
            self.faults.append(f"{metric} has no label {matcher.name}")
            return
        known = shape.values_of(matcher.name)
        is_pattern = matcher.op in (ast.MatchOp.Re, ast.MatchOp.NotRe)
        alternatives = matcher.value.split("|") if is_pattern else [matcher.value]
        for wanted in alternatives if known else ():
            if wanted != "x" and not any(re.fullmatch(wanted, value) for value in known):
                self.faults.append(f"{matcher.name} of {metric} is never {wanted!r}")

    def _aggregate(self, node: ast.AggregateExpr) -> Shape:
        inner, how = self._read(node.expr), str(node.op)
        labels = inner.labels if how in _KEEP else frozenset()
        if node.modifier is not None:
            named = frozenset(node.modifier.labels)
            for label in sorted(named - inner.labels):
                self.faults.append(f"{how} groups by {label}, which is not there")
            by = node.modifier.type == ast.AggModifierType.By
            labels = (named & inner.labels) if by else inner.labels - named
        if how == "count":
            return Shape(labels, 1.0, math.inf, Kind.COUNT)
        if how == "sum":
            kind = Kind.COUNT if inner.kind is Kind.FLAG else inner.kind
            low = -math.inf if inner.low < 0 else inner.low
            return Shape(labels, low, math.inf if inner.high > 0 else inner.high, kind)
        return inner.made(labels=labels)

    def _call(self, node: ast.Call) -> Shape:
        given, name = [self._read(one) for one in node.args], node.func.name
        series = next((one for one in given if not one.is_scalar), None)
        if name == "time":
            return Shape(frozenset(), 1e9, math.inf, Kind.MOMENT, is_scalar=True)
        if name == "vector":
            return given[0].made(is_scalar=False)
        if series is None:
            return given[0] if given else number(math.nan)
        if name in _OF_COUNTERS:
            if series.of is not None and series.of.type is MetricType.GAUGE:
                self.faults.append(f"{name} of {series.of.name}, which is no counter")
            if series.kind is Kind.BUCKETS:
                return series.made()
            return series.made(low=0.0, high=math.inf, kind=Kind.COUNT if name == "increase" else Kind.RATE)
        if name == "histogram_quantile":
            if series.kind is not Kind.BUCKETS or "le" not in series.labels:
                self.faults.append("histogram_quantile of what has no buckets by le")
            return Shape(series.labels - {"le"}, 0.0, math.inf, Kind.SECONDS)
        if name in ("changes", "resets"):
            return series.made(low=0.0, high=math.inf, kind=Kind.COUNT)
        if name == "absent":
            return Shape(series.labels, 1.0, 1.0, Kind.FLAG)
        if name in _OVER_TIME or name.startswith("clamp"):
            return series.made()
        return series.made(low=-math.inf, high=math.inf)

    def _binary(self, node: ast.BinaryExpr) -> Shape:
        left, right, how = self._read(node.lhs), self._read(node.rhs), str(node.op)
        labels = self._joined(node, left, right, how)
        if how in _SETS:
            if how == "or":
                high, low = max(left.high, right.high), min(left.low, right.low)
                kind = right.kind if left.kind is Kind.NUMBER else left.kind
                return Shape(left.labels | right.labels, low, high, kind)
            return left.made(labels=labels)
        if how in _COMPARE:
            return self._compared(node, left, right, how, labels)
        return _computed(how, left, right, labels)

    def _compared(self, node: ast.BinaryExpr, left: Shape, right: Shape, how: str, labels: frozenset[str]) -> Shape:
        found = _decided(how, left, right)
        if found is not None:
            outcome = "always" if found else "never"
            self.faults.append(
                f"{node.prettify()} is {outcome} true: the left side is {_range(left)}, the right side {_range(right)}"
            )
        if node.modifier is not None and node.modifier.return_bool:
            return Shape(labels, 0.0, 1.0, Kind.FLAG)
        kept = left if not left.is_scalar else right
        return kept.made(labels=labels)

    def _joined(self, node: ast.BinaryExpr, left: Shape, right: Shape, how: str) -> frozenset[str]:
        """Return the labels after two sides met, and say where none ever can."""
        if left.is_scalar or right.is_scalar:
            return left.labels | right.labels
        matching = None if node.modifier is None else node.modifier.matching
        if matching is None:
            if left.labels != right.labels and how != "or":
                odd = ", ".join(sorted(left.labels ^ right.labels))
                self.faults.append(f"{how} of two sides that never have the same labels: only one has {odd}")
            return left.labels
        named = frozenset(matching.labels)
        if matching.type == ast.LabelModifierType.Include:
            for label in sorted((named - left.labels) | (named - right.labels)):
                self.faults.append(f"{how} on {label}, which one side has not")
            labels = named
        else:
            labels = left.labels - named
            if labels != right.labels - named:
                odd = ", ".join(sorted(labels ^ (right.labels - named)))
                self.faults.append(f"{how} of two sides that never have the same labels: only one has {odd}")
        if how in _SETS:
            return left.labels
        return self._grouped(node, left, right, labels)

    def _grouped(self, node: ast.BinaryExpr, left: Shape, right: Shape, labels: frozenset[str]) -> frozenset[str]:
        text = str(node.modifier)
        extra = frozenset(node.modifier.group_labels or ()) if node.modifier is not None else frozenset()
        for many, one, word in ((left, right, "group_left"), (right, left, "group_right")):
            if word in text:
                for label in sorted(extra - one.labels):
                    self.faults.append(f"{word} takes over {label}, which is not there")
                return many.labels | (extra & one.labels)
        return labels


def _range(shape: Shape) -> str:
    return f"{shape.low:g}" if shape.low == shape.high else f"{shape.low:g} to {shape.high:g}"


def _decided(how: str, left: Shape, right: Shape) -> bool | None:
    """Return whether a comparison is always true, or never; None where it depends."""
    corners = [(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
    if any(math.isnan(one) for pair in corners for one in pair):
        return None
    if how in ("==", "!="):
        apart = left.high < right.low or right.high < left.low
        same = left.low == left.high == right.low == right.high
        return None if not apart and not same else (same if how == "==" else apart)
    outcomes = {_COMPARE[how](a, b) for a, b in corners}
    return outcomes.pop() if len(outcomes) == 1 else None


def _computed(how: str, left: Shape, right: Shape, labels: frozenset[str]) -> Shape:
    scalar = left.is_scalar and right.is_scalar
    if how == "*" and Kind.NUMBER in (left.kind, right.kind):
        factor, other = (left, right) if left.kind is Kind.NUMBER else (right, left)
        kind = {Kind.FLAG: Kind.CODE, Kind.MOMENT: Kind.MOMENT_MS}.get(other.kind, other.kind)
        if other.kind is Kind.MOMENT and factor.low != 1000:
            kind = Kind.NUMBER
        if other.kind is Kind.CODE and factor.low == 1000:
            kind = Kind.NUMBER  # a flag times a thousand waits for the moment that it is multiplied with
        ends = sorted((_product(factor.low, other.low), _product(factor.low, other.high)))
        return Shape(labels, ends[0], ends[1], kind, is_scalar=scalar)
    if how == "*":
        by_flag = {Kind.FLAG: right.kind, Kind.CODE: right.kind}
        kind = by_flag.get(left.kind, left.kind)
        if right.kind is Kind.MOMENT and left.high == 1000:
            kind = Kind.MOMENT_MS
        ends = sorted(_product(a, b) for a in (left.low, left.high) for b in (right.low, right.high))
        return Shape(labels, ends[0], ends[-1], kind, is_scalar=scalar)
    if how == "-":
        kind = Kind.SECONDS if left.kind is right.kind is Kind.MOMENT else left.kind
        return Shape(labels, -math.inf, math.inf, kind, is_scalar=scalar)
    if how == "/":
        kind = Kind.SHARE if left.kind is right.kind else (left.kind if right.kind is Kind.NUMBER else Kind.NUMBER)
        return Shape(labels, 0.0 if left.low >= 0 and right.low >= 0 else -math.inf, math.inf, kind, is_scalar=scalar)
    return Shape(labels, -math.inf, math.inf, left.kind, is_scalar=scalar)


def _product(left: float, right: float) -> float:
    return 0.0 if left == 0 or right == 0 else left * right


def states(expression: str) -> Iterator[tuple[str, str, set[str]]]:
    """Yield metric, label and values of each group of states that a query turns into a code."""
    found: dict[tuple[str, str], set[str]] = {}
    for metric, label, value in re.findall(r'\d \* (\w+)\{(\w+)="(\w+)"', expression):
        found.setdefault((metric, label), set()).add(value)
    for (metric, label), values in found.items():
        yield metric, label, values
