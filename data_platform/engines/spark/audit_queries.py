"""A contract's own SQL on the cluster: it sees this dataset and those it names, under their names, while it runs."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from data_platform.contracts import Contract, Rule
from data_platform.engines.spark.audit_errors import told
from data_platform.engines.spark.audit_portable import NotPortable, portable
from data_platform.engines.spark.session import session, with_settings
from data_platform.quality.errors import RuleError
from data_platform.quality.queries import names_of, permitted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

AS_DUCKDB_READS = {
    "spark.sql.caseSensitive": "false",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.ansi.doubleQuotedIdentifiers": "false",
    "spark.sql.ansi.enforceReservedKeywords": "false",
    "spark.sql.parser.quotedRegexColumnNames": "false",
}


def answer(rule: Rule, contract: Contract, rows: Mapping[str, DataFrame]) -> float:
    """The number that a rule's query returns over the rows of datasets, by name; NaN where it returns none.

    RuleError where the query may not run, cannot be said in Spark, or returns no number.
    """
    query = permitted(rule, contract)
    cannot = f"{contract.dataset}: rule {rule.name} cannot be evaluated"
    with _views(rows) as views, with_settings(session(), AS_DUCKDB_READS):
        named = {name.lower(): view for dataset, view in views.items() for name in names_of(dataset, contract)}
        try:
            said = portable(query, named)
        except NotPortable as error:
            raise RuleError(
                f"{cannot} where Spark made the rows: {error}; say it in another way, or as an expression or a row rule; "
                f"query: {query}"
            ) from error
        with told(contract, rule, query):
            found = session().sql(said).limit(1).collect()
    try:
        value = found[0][0] if found else None
        return math.nan if value is None else float(value)
    except (TypeError, ValueError) as error:
        raise RuleError(f"{cannot}: it must return a number ({error}): {query}") from error


@contextmanager
def _views(rows: Mapping[str, DataFrame]) -> Iterator[dict[str, str]]:
    """A view of each dataset's rows, which nobody else can know the name of."""
    views = {dataset: f"__audited_{uuid.uuid4().hex}" for dataset in rows}
    try:
        for dataset, view in views.items():
            rows[dataset].createOrReplaceTempView(view)
        yield views
    finally:
        for view in views.values():
            session().catalog.dropTempView(view)
