"""Quarantined rows as they arrived: text that would not cast is taken back to its type, and cast anew.

What a value was is kept exactly (its text and its DuckDB type), so that it is cast as if its producer had just staged
it. Nested values have no exact text, and stay lost.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from data_platform.contracts.model import Contract
from data_platform.quality.conform import cast
from data_platform.quality.sql import identifier, text

TYPED = re.compile(r"[A-Z_ ]+(\(\d+,\d+\))?")
"""The types whose text can be taken back: plain ones, so that nothing else is ever put into a query."""


def noted(carrier: str, column: str) -> str:
    """An expression of what `_uncast` or `_types` (JSON by column) says about a column of the dataset, or null."""
    return f"CAST(CAST({carrier} AS JSON) AS MAP(VARCHAR, VARCHAR))[{text(column)}]"


def arrived_types(rows: str) -> str:
    """A query of the columns that have lost values among quarantined rows, each with the types of those values."""
    columns = f"SELECT _types, unnest(json_keys(_uncast)) AS __column FROM ({rows}) WHERE _uncast IS NOT NULL"
    kind = "CAST(CAST(_types AS JSON) AS MAP(VARCHAR, VARCHAR))[__column]"
    return f"SELECT DISTINCT __column, {kind} FROM ({columns}) ORDER BY ALL"


def restored_rows(contract: Contract, rows: str, types: Sequence[tuple[str, str | None]]) -> str:
    """A query of quarantined rows, stamp included, whose lost values (of these columns and types) are cast once more.

    What can be cast now stands in its column; what still cannot stays null, and in `_uncast`. What was lost in columns
    that the contract no longer has is forgotten.
    """
    arrived: dict[str, str] = {}
    columns, lost = [], []
    for column in contract.columns:
        kinds = [kind for name, kind in types if name == column.name]
        if not kinds:
            continue
        uncast, casts = noted("_uncast", column.name), {}
        for kind in kinds:
            if kind and TYPED.fullmatch(kind):
                name = f"__arrived_{len(arrived)}"
                value = f"CASE WHEN {noted('_types', column.name)} = {text(kind)} THEN {uncast} END"
                arrived[name] = f"TRY_CAST({value} AS {kind}) AS {name}"
                again = cast(replace(column, name=name), kind)
                casts[f"({name} IS NOT NULL AND NOT {again.is_lost or 'FALSE'})"] = again.expression
        cases = [f"WHEN {holds} THEN {value}" for holds, value in casts.items()]
        whole = identifier(column.name)
        columns.append(f"CASE {' '.join([*cases, f'WHEN TRUE THEN {whole}'])} END AS {whole}")
        still = " AND ".join([f"{uncast} IS NOT NULL", *(f"NOT {holds}" for holds in casts)])
        lost.append(f"CASE WHEN {still} THEN {{k: {text(column.name)}, v: {uncast}}} END")
    entries = f"list_filter([{', '.join(lost)}], lambda __item: __item IS NOT NULL)"
    remaining = f"CASE WHEN len({entries}) > 0 THEN CAST(to_json(map_from_entries({entries})) AS VARCHAR) END"
    columns.append(f"{remaining if lost else 'CAST(NULL AS VARCHAR)'} AS _uncast")
    hidden = f" EXCLUDE ({', '.join(arrived)})" if arrived else ""
    source = f"SELECT {', '.join(['*', *arrived.values()])} FROM ({rows})"
    return f"SELECT *{hidden} REPLACE ({', '.join(columns)}) FROM ({source})"
