"""What each column of a partition holds: nulls, distinct values (approximately), the smallest and the largest.

Nulls and bounds come from the files' own footers where the writer vouches for them, else from the audit's scan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from data_platform.contracts.model import Column, Contract
from data_platform.contracts.types import FLOATING, NUMERIC
from data_platform.quality.conform import Conform
from data_platform.quality.sql import identifier

LONGEST = 200
"""Characters up to which the smallest and the largest text are kept."""


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """`distinct` is approximate (HyperLogLog), None for nested columns. `minimum` and `maximum` are text as DuckDB
    spells them, NaN aside; None where there is no value, where it is too long, and for sensitive and nested columns."""

    nulls: int
    distinct: int | None = None
    minimum: str | None = None
    maximum: str | None = None


@dataclass(frozen=True, slots=True)
class Footer:
    """What a Parquet file's footer says exactly about one column; `bounds` is None where it says nothing exact."""

    nulls: int
    bounds: tuple[str | None, str | None] | None


Footers = Mapping[str, Mapping[str, Footer]]
"""By file and column."""


def footer(statistics: Mapping[str, str]) -> Footer | None:
    """What DuckDB's COPY returned about one column of a file, if it says enough."""
    if "null_count" not in statistics:
        return None
    nulls, values = int(statistics["null_count"]), int(statistics.get("num_values", -1))
    if "min" not in statistics or "max" not in statistics:
        return Footer(nulls, (None, None) if nulls == values else None)
    is_exact = statistics.get("min_is_exact") == statistics.get("max_is_exact") == "true"
    return Footer(nulls, (statistics["min"], statistics["max"]) if is_exact else None)


@dataclass(frozen=True, slots=True)
class Profiler:
    """How the columns of one audit are profiled. `known` are those that the footers of all files tell enough about."""

    columns: tuple[Column, ...] = ()
    footers: Footers = field(default_factory=dict)
    known: frozenset[str] = frozenset()

    @classmethod
    def of(cls, contract: Contract, conform: Conform, files: Collection[str], footers: Footers) -> Profiler:
        """Footers are believed about columns that stand in every file as the contract has them."""
        same = {cast.column for cast in conform.casts if cast.is_identity and not cast.is_lost}
        told = [footers.get(file, {}) for file in files]
        known = frozenset(
            column.name
            for column in contract.columns
            if column.name in same and told and all(_suffices(column, each.get(column.name)) for each in told)
        )
        return cls(contract.columns, footers, known)

    @property
    def expressions(self) -> list[str]:
        """The aggregates that the scan needs for it."""
        return [self._aggregate(column, part) for column in self.columns for part in self.parts(column)]

    def profiles(self, rows: int, files: Iterable[str], measured: Iterable) -> dict[str, ColumnProfile]:
        """The profile of each column over the rows of these files, for which the `expressions` gave `measured` (nothing
        where there are none)."""
        told = [self.footers.get(file, {}) for file in files]
        left = iter(measured)
        found = {}
        for column in self.columns:
            values = {part: next(left, None) for part in self.parts(column)}
            nulls, bounds = rows - (values.get("count") or 0), (values.get("min"), values.get("max"))
            if column.name in self.known:
                footers = [each[column.name] for each in told]
                nulls, bounds = sum(each.nulls for each in footers), _joined(column, footers)
            distinct = min(values["distinct"] or 0, rows - nulls) if "distinct" in values else None
            found[column.name] = ColumnProfile(nulls, distinct, *(_kept(column, bound) for bound in bounds))
        return found

    def parts(self, column: Column) -> list[str]:
        """What the scan must measure of a column: some of `count`, `distinct`, `min` and `max`, in this order."""
        parts = [] if column.name in self.known else ["count"]
        parts += [] if column.type.is_nested else ["distinct"]
        return parts + (["min", "max"] if has_bounds(column) and column.name not in self.known else [])

    def _aggregate(self, column: Column, part: str) -> str:
        name = identifier(column.name)
        if part in ("count", "distinct"):
            return f"{'count' if part == 'count' else 'approx_count_distinct'}({name})"
        numbers = f" FILTER (WHERE NOT isnan({name}))" if column.type.kind in FLOATING else ""
        return f"CAST({part}({name}){numbers} AS VARCHAR)"


def has_bounds(column: Column) -> bool:
    """Whether its smallest and largest value are kept: of sensitive columns never."""
    return not column.is_sensitive and not column.type.is_nested and column.type.kind != "binary"


def _suffices(column: Column, told: Footer | None) -> bool:
    return told is not None and (told.bounds is not None or not has_bounds(column))


def _joined(column: Column, footers: Iterable[Footer]) -> tuple[str | None, str | None]:
    """The bounds over several files."""
    bounds = [each.bounds for each in footers if each.bounds is not None] if has_bounds(column) else []
    lows, highs = (
        [bound for bound in side if bound is not None] for side in (zip(*bounds, strict=True) if bounds else ((), ()))
    )
    order = Decimal if column.type.kind in NUMERIC else str
    low, high = min(lows, key=order, default=None), max(highs, key=order, default=None)
    if column.type.kind == "boolean":
        return BOOLEANS.get(str(low)), BOOLEANS.get(str(high))
    return low, high


BOOLEANS = {"0": "false", "1": "true"}
"""How footers spell them -> how DuckDB does."""


def _kept(column: Column, bound: str | None) -> str | None:
    """Writers of files differ in the sign of a zero."""
    if bound == "-0.0" and column.type.kind in FLOATING:
        return "0.0"
    return bound if bound is not None and len(bound) <= LONGEST else None
