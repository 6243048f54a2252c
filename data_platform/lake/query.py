"""SQL over datasets: one SELECT, in a DuckDB of its own that holds a view per dataset it names, and nothing else."""

from __future__ import annotations

import json
import re
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from data_platform.contracts import Contract
from data_platform.contracts.queries import QueryError, tables
from data_platform.lake.errors import LakeError
from data_platform.lake.reader import Reader
from data_platform.lakehouse import Lakehouse, ReadPlan
from data_platform.lakehouse.duck import connect, restrict, stored
from data_platform.quality.sql import identifier

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

_NAMED = re.compile(r'[Cc]olumn (?:named )?"([^"]+)"')
"""How DuckDB names the column that it does not find."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query returns, not yet computed; and what the reader should know about it, as sentences."""

    rows: DuckDBPyRelation
    connection: DuckDBPyConnection
    notes: tuple[str, ...] = ()
    seen: Mapping[str, Contract] = field(default_factory=dict)
    reader: Reader = field(default_factory=Reader)

    @contextmanager
    def computing(self) -> Iterator[DuckDBPyRelation]:
        """The rows, to be computed; LakeError for what DuckDB finds wrong meanwhile."""
        with told(self.reader, self.seen.values()):
            yield self.rows


def named_datasets(query: str) -> tuple[str, ...]:
    """The datasets that a query names, as it writes them; LakeError where it is not one SELECT over datasets."""
    import duckdb

    with duckdb.connect(":memory:") as parser, told():
        statements = parser.extract_statements(query)
        if not statements:
            raise LakeError("there is no query")
        if len(statements) > 1:
            raise LakeError(f"these are {len(statements)} statements; ask one question at a time")
        if statements[0].type is not duckdb.StatementType.SELECT:
            raise LakeError(
                f"only SELECT can be run here, and this is {statements[0].type.name}: datasets are read-only"
            )
    try:
        return tables(query.strip().rstrip(";"))
    except QueryError as error:
        raise LakeError(f"the query must be one SELECT over datasets: {error}") from None


def answer(
    lakehouse: Lakehouse,
    reader: Reader,
    query: str,
    params: Sequence[Any] | Mapping[str, Any] | None,
    plans: Sequence[tuple[Contract, ReadPlan]],
    writes: Sequence[str] = (),
) -> Answer:
    """The query over these datasets, each as its plan says; the connection may write the files `writes` only."""
    connection = connect(lakehouse.settings.warehouse)
    for contract, plan in plans:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(contract.domain)}")
        view = f"{identifier(contract.domain)}.{identifier(contract.name)}"
        connection.execute(f"CREATE VIEW {view} AS {stored(connection, plan.columns, plan.files)}")
    starred = _has_star(connection, query)
    files = [file for _, plan in plans for file in plan.files]
    # DuckDB makes the folder when it spills and removes it with the connection
    restrict(connection, (), f"{tempfile.gettempdir()}/data-platform-{uuid.uuid4().hex}.spill", [*files, *writes])
    seen = {contract.dataset: contract for contract, _ in plans}
    with told(reader, seen.values()):
        rows = connection.sql(query.strip().rstrip(";"), params=params)
    notes = [reader.left_out(contract) for contract in seen.values()] if starred else []
    notes += [held_back(plan) for _, plan in plans]
    return Answer(rows, connection, tuple(filter(None, notes)), seen, reader)


def held_back(plan: ReadPlan) -> str:
    """A sentence on partitions whose last publication was blocked, '' where there are none."""
    blocked = ", ".join(plan.blocked[:5]) + (f" and {len(plan.blocked) - 5} more" if len(plan.blocked) > 5 else "")
    if not plan.blocked:
        return ""
    of = f" of {blocked}" if blocked else ""
    return f"{plan.dataset}: a rule blocked what was last produced{of}; this is older, or lacks it"


@contextmanager
def told(reader: Reader | None = None, contracts: Iterable[Contract] = ()) -> Iterator[None]:
    """DuckDB's errors as LakeErrors: in its own words, which show the place; and a column that is only hidden from the
    reader is said to be that."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        asked = {name.lower() for name in _NAMED.findall(str(error))}
        for contract in contracts:
            for column in contract.columns:
                if reader and column.name.lower() in asked and not reader.cleared_for(column):
                    raise LakeError(reader.refusal(contract, column)) from None
        raise LakeError(str(error)) from None


def _has_star(connection: DuckDBPyConnection, query: str) -> bool:
    """Whether the query selects all columns of something."""
    (tree,) = connection.execute("SELECT json_serialize_sql($1)", [query.strip().rstrip(";")]).fetchall()[0]
    return _starred(json.loads(tree), False)


def _starred(node: Any, selected: bool) -> bool:
    """Only within what is selected: DuckDB writes `order by all` as a star, too; and `count(*)` counts rows."""
    if isinstance(node, list):
        return any(_starred(each, selected) for each in node)
    if not isinstance(node, dict) or node.get("function_name") in ("count", "count_star"):
        return False
    if selected and node.get("class") == "STAR":
        return True
    return any(_starred(each, selected or key == "select_list") for key, each in node.items() if key != "modifiers")
