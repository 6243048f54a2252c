"""The rows of files that landed, as one relation, though over the years files come to have more columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_platform.contracts import Contract
from data_platform.files.errors import FileError
from data_platform.files.landing.arrivals import partition_of_row
from data_platform.files.landing.contents import Landed
from data_platform.files.landing.folder import Folder
from data_platform.files.landing.marker import Landing
from data_platform.files.read import read
from data_platform.files.reading import Reading
from data_platform.quality.sql import identifier, sql_type, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation


@dataclass(frozen=True, slots=True)
class Zone:
    """A landing zone where it is: what its marker says, for which dataset, in which folder."""

    landing: Landing
    contract: Contract
    folder: Folder

    def rows(self, files: Sequence[Landed], reading: Reading) -> DuckDBPyRelation:
        """All rows of these files; with the columns of their partition, if only their names have those.

        Raises FileError for a file that cannot be read, some of it at the end of the block of `reading`.
        """
        partitioning = self.contract.partitioning if self.landing.partition == "name" else None
        keys = partitioning.columns if partitioning else ()
        try:
            rows = self._alike(files, reading)
        except FileError:
            if len(files) == 1:
                raise
        else:
            if all(key in rows.columns for key in keys):
                return rows
        alike: dict[tuple[str, ...], list[Landed]] = {}
        for each in files:
            columns = self._alike([each], reading).columns
            named = "" if all(key in columns for key in keys) else each.partitions[0]
            alike.setdefault((named, *sorted(columns)), []).append(each)
        return _together([_filled(self._alike(of, reading), self.contract, named) for (named, *_), of in alike.items()])

    def rows_of(self, partitions: Iterable[str], files: Sequence[Landed], reading: Reading) -> DuckDBPyRelation:
        """The rows of files that are of these partitions. Where files are named by theirs, all: what disagrees with
        the name is not ours to drop."""
        rows = self.rows(files, reading)
        if self.contract.partitioning is None or self.landing.partition == "name":
            return rows
        return rows.filter(f"{partition_of_row(rows, self.contract)} IN ({', '.join(map(text, partitions))})")

    def _alike(self, files: Sequence[Landed], reading: Reading) -> DuckDBPyRelation:
        types = {column.name: column.type for column in self.contract.columns}
        return read([self.folder.at(each.path) for each in files], self.landing.format, types, reading=reading)


def no_rows(contract: Contract) -> DuckDBPyRelation:
    """Nothing, with the contract's columns."""
    import duckdb

    columns = [f"CAST(NULL AS {sql_type(each.type)}) AS {identifier(each.name)}" for each in contract.columns]
    nothing = duckdb.sql(f"SELECT {', '.join(columns)} WHERE FALSE")
    assert nothing is not None
    return nothing


def _together(relations: Sequence[DuckDBPyRelation]) -> DuckDBPyRelation:
    """The rows of all, null where some have no such column."""
    columns = list(dict.fromkeys(name for each in relations for name in each.columns))
    first, *others = [
        each.project(
            ", ".join(identifier(name) if name in each.columns else f"NULL AS {identifier(name)}" for name in columns)
        )
        for each in relations
    ]
    for each in others:
        first = first.union(each)
    return first


def _filled(rows: DuckDBPyRelation, contract: Contract, partition: str) -> DuckDBPyRelation:
    """The rows with the columns of their partition that they lack; as they are where that is ''."""
    added: list[str] = []
    if contract.partitioning is None or not partition:
        return rows
    for key, value in zip(contract.partitioning.keys, partition.split("|"), strict=True):
        if key.column not in rows.columns:
            spelt = f"{value[:10]} {value[11:]}:00" if key.granularity == "hour" else value
            added.append(f"{text(spelt)} AS {identifier(key.column)}")
    return rows.project(", ".join(["*", *added])) if added else rows
