"""How staged columns become the contract's columns: as they are, by a cast that cannot lose, or by a checked cast.

A checked cast comes with a predicate that is true for the rows whose value would be lost or changed; those rows
break the contract's `type` rule.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from data_platform.contracts.model import Column, Contract
from data_platform.contracts.types import FLOATING, ColumnType
from data_platform.quality.sql import identifier, sql_type, text

INTEGERS = {"TINYINT": 1, "SMALLINT": 2, "INTEGER": 4, "BIGINT": 8, "UTINYINT": 1.5, "USMALLINT": 2.5, "UINTEGER": 4.5}
DIGITS = {"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "BIGINT": 19, "UTINYINT": 3, "USMALLINT": 5, "UINTEGER": 10}
WIDER: dict[str, frozenset[str]] = {  # contract type -> staged types that always fit
    "double": frozenset({"FLOAT", "TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"}),
    "float": frozenset({"TINYINT", "SMALLINT", "UTINYINT", "USMALLINT"}),
    "timestamp": frozenset({"TIMESTAMP_S", "TIMESTAMP_MS", "DATE", "TIMESTAMP WITH TIME ZONE"}),
    "timestamptz": frozenset({"TIMESTAMP_S", "TIMESTAMP_MS", "DATE", "TIMESTAMP"}),  # zoneless is taken as UTC
}
RESERVED = ("file_row_number", "file_index")
"""What DuckDB calls a row's place in its Parquet file, and the file's among others; such columns would hide it."""
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6}0*)?)?"
_ZONE = r"(Z| UTC|[+-][0-9]{2}(:?[0-9]{2})?)"
SPELT: dict[str, str] = {  # how text must spell a value to be cast without loss: DuckDB alone rounds and guesses
    "int": r"[+-]?[0-9]+",
    "long": r"[+-]?[0-9]+",
    "float": r"(?i)[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?|nan|[+-]?inf(inity)?",
    "double": r"(?i)[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?|nan|[+-]?inf(inity)?",
    "boolean": r"(?i)true|false",
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "time": _CLOCK,
    "timestamp": rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([ T]{_CLOCK}({_ZONE})?)?",
    "timestamptz": rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([ T]{_CLOCK}({_ZONE})?)?",
}

PRINTED: dict[str, int] = {  # type -> length of text (0: any) that is its value exactly if DuckDB prints the value so
    "int": 0,
    "long": 0,
    "decimal": 0,
    "date": 10,  # `infinity` and `10000-01-01` are printed as they are spelt, too, and are no dates elsewhere
    "timestamp": 19,
}
"""Most values are printed as they were spelt, which is seen at a third of the cost of matching a regular expression."""


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
    """How to read staged files as the contract's columns, and what about their structure cannot be conformed.

    `varied` says that the files do not all have the same columns; `returns`, that some of them hold rows that come back
    from quarantine, and with them columns of their own.
    """

    casts: tuple[Cast, ...]
    ignored: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    returns: bool = False
    varied: bool = False

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
    problems, casts = _unusable(contract), []
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
            f"column(s) {', '.join(unknown)} are not in the contract; they came as "
            f"{', '.join(staged[name] for name in unknown)}: add them to it, drop them in the producer, "
            "or set unknownColumns: ignore"
        )
    return Conform(tuple(casts), unknown, tuple(problems))


def returning(shape: Conform, lost: Collection[str]) -> Conform:
    """The same for rows that come back from quarantine: values of the columns `lost` may be lost already, which the
    files' `_uncast` (JSON: their text by column) says."""
    keys = "json_keys(_uncast)"
    casts = tuple(
        replace(cast, is_lost=f"coalesce(list_contains({keys}, {text(cast.column)}), FALSE)")
        if cast.column in lost
        else cast
        for cast in shape.casts
    )
    return replace(shape, casts=casts, returns=True, varied=True)


def as_published(contract: Contract, stored: Mapping[str, str]) -> Conform:
    """How to read a table's data files, which together have the columns `stored`: null where the contract has a newer
    column, widened where it has a wider type."""
    casts = (
        cast(column, stored[column.name])
        if column.name in stored
        else Cast(column.name, f"CAST(NULL AS {sql_type(column.type)})")
        for column in contract.columns
    )
    return Conform(tuple(casts), varied=True)


