"""A contract's own SQL, run over one partition: it sees this dataset and those it names, under their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from data_platform.contracts.model import Contract, Rule
from data_platform.contracts.queries import QueryError, portable, tables
from data_platform.quality.errors import RuleError
from data_platform.quality.sql import identifier, identifiers

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def permitted(rule: Rule, contract: Contract) -> str:
    """The SQL of a `sql` rule, after making sure that it is one SELECT from this dataset and those in `rule.reads`.

    Raises RuleError. What the connection can reach at all is the caller's matter; this also keeps a query from reading
    the files, and so the columns, that are behind the views it may see.
    """
    query = portable(str(rule.arguments["query"]))
    allowed = {name for dataset in _seen(rule, contract) for name in names_of(dataset, contract)}
    try:
        unknown = [name for name in tables(query) if name.lower() not in {each.lower() for each in allowed}]
    except QueryError as error:
        raise RuleError(
            f"{contract.dataset}: rule {rule.name}: the query must be one SELECT from datasets: {error}; query: {query}"
        ) from error
    if unknown:
        raise RuleError(
            f"{contract.dataset}: rule {rule.name} cannot be evaluated: it may read {', '.join(sorted(allowed))}, and not "
            f"{', '.join(unknown)}; query: {query}"
        )
    return query.replace("{object}", identifier(contract.name)).replace("{property}", identifiers(rule.columns))


@contextmanager
def views(connection: DuckDBPyConnection, contract: Contract, rows: Mapping[str, str]) -> Iterator[None]:
    """The rows of datasets (name -> query) under the names that a query gives them, for as long as it runs."""
    names = [name for dataset in rows for name in names_of(dataset, contract)]
    try:
        for dataset, query in rows.items():
            for name in names_of(dataset, contract):
                if "." in name:
                    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(dataset.partition('.')[0])}")
                connection.execute(f"CREATE OR REPLACE VIEW {_quoted(name)} AS {query}")
        yield
    finally:
        for name in names:
            connection.execute(f"DROP VIEW IF EXISTS {_quoted(name)}")


def run(connection: DuckDBPyConnection, query: str) -> float | None:
    """The number that a query returns; None where it returns none. TypeError or ValueError where it is no number."""
    value, *_ = connection.execute(query).fetchone() or (None,)
    return float(value) if value is not None else None


def _seen(rule: Rule, contract: Contract) -> Sequence[str]:
    return [contract.dataset, *(reference.dataset for reference in rule.reads)]


def names_of(dataset: str, contract: Contract) -> list[str]:
    """How a query may call a dataset: `domain.name`, and within the domain simply `name`."""
    domain, _, name = dataset.partition(".")
    return [dataset, name] if domain == contract.domain else [dataset]


def _quoted(name: str) -> str:
    return ".".join(map(identifier, name.split(".")))
