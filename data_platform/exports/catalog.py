"""A DuckDB file for BI tools: a view per dataset, at the snapshot that was current when the file was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from data_platform.contracts import Contract
from data_platform.exports.errors import ExportError
from data_platform.exports.target import created
from data_platform.lake import LakeError, Library
from data_platform.lake.query import held_back
from data_platform.lakehouse import MissingPartitions, ReadPlan
from data_platform.lakehouse.duck import connect, stored
from data_platform.quality.sql import identifier, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

READABLE_SINCE = "v1.0.0"
"""The oldest DuckDB that reads the file: the drivers of BI tools lag behind."""
CONTENTS = "datasets"
"""The file's only table: what each view shows. Everything else in it are views."""
_COLUMNS = (
    "dataset VARCHAR, description VARCHAR, owner VARCHAR, rows BIGINT, snapshot_id BIGINT, written_at TIMESTAMPTZ"
)


@dataclass(frozen=True, slots=True)
class Catalogued:
    """The datasets that have a view; `notes` are what the reader should know, as sentences."""

    datasets: tuple[str, ...]
    notes: tuple[str, ...] = ()


def write_catalog(library: Library, target: str) -> Catalogued:
    """Views over all that the reader may see, as one file that is swapped in: who has the old one open keeps it.

    Raises ExportError where something other than such a file is at `target`. What was never published has no view, and is
    in the notes.
    """
    if "://" in target:
        raise ExportError(f"{target}: a catalog is a local file; it has to be where the BI tool opens it")
    path = Path(target).expanduser().resolve()
    if path.is_file() and not _is_catalog(path):
        raise ExportError(f"{target} is there already and is no catalog; name another file, or remove it")
    with created(str(path), force=True) as draft:
        return _write(library, draft)


def _write(library: Library, draft: Path) -> Catalogued:
    connection = connect(library.lakehouse.settings.warehouse)
    try:
        connection.execute(f"ATTACH {text(str(draft))} AS bi (STORAGE_VERSION {text(READABLE_SINCE)})")
        connection.execute(f"CREATE TABLE bi.main.{CONTENTS} ({_COLUMNS})")
        shown, waiting, notes = [], [], []
        for contract in filter(library.reader.sees, library.contracts.values()):
            try:
                plan = library.plan(contract)
            except MissingPartitions:
                waiting.append(contract.dataset)
                continue
            except LakeError as error:  # no column is for this reader
                notes.append(str(error))
                continue
            _view(connection, contract, plan)
            shown.append(contract.dataset)
            notes += [library.reader.left_out(contract), held_back(plan)]
        connection.execute("DETACH bi")
    finally:
        connection.close()
    if waiting:
        notes.append(f"nothing is published yet of {', '.join(waiting)}: no view")
    return Catalogued(tuple(shown), tuple(filter(None, notes)))


def _view(connection: DuckDBPyConnection, contract: Contract, plan: ReadPlan) -> None:
    view = f"bi.{identifier(contract.domain)}.{identifier(contract.name)}"
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS bi.{identifier(contract.domain)}")
    connection.execute(f"CREATE VIEW {view} AS {stored(connection, plan.columns, plan.files)}")
    about = contract.description.partition("\n\n")[0]
    _comment(connection, f"VIEW {view}", about)
    for column in plan.columns:
        _comment(connection, f"COLUMN {view}.{identifier(column.name)}", column.description)
    row = [contract.dataset, about, ", ".join(contract.owners), plan.rows, plan.snapshot_id, datetime.now(UTC)]
    connection.execute(f"INSERT INTO bi.main.{CONTENTS} VALUES ({', '.join('?' for _ in row)})", row)


def _comment(connection: DuckDBPyConnection, what: str, said: str) -> None:
    """BI tools show it beside the name."""
    if said:
        connection.execute(f"COMMENT ON {what} IS {text(said)}")


def _is_catalog(path: Path) -> bool:
    """Whether a file is one of ours: of all tables it has only the list of its views."""
    import duckdb

    try:
        with duckdb.connect(str(path), read_only=True) as there:
            tables: Sequence[tuple[str, str]] = there.execute(
                "SELECT schema_name, table_name FROM duckdb_tables()"
            ).fetchall()
    except duckdb.Error:
        return False
    return list(tables) == [("main", CONTENTS)]
