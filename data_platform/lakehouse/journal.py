"""Journals: datasets of the platform itself that every publication adds rows to.

A publication leaves its rows as one small file, waiting; `fold` brings what waits into the journal's table, one file per
day. Whoever reads, reads both.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.errors import LakehouseError
from data_platform.lakehouse.storage import filesystem

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
log = logging.getLogger(__name__)

METRICS = "platform.quality_metrics"
PUBLICATIONS = "platform.publications"
JOURNALS = (METRICS, PUBLICATIONS)
"""Of their own publications nothing is journalled: folding would never come to an end."""
EPOCH = date(1970, 1, 1)
"""What Iceberg counts days from."""
ATTEMPTS = 5


def leave(
    lakehouse: Lakehouse,
    journal: str,
    dataset: str,
    publication: str,
    rows: Callable[[], Sequence[Mapping[str, Any]]],
    schema: Callable[[], pa.Schema],
) -> None:
    """Let the rows of a publication wait, but for a journal's own. A failure is logged, for the publication has taken
    place."""
    if dataset in JOURNALS:
        return
    try:
        _write(lakehouse, f"{waiting_folder(lakehouse, journal)}/{dataset}/{publication}.parquet", rows(), schema())
    except Exception as error:  # whatever it is: the rows are published, and nobody should produce them again for it
        log.warning("%s: publication %s could not be noted in %s: %s", dataset, publication, journal, error)


def _write(lakehouse: Lakehouse, path: str, rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> None:
    """Whole or not at all: a reader never sees a file half written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    files, content = filesystem(lakehouse.settings.warehouse), io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), content)
    if path.startswith("s3://"):
        files.pipe_file(path, content.getvalue())
        return
    files.makedirs(path.rpartition("/")[0], exist_ok=True)
    files.pipe_file(f"{path}.part", content.getvalue())
    files.mv(f"{path}.part", path)


def waiting_folder(lakehouse: Lakehouse, journal: str) -> str:
    domain, _, name = journal.partition(".")
    return f"{lakehouse.settings.warehouse.rstrip('/')}/{domain}/{name}/waiting"


def waiting_files(lakehouse: Lakehouse, journal: str, datasets: Iterable[str] | None = None) -> list[str]:
    """The files that wait, those about some datasets or all."""
    files, folder = filesystem(lakehouse.settings.warehouse), waiting_folder(lakehouse, journal)
    scheme, found = "s3://" if folder.startswith("s3://") else "", list[str]()
    for each in [folder] if datasets is None else [f"{folder}/{dataset}" for dataset in datasets]:
        files.invalidate_cache(each)
        if files.exists(each):
            found += [f"{scheme}{path}" for path in sorted(files.find(each)) if path.endswith(".parquet")]
    return found


def committed_files(lakehouse: Lakehouse, journal: str, days: Collection[date] | None = None) -> list[str]:
    """The table's files, of some days or of all, of the latest day first."""
    table = lakehouse.existing_table(journal)
    if table is None or table.current_snapshot() is None:
        return []
    tasks = sorted(table.scan().plan_files(), key=lambda task: task.file.partition[0], reverse=True)
    chosen = None if days is None else {(day - EPOCH).days for day in days}
    return [task.file.file_path for task in tasks if chosen is None or task.file.partition[0] in chosen]


def reading(
    lakehouse: Lakehouse,
    journal: str,
    datasets: Iterable[str] | None,
    read: Callable[[list[str], list[str]], T],
    days: Collection[date] | None = None,
) -> T:
    """What `read` makes of the files that wait (about these datasets) and of the table's (of these days), of the latest
    day first.

    A row may be in both. Others may fold what waits meanwhile: then it is read again.
    """
    import duckdb

    for _ in range(ATTEMPTS):
        waiting = waiting_files(lakehouse, journal, datasets)  # first, so that what is folded now is in the table's
        try:
            return read(waiting, committed_files(lakehouse, journal, days))
        except duckdb.IOException:
            if waiting == waiting_files(lakehouse, journal, datasets):
                raise
    raise LakehouseError(f"{journal}: what waits was folded {ATTEMPTS} times while it was read; run it again.")
