"""The contract as the rest of the platform sees it: frozen, typed, already validated.

Nothing here reads a file or knows ODCS; `odcs.py` builds these objects once per content of a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from data_platform.contracts.types import ColumnType

SENSITIVITIES = ("public", "internal", "confidential", "restricted")
"""Column classifications, least to most sensitive. A reader may read what its clearance reaches."""
MASK = "•••"
"""What is shown in place of a sensitive value."""


class Policy(StrEnum):
    """What a failing rule does to a publication (see the table in the README)."""

    BLOCK = "block"
    QUARANTINE = "quarantine"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class OnFailure:
    """A policy; a quarantine of more than `max_percent` (0-100) or `max_rows` of a partition's rows is a block."""

    policy: Policy = Policy.BLOCK
    max_percent: float | None = None
    max_rows: int | None = None


OPERATORS: dict[str, str] = {  # ODCS operator -> how a person reads it
    "mustBe": "=",
    "mustNotBe": "!=",
    "mustBeGreaterThan": ">",
    "mustBeGreaterOrEqualTo": ">=",
    "mustBeLessThan": "<",
    "mustBeLessOrEqualTo": "<=",
    "mustBeBetween": "between",
    "mustNotBeBetween": "not between",
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a metric must be. Both `between` operators are inclusive.

    `unit` is `rows`, `percent` (of the rows, of the other side of a comparison, or away from the median of the history)
    or `score` (robust z-score against the history).
    """

    operator: str
    value: float | tuple[float, float]
    unit: str = "rows"

    def holds(self, metric: float) -> bool:
        low, high = self.value if isinstance(self.value, tuple) else (self.value, self.value)
        match self.operator:
            case "mustBe":
                return metric == low
            case "mustNotBe":
                return metric != low
            case "mustBeGreaterThan":
                return metric > low
            case "mustBeGreaterOrEqualTo":
                return metric >= low
            case "mustBeLessThan":
                return metric < low
            case "mustBeLessOrEqualTo":
                return metric <= low
            case "mustBeBetween":
                return low <= metric <= high
            case "mustNotBeBetween":
                return not low <= metric <= high
        raise ValueError(f"unknown operator {self.operator!r}; known: {', '.join(OPERATORS)}")

    def __str__(self) -> str:
        value = " and ".join(f"{each:,}" for each in (self.value if isinstance(self.value, tuple) else (self.value,)))
        return f"{OPERATORS[self.operator]} {value}{'%' if self.unit == 'percent' else ''}"


BY_ID = "#"
"""In front of a column that a reference names by its id. `Contracts.load` puts its name there."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Another dataset that a rule reads; only a foreign key may lead into its own. Without `columns`, all that this
    dataset's producer may see.

    `partitions` is `same` (those that overlap the audited one, where both are partitioned) or `all`.
    """

    dataset: str
    columns: tuple[str, ...] = ()
    partitions: str = "same"


PUBLICATION, INPUT = "publication", "input"
"""When a rule is evaluated: before its rows are published, or on the inputs before they are made. Anything else in
`Rule.when` is a cron schedule (UTC), on which the published rows are audited without producing them again."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One promise about rows or about the whole dataset.

    `kind` is a key of `rules.KINDS`, which says what it means. Without a `threshold` the rule is about rows: no row
    may break it. With one, it is about the whole dataset: the metric (rows that break the predicate, the row count,
    or the number a `sql` query returns) must satisfy the threshold, per published partition.
    `name` is unique in the dataset and is the asset check's name ([A-Za-z0-9_]+). `reads` are the other datasets it
    needs; `when` is PUBLICATION, INPUT or a cron schedule; `path` is where it stands in the contract's file.
    """

    name: str
    kind: str
    columns: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    threshold: Threshold | None = None
    on_failure: OnFailure = OnFailure()
    dimension: str = ""
    description: str = ""
    reads: tuple[Reference, ...] = ()
    when: str = PUBLICATION
    path: tuple[str | int, ...] = field(default=(), compare=False)

    @property
    def is_row_rule(self) -> bool:
        return self.threshold is None


@dataclass(frozen=True, slots=True)
class Column:
    """A column's promise. `classification` is one of SENSITIVITIES; `pii` the category of personal data, or ''; `id`
    what other contracts' relationships may call it, or ''."""

    name: str
    type: ColumnType
    required: bool = False
    unique: bool = False
    description: str = ""
    classification: str = "internal"
    pii: str = ""
    tags: tuple[str, ...] = ()
    id: str = ""

    @property
    def is_sensitive(self) -> bool:
        """Whether its values are masked wherever the platform shows rows."""
        return bool(self.pii) or SENSITIVITIES.index(self.classification) > SENSITIVITIES.index("internal")


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A promise that nobody here evaluates: text for people (`engine` is ''), or a rule for another engine."""

    name: str
    text: str
    engine: str = ""


@dataclass(frozen=True, slots=True)
class PartitionKey:
    """One dimension of the partitioning.

    `granularity` is `day` (a date or timestamp column), `hour` (a timestamp column) or `static` (a text column, whose
    `values` are all there is). `start` is the first day, `YYYY-MM-DD`, UTC.
    """

    column: str
    granularity: str
    start: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Partitioning:
    """How a dataset is cut: one key, or a time key and a static key."""

    keys: tuple[PartitionKey, ...]

    @property
    def time(self) -> PartitionKey | None:
        return next((key for key in self.keys if key.granularity != "static"), None)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(key.column for key in self.keys)


@dataclass(frozen=True, slots=True)
class Contract:
    """All that is promised about one dataset, and all that the platform derives it from.

    `dataset` is `<domain>.<name>`. `rules` holds every rule, the ones implied by the columns (required, ranges, keys)
    included; `unchecked` are promises that are shown and never counted as kept. `retention` and `freshness` are
    durations, or None where nothing is promised. `clearance` is the highest sensitivity this dataset's producer may
    read. `unknown_columns` is `refuse` or `ignore`.
    """

    domain: str
    name: str
    version: str
    columns: tuple[Column, ...]
    description: str = ""
    primary_key: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    partitioning: Partitioning | None = None
    owners: tuple[str, ...] = ()
    team: str = ""
    tags: tuple[str, ...] = ()
    status: str = "active"
    visibility: str = "private"
    clearance: str = "internal"
    size: str = "S"
    external: bool = False
    unknown_columns: str = "refuse"
    on_failure: OnFailure = OnFailure()
    retention: timedelta | None = None
    freshness: timedelta | None = None
    file: str = ""
    digest: str = ""

    @property
    def dataset(self) -> str:
        return f"{self.domain}.{self.name}"

    def rules_at(self, when: str) -> tuple[Rule, ...]:
        """The rules evaluated at PUBLICATION, on INPUT or on one cron schedule."""
        return tuple(rule for rule in self.rules if rule.when == when)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError with what exists otherwise."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.dataset} has no column {name!r}; it has {', '.join(self.column_names)}")

    def may_see(self, other: Contract) -> bool:
        """Whether another dataset is open to the producer of this one: of its own domain, or public."""
        return other.domain == self.domain or other.visibility == "public"

    def may_read(self, column: Column) -> bool:
        """Whether the producer of this dataset is cleared for `column` of another one."""
        return SENSITIVITIES.index(column.classification) <= SENSITIVITIES.index(self.clearance)

    def to_pandera(self, backend: str) -> Any:
        """The contract as a pandera schema, for notebooks and unit tests; see `quality/pandera`.

        `backend` is `polars`, `pandas` or `pyspark`; ValueError for another, or where its library is not installed.
        """
        from data_platform.quality.pandera import to_pandera  # the one arrow up: only who calls this takes it

        return to_pandera(self, backend)
