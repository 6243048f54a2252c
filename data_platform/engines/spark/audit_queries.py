"""A contract's own SQL on the cluster: it sees this dataset and those it names, under their names, while it runs."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from data_platform.contracts import Contract, Rule
from data_platform.engines.spark.audit_errors import told
from data_platform.engines.spark.audit_portable import NotPortable, portable
from data_platform.engines.spark.session import session, with_settings
from data_platform.quality.errors import RuleError
from data_platform.quality.queries import names_of, permitted

AS_DUCKDB_READS = {
    "spark.sql.caseSensitive": "false",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.ansi.doubleQuotedIdentifiers": "false",
    "spark.sql.ansi.enforceReservedKeywords": "false",
    "spark.sql.parser.quotedRegexColumnNames": "false",
}


def answers(rule: Rule, contract: Contract, rows: Mapping[str, Mapping[str, DataFrame]]) -> dict[str, float]:
    """The number that a rule's query returns in each partition, over the rows of datasets, by name; NaN where it returns
    none. One job for all.

    RuleError where the query may not run, cannot be said in Spark, or returns no number.
    """
    query = permitted(rule, contract)
    cannot = f"{contract.dataset}: rule {rule.name} cannot be evaluated"
    with ExitStack() as until_collected, with_settings(session(), AS_DUCKDB_READS):
        asked = []
        for partition, of in rows.items():
            views = until_collected.enter_context(_views(of))
            named = {name.lower(): view for dataset, view in views.items() for name in names_of(dataset, contract)}
            try:
                said = portable(query, named)
            except NotPortable as error:
                raise RuleError(
                    f"{cannot} where Spark made the rows: {error}; say it in another way, or as an expression or a row "
                    f"rule; query: {query}"
                ) from error
            with told(contract, rule, query):
                asked.append(_first(session().sql(said), partition))
        with told(contract, rule, query):
            found = dict(reduce(DataFrame.unionAll, asked).collect())
    try:
        values = {partition: found.get(partition) for partition in rows}
        return {partition: math.nan if value is None else float(value) for partition, value in values.items()}
    except (TypeError, ValueError) as error:
        raise RuleError(f"{cannot}: it must return a number ({error}): {query}") from error


def _first(answer: DataFrame, partition: str) -> DataFrame:
    """The first value of the first row behind the partition's name."""
    places = [f"c{place}" for place, _ in enumerate(answer.columns)]
    return answer.limit(1).toDF(*places).select(F.lit(partition), places[0])


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
