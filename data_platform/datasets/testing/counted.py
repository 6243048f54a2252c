"""Rows that a contract's own SQL counts as wrong, left out: of `SELECT count(*) FROM {object} WHERE ...` which must be 0,
the condition says which. Any other query is only asked whether it holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from data_platform.contracts import Contract, Rule
from data_platform.quality.queries import permitted
from data_platform.quality.sql import identifier

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

_COUNT = r"\s*SELECT\s+count\(\*\)\s+FROM\s+{table}\s+WHERE\s+(?P<condition>.*)"
_MORE = re.compile(r"\b(SELECT|GROUP|HAVING|LIMIT|UNION|WINDOW|OVER|ORDER)\b", re.IGNORECASE)


def condition(rule: Rule, contract: Contract) -> str:
    """The condition under which a row is counted, where a rule is such a query and 0 is right; '' otherwise."""
    if rule.kind != "sql" or rule.reads or rule.threshold is None or not rule.threshold.holds(0):
        return ""
    pattern = _COUNT.format(table=re.escape(identifier(contract.name)))
    found = re.fullmatch(pattern, permitted(rule, contract), re.IGNORECASE | re.DOTALL)
    return found["condition"] if found and not _MORE.search(found["condition"]) else ""


def not_counted(table: pa.Table, conditions: Sequence[str]) -> pa.Table:
    """The rows that none of the conditions counts, without those for which one cannot be computed (a sum too large)."""
    import duckdb

    rows = _connection().from_arrow(table)

    def where(kept: str) -> pa.Table:
        wanted = " AND ".join(kept.replace("{}", each) for each in conditions)
        return rows.filter(wanted).to_arrow_table().cast(table.schema)

    try:
        return where("coalesce(NOT ({}), TRUE)")
    except duckdb.Error:
        return where("NOT TRY({})")


@lru_cache
def _connection() -> DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; SET enable_external_access = false")
    return connection
