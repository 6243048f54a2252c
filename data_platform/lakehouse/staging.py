"""Staging: a producer's rows as Parquet files in the table's own folder, one partition per file, visible to nobody.

The files are written where they would be published, so that good rows are written once: rows that a rule about single
rows will refuse have files of their own. Columns whose type merely has to widen are widened on the way; whatever could
lose a value is left for the audit, which trusts none of this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_platform.contracts import Contract
from data_platform.contracts.model import PUBLICATION
from data_platform.lakehouse.errors import StructureError
from data_platform.quality.conform import Cast, conform
from data_platform.quality.profile import Footer, Footers, footer
from data_platform.quality.rows import any_broken, refusing
from data_platform.quality.sql import bucket, buckets, identifier, settle, sql_type, text

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from duckdb import DuckDBPyConnection, DuckDBPyRelation

    from data_platform.lakehouse.bench import Bench, Work


WHOLE_FILES = "FILE_SIZE_BYTES '512MB'"


@dataclass(frozen=True, slots=True)
class Staged:
    """Parquet files not yet published. `columns` maps names to DuckDB types; `folder` is the publication's own;
    `sizes` are the files' bytes, `counts` their rows, and `footers` what their writer says about columns.

    `returned` are those of the files whose rows come back from quarantine, and carry its stamp; values in the columns
    `lost` may be lost already. `bench` is where the files are audited and split; None: here, by DuckDB.
    """

    folder: str
    files: tuple[str, ...]
    columns: Mapping[str, str]
    sizes: tuple[int, ...] = ()
    rows: int = 0
    returned: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    footers: Footers = field(default_factory=dict)
    bench: Callable[[Work], AbstractContextManager[Bench]] | None = field(default=None, repr=False, compare=False)


def stage(relation: DuckDBPyRelation, contract: Contract, folder: str) -> Staged:
    """Write the relation's rows under `folder`, cut by partition.

    Raises StructureError, before anything is written, when the columns do not fit the contract.
    """
    columns = {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}
    shape = conform(contract, columns)
    if shape.problems:
        raise StructureError(contract.dataset, shape.problems)
    casts = {cast.column: cast for cast in shape.casts}
    written = ", ".join(f"{_staged(cast)} AS {identifier(name)}" for name, cast in casts.items())
    keys = contract.partitioning.keys if contract.partitioning else ()
    cuts = {f"__partition_{i}": bucket(key, casts[key.column].expression) for i, key in enumerate(keys)}
    query, options = f"SELECT {', '.join([written, *_named(cuts)])} FROM frame", _options(cuts)
    rules = [rule for rule in refusing(contract.rules_at(PUBLICATION)) if rule.kind != "type"]
    if rules and not shape.lossy:
        cuts = dict(zip(cuts, buckets(contract.partitioning), strict=True))
        refused = {"__refused": any_broken(rules, contract, shape)}
        query = f"SELECT {', '.join(['*', *_named(cuts | refused)])} FROM (SELECT {written} FROM frame)"
        options = _options(cuts | refused) + ("" if cuts else f", {WHOLE_FILES}")
    make_folder(folder)
    written_files: Any = settle(relation).query("frame", copy(query, folder, options))
    copied = written_files.fetchall()
    types = {
        name: columns[name] if cast.is_lost else sql_type(contract.column(name).type) for name, cast in casts.items()
    }
    return staged_files(folder, copied, types)


def copy(query: str, folder: str, options: str) -> str:
    """The COPY that writes all data files.

    Columns of many values are given no dictionary, and none is tried for long: a fifth less work, files 6 % larger.
    """
    few = "DICTIONARY_SIZE_LIMIT 4096"
    return f"COPY ({query}) TO {text(folder)} (FORMAT parquet, RETURN_STATS, OVERWRITE_OR_IGNORE, {few}, {options})"


def write(connection: DuckDBPyConnection, query: str, folder: str, options: str) -> Staged:
    """Write the rows of a query under `folder`, cut as a COPY's `options` say."""
    make_folder(folder)
    return staged_files(folder, connection.execute(copy(query, folder, options)).fetchall(), {})


def staged_files(folder: str, copied: list[tuple], columns: Mapping[str, str]) -> Staged:
    """What a COPY with RETURN_STATS says it wrote; files without rows are left out."""
    full = [(str(path), int(rows), int(size), told) for path, rows, size, _, told, *_ in copied if rows]
    return Staged(
        folder,
        tuple(path for path, *_ in full),
        columns,
        tuple(size for _, _, size, _ in full),
        sum(rows for _, rows, *_ in full),
        counts=tuple(rows for _, rows, *_ in full),
        footers={path: _footers(columns, told) for path, _, _, told in full},
    )


def _footers(columns: Mapping[str, str], told: Mapping[str, Mapping[str, str]]) -> dict[str, Footer]:
    found = {name: footer(told.get(identifier(name), {})) for name in columns}
    return {name: each for name, each in found.items() if each is not None}


def _named(expressions: Mapping[str, str]) -> list[str]:
    return [f"{expression} AS {name}" for name, expression in expressions.items()]


def _options(cuts: Mapping[str, str]) -> str:
    return f"PARTITION_BY ({', '.join(cuts)})" if cuts else WHOLE_FILES


def make_folder(folder: str) -> None:
    if "://" not in folder:
        Path(folder).mkdir(parents=True, exist_ok=True)


def _staged(cast: Cast) -> str:
    """What is written for a column: the widened value, or the value as it came where casting could lose it."""
    return identifier(cast.column) if cast.is_lost else cast.expression