def _unusable(contract: Contract) -> list[str]:
    """Names that a contract's file cannot have, but a contract built in memory could."""
    names = contract.column_names
    problems = [f"column {name} has a reserved name; rename it" for name in names if _is_reserved(name)]
    if len({name.lower() for name in names}) < len(names):
        problems.append("some column names differ in upper and lower case only; rename them")
    return problems


def _is_reserved(name: str) -> bool:
    return name.startswith("_") or name.lower() in RESERVED


def cast(column: Column, staged: str) -> Cast:
    """The cast of one staged column (a DuckDB type name) to its contract type."""
    name, target = identifier(column.name), sql_type(column.type)
    if staged == target or (column.type.is_nested and staged.replace('"', "") == target.replace('"', "")):
        return Cast(column.name, name)
    if _always_fits(column.type, staged):
        return Cast(column.name, f"CAST({name} AS {target})")
    match staged, column.type.kind:
        case "VARCHAR", "binary":
            return Cast(column.name, f"encode({name})")
        case "VARCHAR", kind if kind in SPELT or kind == "decimal":
            tried = _from_text(name, column.type)
            return Cast(column.name, tried, _text_is_lost(name, tried, column.type))
        case "BLOB", "string":
            tried = f"TRY(decode({name}))"
            return Cast(column.name, tried, f"({name} IS NOT NULL AND {tried} IS NULL)")
    # Lossless means that the value survives the way there and back.
    tried = f"TRY_CAST({name} AS {target})"
    return Cast(column.name, tried, f"({name} IS NOT NULL AND TRY_CAST({tried} AS {staged}) IS DISTINCT FROM {name})")


def _always_fits(target: ColumnType, staged: str) -> bool:
    if staged == '"NULL"':
        return True
    if target.kind == "string":
        return not staged.endswith("]") and not staged.startswith(("STRUCT", "MAP", "UNION", "BLOB"))
    if target.kind in ("int", "long") and staged in INTEGERS:
        return INTEGERS[staged] < (4 if target.kind == "int" else 8)
    if target.kind == "decimal":
        whole, scale = _digits(staged)
        return target.precision - target.scale >= whole and target.scale >= scale
    return staged in WIDER.get(target.kind, ())


def _digits(staged: str) -> tuple[float, int]:
    """The digits before and after the point that a value of an exact numeric type can have."""
    if found := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", staged):
        precision, scale = int(found[1]), int(found[2])
        return precision - scale, scale
    return DIGITS.get(staged, math.inf), 0


def _from_text(name: str, target: ColumnType) -> str:
    if target.kind == "timestamp":  # DuckDB's own cast drops an offset such as +02:00 instead of applying it
        zoned = f"CAST(TRY_CAST(trim({name}) AS TIMESTAMP WITH TIME ZONE) AS TIMESTAMP)"
        return f"CASE WHEN {_as_printed(name, target)} THEN TRY_CAST({name} AS TIMESTAMP) ELSE {zoned} END"
    return f"TRY_CAST(trim({name}) AS {sql_type(target)})"


def spelling(target: ColumnType) -> str:
    """The regular expression that text must match as a whole to be a value of the type."""
    if target.kind != "decimal":
        return SPELT[target.kind]
    some = rf"[+-]?([0-9]+(\.[0-9]{{0,{target.scale}}}0*)?)"
    return some + rf"|[+-]?\.[0-9]{{1,{target.scale}}}0*" if target.scale else some


def _text_is_lost(name: str, tried: str, target: ColumnType) -> str:
    """Text is cast only where it spells exactly such a value: DuckDB alone would round '12.5' to an integer."""
    lost = f"{tried} IS NULL OR NOT regexp_full_match(trim({name}), {text(spelling(target))})"
    if target.kind in FLOATING:
        lost += f" OR (isinf({tried}) AND NOT contains(lower({name}), 'inf'))"
    lost = f"({name} IS NOT NULL AND ({lost}))"
    return f"CASE WHEN {_as_printed(name, target)} THEN FALSE ELSE {lost} END" if target.kind in PRINTED else lost


def _as_printed(name: str, target: ColumnType) -> str:
    """Whether text is what DuckDB prints for its value; null where it is not even a value."""
    printed = f"CAST(TRY_CAST({name} AS {sql_type(target)}) AS VARCHAR) = {name}"
    length = PRINTED[target.kind]
    return f"strlen({name}) = {length} AND {printed}" if length else printed
