"""Where refused rows are found: in what the last refusals kept, in the quarantine, in files at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data_platform.contracts import Contract
from data_platform.lakehouse import Lakehouse, plan_read
from data_platform.lakehouse.duck import connect, stored
from data_platform.lakehouse.quarantine import quarantine_contract, waiting
from data_platform.lakehouse.refusals import Refusal, refusals
from data_platform.quality.restore import arrived_types, noted
from data_platform.quality.sql import files as parquet
from data_platform.quality.sql import identifier

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation


@dataclass(frozen=True, slots=True)
class Evidence:
    """Rows that were, or would be, refused, with the columns they came with; `rows` is None where none were kept.

    `rules` counts the refused rows by rule, of which `rows` may be a sample, and `reasons` says in words why they are.
    `partitions` are those concerned. `is_whole` says that `rows` are all rows, good ones included.
    """

    source: str
    rows: DuckDBPyRelation | None
    partitions: tuple[str, ...] = ()
    rules: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    is_whole: bool = False

    @property
    def columns(self) -> dict[str, str]:
        """The columns that came, with their DuckDB types."""
        if self.rows is None:
            return {}
        return {name: str(kind) for name, kind in zip(self.rows.columns, self.rows.types, strict=True)}


@contextmanager
def kept_evidence(
    lakehouse: Lakehouse, contract: Contract, partitions: Sequence[str] | None = None
) -> Iterator[list[Evidence]]:
    """What the last refusals kept, oldest first, then what waits in quarantine; of all partitions (None) or of some."""
    with ExitStack() as stack:
        found = []
        for each in refusals(lakehouse, contract):
            if partitions is None or set(partitions) & set(each.partitions):
                connection = stack.enter_context(closing(connect(lakehouse.settings.warehouse)))
                rows = connection.sql(f"SELECT * FROM {parquet([each.rows])}") if each.rows else None
                found.append(_refused(each, rows))
        if there := waiting(lakehouse, contract, partitions):
            connection = stack.enter_context(closing(connect(lakehouse.settings.warehouse)))
            plan = plan_read(lakehouse, quarantine_contract(contract), (), list(there), allow_missing=True)
            query = stored(connection, plan.columns, plan.files)
            lost = {name for name, _ in connection.execute(arrived_types(query)).fetchall()}
            columns = [
                f"coalesce({noted('_uncast', each.name)}, CAST({identifier(each.name)} AS VARCHAR)) "
                f"AS {identifier(each.name)}"
                if each.name in lost and not each.type.is_nested
                else identifier(each.name)
                for each in contract.columns
            ]
            counts: dict[str, int] = {}
            for each in there.values():
                for rule, count in each.rules.items():
                    counts[rule] = counts.get(rule, 0) + count
            rows = connection.sql(f"SELECT {', '.join(columns)} FROM ({query})")
            total = sum(each.rows for each in there.values())
            found.append(Evidence(f"{total:,} row(s) in quarantine", rows, tuple(there), counts))
        yield found


def _refused(refusal: Refusal, rows: DuckDBPyRelation | None) -> Evidence:
    run = f" by run {refusal.run_id[:8]}" if refusal.run_id else ""
    return Evidence(
        f"refused {refusal.at[:16].replace('T', ' ')}{run} under contract {refusal.contract_version}",
        rows,
        refusal.partitions,
        refusal.rules or {},
        refusal.reasons or {},
        refusal.problems,
    )
