"""Column lineage of SQL: `sql_lineage(query, tables)`, known before anything runs.

The query is parsed once and every scope in it is evaluated once, from its tables upwards: a relation is what its columns
and its rows come from, an expression is what its value comes from. Belongs here: what the clauses of a query mean for
lineage. Does not: reading contracts, dbt's manifest, running anything.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from data_platform.lineage.model import ANY, Lineage, opaque

log = logging.getLogger(__name__)

FAILED = "the query could not be understood"
"""How the reason begins where it is the fault of the extractor, or of the query."""


def sql_lineage(
    query: str, tables: Mapping[str, Lineage], outputs: Sequence[str] = (), dialect: str = "duckdb"
) -> Lineage:
    """Where the result of a query comes from, given the tables it may read, by name as the query writes it.

    Names have no case; `a.b` is also found as `db.a.b`, and `db.a.b` as `a.b`. `outputs` are the names of the result's
    columns where somebody knows them (a contract, the engine): they name computed columns, and what only data
    decides, as the columns of a PIVOT; without them that is one output `*`. What reads something unknown is
    opaque, and whatever goes wrong makes all outputs opaque: nothing is raised.
    """
    try:
        from data_platform.lineage.sql.query import evaluate

        return evaluate(query, tables, outputs, dialect)
    except Exception as problem:  # lineage never costs a run; what is wrong is said in the edges
        said = str(problem).strip().split("\n")[0] or type(problem).__name__
        log.warning("no column lineage of a query: %s", said)
        read = sorted(
            {origin.dataset for table in tables.values() for each in table.columns.values() for origin in each}
        )
        return opaque(outputs or (ANY,), read or (ANY,), f"{FAILED}: {said}")
