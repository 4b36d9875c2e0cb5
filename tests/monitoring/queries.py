"""PromQL held to the metrics that there are: every name, and every label that is asked for."""

import re
from collections.abc import Iterable, Mapping

import promql_parser as promql

TARGET = frozenset({"cluster", "namespace", "pod", "container", "instance", "job"})
"""Labels that Prometheus adds to what it reads: of the pod by the PodMonitor, `cluster` where there are several."""


class Checked:
    """One query.

    Attributes:
        problems: What it asks for and does not exist.
        labels: Those that its answer has.
    """

    def __init__(self, query: str, metrics: Mapping[str, frozenset[str]]) -> None:
        self._metrics = metrics
        self.problems: list[str] = []
        self.labels = self._of(promql.parse(query))

    def lacks(self, text: str) -> list[str]:
        """Return the labels that a legend or a template speaks of and the answer does not have."""
        return [name for name in re.findall(r"\{\{ ?(?:\$labels\.)?(\w+)", text) if name not in self.labels]

    def _of(self, part: promql.Expr) -> frozenset[str]:
        match part:
            case promql.VectorSelector():
                return self._of_selector(part)
            case promql.MatrixSelector():
                return self._of_selector(part.vector_selector)
            case promql.AggregateExpr():
                return self._of_aggregate(part)
            case promql.BinaryExpr():
                return self._of_pair(part)
            case promql.Call():
                return frozenset[str]().union(*(self._of(argument) for argument in part.args))
            case promql.ParenExpr() | promql.SubqueryExpr() | promql.UnaryExpr():
                return self._of(part.expr)
            case promql.NumberLiteral() | promql.StringLiteral():
                return frozenset()
        raise AssertionError(f"nobody has thought of {type(part)}")

    def _of_selector(self, selector: promql.VectorSelector) -> frozenset[str]:
        name = str(selector.name)
        if name not in self._metrics:
            self.problems.append(f"no metric {name}")
            return TARGET
        has = self._metrics[name] | TARGET
        self._wants({matcher.name for matcher in selector.matchers.matchers}, has, name)
        return has

    def _of_aggregate(self, aggregate: promql.AggregateExpr) -> frozenset[str]:
        has, modifier = self._of(aggregate.expr), aggregate.modifier
        if modifier is None:
            return frozenset()
        named = frozenset(modifier.labels)
        self._wants(named, has, aggregate.prettify())
        return named if modifier.type == promql.AggModifierType.By else has - named

    def _of_pair(self, pair: promql.BinaryExpr) -> frozenset[str]:
        sides = self._of(pair.lhs), self._of(pair.rhs)
        matching = pair.modifier.matching if pair.modifier else None
        for side in sides:
            self._wants(matching.labels if matching else (), side, pair.prettify())
        return sides[0] | sides[1]

    def _wants(self, labels: Iterable[str], has: frozenset[str], where: str) -> None:
        missing = sorted(set(labels) - has)
        self.problems += [f"no label {label} in {where}" for label in missing]
