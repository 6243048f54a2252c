"""Staging: a producer's rows as Parquet files in the table's own folder, one partition per file, visible to nobody.

The files are written where they would be published, so that clean data is written once. Columns whose type merely has
to widen are widened on the way; whatever could lose a value is left for the audit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_platform.contracts import Contract
from data_platform.lakehouse.errors import StructureError
from data_platform.quality.conform import Cast, conform
from data_platform.quality.sql import bucket, identifier, sql_type, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation


WHOLE_FILES = "FILE_SIZE_BYTES '512MB'"


@dataclass(frozen=True, slots=True)
class Staged:
    """Parquet files not yet published. `columns` maps names to DuckDB types; `folder` is the publication's own;
    `sizes` are the files' bytes."""

    folder: str
    files: tuple[str, ...]
    columns: Mapping[str, str]
    sizes: tuple[int, ...] = ()
    rows: int = 0


def stage(relation: DuckDBPyRelation, contract: Contract, folder: str) -> Staged:
    """Write the relation's rows under `folder`, cut by partition.

    Raises StructureError, before anything is written, when the columns do not fit the contract.
    """
    columns = {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}
    shape = conform(contract, columns)
    if shape.problems:
        raise StructureError(contract.dataset, shape.problems)
    casts = {cast.column: cast for cast in shape.casts}
    written = {name: _staged(cast) for name, cast in casts.items()}
    keys = contract.partitioning.keys if contract.partitioning else ()
    cuts = {f"__partition_{i}": bucket(key, casts[key.column].expression) for i, key in enumerate(keys)}
    select = ", ".join(f"{value} AS {identifier(name)}" for name, value in (written | cuts).items())
    options = f"PARTITION_BY ({', '.join(cuts)})" if cuts else WHOLE_FILES
    make_folder(folder)
    written_files: Any = relation.query("frame", copy(f"SELECT {select} FROM frame", folder, options))
    copied = written_files.fetchall()
    types = {
        name: columns[name] if cast.is_lost else sql_type(contract.column(name).type) for name, cast in casts.items()
    }
    return staged_files(folder, copied, types)


def copy(query: str, folder: str, options: str) -> str:
    return f"COPY ({query}) TO {text(folder)} (FORMAT parquet, RETURN_STATS, OVERWRITE_OR_IGNORE, {options})"


def staged_files(folder: str, copied: list[tuple], columns: Mapping[str, str]) -> Staged:
    """What a COPY with RETURN_STATS says it wrote; files without rows are left out."""
    full = [(str(path), int(rows), int(size)) for path, rows, size, *_ in copied if rows]
    return Staged(
        folder,
        tuple(path for path, _, _ in full),
        columns,
        tuple(size for _, _, size in full),
        sum(rows for _, rows, _ in full),
    )


def make_folder(folder: str) -> None:
    if "://" not in folder:
        Path(folder).mkdir(parents=True, exist_ok=True)


def _staged(cast: Cast) -> str:
    """What is written for a column: the widened value, or the value as it came where casting could lose it."""
    return identifier(cast.column) if cast.is_lost else cast.expression
