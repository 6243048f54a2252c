"""The one pass: every count of whole partitions, for what single rows say, comparisons, the past and the profile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from data_platform.contracts import Column, Rule
from data_platform.contracts.expressions import Comparison
from data_platform.contracts.types import FLOATING
from data_platform.engines.spark.audit_aggregates import epoch, measures
from data_platform.engines.spark.audit_text import spelt
from data_platform.engines.spark.driver import collect
from data_platform.quality.dialects.spark import quoted
from data_platform.quality.frames.spark import PARTITION, SparkRows
from data_platform.quality.profile import Profiler

if TYPE_CHECKING:
    from pyspark.sql import Column as Expression

ACCURACY = 0.1
"""The relative standard deviation of approximate numbers of distinct values: about DuckDB's, at half the cost of Spark's
own choice."""
ROWS = "rows"


@dataclass(slots=True)
class Scan:
    """What is measured, by what it is measured for. `texts` are the values that are brought as text."""

    expressions: dict[Any, list[Expression]] = field(default_factory=lambda: {ROWS: [F.count(F.lit(1))]})
    texts: dict[tuple[Any, int], Column] = field(default_factory=dict)

    def rule(self, rule: Rule, broken: Expression) -> None:
        self.expressions["rule", rule.name] = [F.count(F.when(broken, 1))]

    def lost(self, column: str, is_lost: Expression) -> None:
        self.expressions["lost", column] = [F.count(F.when(is_lost, 1))]

    def aggregates(self, comparison: Comparison, of: Any) -> None:
        for each in comparison.aggregates:
            if each.dataset == of.dataset and each.function != "count_distinct":
                self.expressions["aggregate", each] = measures(each, of)

    def newest(self, rule: Rule, column: Column) -> None:
        self.expressions["newest", rule.name] = [epoch(F.max(quoted(column.name)), column)]

    def profile(self, profiler: Profiler) -> None:
        for column in profiler.columns:
            for part in profiler.parts(column):
                key = ("profile", column.name, part)
                self.expressions[key] = [_profiled(column, part)]
                if part in ("min", "max"):
                    self.texts[key, 0] = column

    def run(self, rows: SparkRows) -> dict[str | None, dict[Any, list[Any]]]:
        """What was measured, by partition, in one job."""
        names = {
            (key, i): f"m{n}"
            for n, (key, i) in enumerate((key, i) for key, of in self.expressions.items() for i, _ in enumerate(of))
        }
        measured = [self.expressions[key][i].alias(name) for (key, i), name in names.items()]
        texts = {names[place]: column for place, column in self.texts.items()}
        found = spelt(collect(rows.by_partition(rows.work, *measured)), texts)
        return {
            row[PARTITION]: {
                key: [row[names[key, i]] for i, _ in enumerate(of)] for key, of in self.expressions.items()
            }
            for row in found
        }


def _profiled(column: Column, part: str) -> Expression:
    value = F.col(quoted(column.name))
    match part:
        case "count":
            return F.count(value)
        case "distinct":
            return F.approx_count_distinct(value, ACCURACY)
    numbers = F.when(~F.isnan(value), value) if column.type.kind in FLOATING else value
    return F.min(numbers) if part == "min" else F.max(numbers)
