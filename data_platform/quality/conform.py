"""How staged columns become the contract's columns: as they are, by a cast that cannot lose, or by a checked cast.

A checked cast comes with a predicate that is true for the rows whose value would be lost or changed; those rows
break the contract's `type` rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data_platform.contracts.model import Column, Contract
from data_platform.contracts.types import ColumnType
from data_platform.quality.sql import identifier, sql_type

INTEGERS = {"TINYINT": 1, "SMALLINT": 2, "INTEGER": 4, "BIGINT": 8, "UTINYINT": 1.5, "USMALLINT": 2.5, "UINTEGER": 4.5}
WIDER: dict[str, frozenset[str]] = {  # contract type -> staged types that always fit
    "double": frozenset({"FLOAT", "TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"}),
    "float": frozenset({"TINYINT", "SMALLINT", "UTINYINT", "USMALLINT"}),
    "timestamp": frozenset({"TIMESTAMP_S", "TIMESTAMP_MS", "DATE", "TIMESTAMP WITH TIME ZONE"}),
    "timestamptz": frozenset({"TIMESTAMP_S", "TIMESTAMP_MS", "DATE", "TIMESTAMP"}),  # zoneless is taken as UTC
}


@dataclass(frozen=True, slots=True)
class Cast:
    """One column of the conformed dataset: its expression, and when the value is lost (None: never)."""

    column: str
    expression: str
    is_lost: str | None = None

    @property
    def is_identity(self) -> bool:
        return self.expression == identifier(self.column)


@dataclass(frozen=True, slots=True)
class Conform:
    """How to read staged files as the contract's columns, and what about their structure cannot be conformed."""

    casts: tuple[Cast, ...]
    ignored: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def is_identity(self) -> bool:
        """Whether the staged files already are what the contract says, so that they can be published untouched."""
        return not self.ignored and all(cast.is_identity for cast in self.casts)

    @property
    def lossy(self) -> tuple[Cast, ...]:
        return tuple(cast for cast in self.casts if cast.is_lost)


def conform(contract: Contract, staged: Mapping[str, str]) -> Conform:
    """Compare `staged` (column name -> DuckDB type) with the contract.

    Columns the contract does not know are refused or ignored as it says; a missing optional column becomes null and a
    missing required one is a problem.
    """
    problems, casts = [], []
    for column in contract.columns:
        if column.name in staged:
            casts.append(cast(column, staged[column.name]))
        elif column.required or (contract.partitioning and column.name in contract.partitioning.columns):
            problems.append(f"required column {column.name} ({column.type}) is missing")
        else:
            casts.append(Cast(column.name, f"CAST(NULL AS {sql_type(column.type)})"))
    unknown = tuple(name for name in staged if name not in contract.column_names)
    if unknown and contract.unknown_columns == "refuse":
        problems.append(
            f"column(s) {', '.join(unknown)} are not in the contract; add them to it, drop them in the producer, "
            "or set unknownColumns: ignore"
        )
    return Conform(tuple(casts), unknown, tuple(problems))


def cast(column: Column, staged: str) -> Cast:
    """The cast of one staged column (a DuckDB type name) to its contract type."""
    name, target = identifier(column.name), sql_type(column.type)
    if staged == target:
        return Cast(column.name, name)
    always = f"CAST({name} AS {target})"
    if _always_fits(column.type, staged):
        return Cast(column.name, always)
    tried = f"TRY_CAST({name} AS {target})"
    if staged == "VARCHAR":
        return Cast(column.name, f"TRY_CAST(trim({name}) AS {target})", _text_is_lost(name, column.type))
    # Lossless means that the value survives the way there and back.
    return Cast(column.name, tried, f"({name} IS NOT NULL AND TRY_CAST({tried} AS {staged}) IS DISTINCT FROM {name})")


def _always_fits(target: ColumnType, staged: str) -> bool:
    if staged == '"NULL"' or target.kind == "string":
        return "[]" not in staged and not staged.startswith(("STRUCT", "MAP", "BLOB"))
    if target.kind in ("int", "long") and staged in INTEGERS:
        return INTEGERS[staged] < (4 if target.kind == "int" else 8)
    return staged in WIDER.get(target.kind, ())


def _text_is_lost(name: str, target: ColumnType) -> str:
    """Text is cast only where it spells exactly such a value: DuckDB alone would round '12.5' to an integer."""
    spelling = {
        "int": r"[+-]?[0-9]+",
        "long": r"[+-]?[0-9]+",
        "decimal": rf"[+-]?([0-9]+(\.[0-9]{{0,{target.scale}}}0*)?|\.[0-9]{{1,{max(target.scale, 1)}}}0*)",
        "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
        "boolean": r"(?i)true|false",
    }.get(target.kind)
    lost = f"TRY_CAST(trim({name}) AS {sql_type(target)}) IS NULL"
    if spelling:
        lost += f" OR NOT regexp_full_match(trim({name}), '{spelling}')"
    return f"({name} IS NOT NULL AND ({lost}))"
