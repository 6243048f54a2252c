"""The bench for everything that was staged in this process: DuckDB, in memory, closed to all but the staged files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from hashlib import md5
from typing import TYPE_CHECKING

from data_platform.contracts import Rule
from data_platform.contracts.rules import describe
from data_platform.lakehouse.bench import Bench, Counts, Work
from data_platform.lakehouse.duck import connect, restrict
from data_platform.lakehouse.references import gather
from data_platform.lakehouse.staging import WHOLE_FILES, Staged, write
from data_platform.quality.audit import FileCount, PartitionAudit, audit
from data_platform.quality.duplicates import LARGE
from data_platform.quality.elsewhere import NOWHERE
from data_platform.quality.examples import judge
from data_platform.quality.policy import Verdict
from data_platform.quality.profile import Profiler
from data_platform.quality.rows import (
    CONFORMED,
    POSITION,
    STAGED,
    broken_rows,
    create_views,
    partition_text,
    within,
)
from data_platform.quality.split import Refusal, good_rows, refuse, refused_rows
from data_platform.quality.sql import buckets, identifiers, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def duck_bench(work: Work) -> Iterator[Bench]:
    with closing(connect(work.lakehouse.settings.warehouse)) as connection:
        create_views(connection, work.shape, work.staged.files, work.staged.columns)
        yield _DuckBench(connection, work)


class _DuckBench:
    def __init__(self, connection: DuckDBPyConnection, work: Work) -> None:
        self._connection, self._work = connection, work
        self._elsewhere = NOWHERE

    def count(self) -> dict[str | None, PartitionAudit]:
        work, contract, staged = self._work, self._work.contract, self._work.staged
        self._elsewhere, files = gather(
            self._connection, work.lakehouse, contract, work.rules, work.partitions, work.others, work.inputs
        )
        restrict(self._connection, work.folders, work.spill, files)
        profiler = Profiler.of(contract, work.shape, staged.files, staged.footers)
        return audit(self._connection, contract, work.shape, work.partitions, work.rules, self._elsewhere, profiler)

    def judge(self, counted: Mapping[str | None, PartitionAudit]) -> tuple[Verdict, ...]:
        work = self._work
        return judge(self._connection, work.contract, work.shape, work.rules, work.partitions, counted, self._elsewhere)

    def refuse(self, verdicts: Sequence[Verdict], counted: Mapping[str | None, PartitionAudit]) -> Refusal:
        return refuse(self._connection, self._work.contract, verdicts, counted, self._elsewhere)

    def good(self, refusal: Refusal, counts: Counts, dirty: Collection[str]) -> list[Staged]:
        contract, folder = self._work.contract, self._work.folders[0]
        cuts = {f"__partition_{i}": cut for i, cut in enumerate(buckets(contract.partitioning))}
        return [
            write(
                self._connection,
                good_rows(contract, self._work.shape, refusal, {} if partition is not None else cuts, files),
                f"{folder}/good/{place}",
                WHOLE_FILES if partition is not None or not cuts else f"PARTITION_BY ({', '.join(cuts)})",
            )
            for place, (partition, files) in enumerate(_portions(counts, dirty, lambda count: count.rows))
        ]

    def refused(self, refusal: Refusal, counts: Counts) -> list[Staged]:
        contract, shape, folder = self._work.contract, self._work.shape, self._work.folders[1]
        reasons = {rule.name: f"broken: {describe(rule)}" for rule in contract.rules}
        written: list[Staged] = []
        for partition, files in _portions(counts, refusal.whole | refusal.mixed, lambda count: count.refused):
            named = partition_text(contract) if partition is None else text(partition)
            query = refused_rows(contract, shape, refusal, files, named, reasons, self._work.stamp)
            if partition is None:
                query = f"SELECT *, md5(_partition) AS __cut FROM ({query})"
                written.append(write(self._connection, query, f"{folder}/refused", "PARTITION_BY (__cut)"))
            else:
                written.append(write(self._connection, query, f"{folder}/refused/{cut_of(partition)}", WHOLE_FILES))
        return written

    def sample(self, rules: Sequence[Rule], files: Collection[str], limit: int, path: str) -> None:
        contract, shape = self._work.contract, self._work.shape
        picked = " UNION ".join(
            f"(SELECT {POSITION} FROM {CONFORMED} WHERE {within(files)} "
            f"AND ({broken_rows(rule, contract, shape)}) LIMIT {limit})"
            for rule in rules
        )
        columns = identifiers(self._work.staged.columns)
        rows = f"SELECT {columns} FROM {STAGED} SEMI JOIN ({picked}) USING ({POSITION})"
        self._connection.execute(f"COPY ({rows}) TO {text(path)} (FORMAT parquet)")


def _portions(
    counts: Counts, chosen: Collection[str], written: Callable[[FileCount], int]
) -> Iterator[tuple[str | None, list[str]]]:
    """The chosen files as they are written again: each large partition by itself, which takes half the work of cutting
    rows by partition; small ones all together, under None."""
    files = {partition: [file for file in of if file in chosen] for partition, of in counts.items()}
    rows = sum(written(count) for of in counts.values() for file, count in of.items() if file in chosen)
    touched = {partition: of for partition, of in files.items() if of}
    if rows > LARGE * len(touched):
        yield from touched.items()
    elif touched:
        yield None, [file for of in touched.values() for file in of]


def cut_of(partition: str) -> str:
    """The folder of a partition's refused rows."""
    return f"__cut={md5(partition.encode(), usedforsecurity=False).hexdigest()}"
