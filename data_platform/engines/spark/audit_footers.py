"""What the footers of the files that Spark wrote say exactly: nulls, the smallest and the largest value of each column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_platform.engines.spark.audit_text import spelt
from data_platform.lakehouse.storage import filesystem
from data_platform.quality.profile import Footer, Footers

if TYPE_CHECKING:
    from data_platform.contracts import Column

AT_ONCE = 32
_Bounds = tuple[int, Any, Any]
"""Nulls, and the bounds: both None where there are only nulls, both UNKNOWN where the footer does not say."""
UNKNOWN = object()


def footers(files: Sequence[str], columns: Sequence[Column]) -> Footers:
    """By file and column, for columns that are not nested and stand in the file."""
    store: Any = filesystem(files[0]) if files else None
    with ThreadPoolExecutor(AT_ONCE) as pool:
        read = list(pool.map(lambda file: _File.of(pq.read_metadata(file, filesystem=store)), files))
    found: dict[str, dict[str, Footer]] = {file: {} for file in files}
    for column in columns:
        told = {file: each for file, of in zip(files, read, strict=True) if (each := of.told(column.name)) is not None}
        kinds = {of.kinds[column.name] for of in read if column.name in of.kinds}
        for file, footer in (_spelt(told, kinds.pop()) if len(kinds) == 1 else {}).items():
            found[file][column.name] = footer
    return found


@dataclass(frozen=True, slots=True)
class _File:
    """A file's footer; `places` are those of its columns, nested ones aside."""

    metadata: pq.FileMetaData
    kinds: Mapping[str, pa.DataType]
    places: Mapping[str, int]

    @classmethod
    def of(cls, metadata: pq.FileMetaData) -> _File:
        schema = metadata.schema
        places = {schema.column(place).path: place for place in range(metadata.num_columns)}
        return cls(metadata, {field.name: field.type for field in schema.to_arrow_schema()}, places)

    def told(self, name: str) -> _Bounds | None:
        """What all row groups say about a column; None where it is not there, or one does not even count its nulls."""
        if name not in self.places:
            return None
        nulls, lows, highs = 0, [], []
        for group in range(self.metadata.num_row_groups):
            chunk = self.metadata.row_group(group).column(self.places[name])
            statistics = chunk.statistics
            if statistics is None or not statistics.has_null_count:
                return None
            nulls += statistics.null_count
            if statistics.null_count == chunk.num_values:
                continue
            low, high = (statistics.min, statistics.max) if statistics.has_min_max else (UNKNOWN, UNKNOWN)
            if low is UNKNOWN or low != low or high != high:  # a NaN is no bound
                return nulls, UNKNOWN, UNKNOWN
            lows.append(low)
            highs.append(high)
        return nulls, min(lows, default=None), max(highs, default=None)


def _spelt(told: dict[str, _Bounds], kind: pa.DataType) -> dict[str, Footer]:
    """As DuckDB spells them; a boolean as its own footers have it."""
    known = {file: each for file, each in told.items() if each[1] is not UNKNOWN}
    sides = ([_plain(each[side]) for each in known.values()] for side in (1, 2))
    table = pa.table({name: pa.array(side, kind) for name, side in zip(("low", "high"), sides, strict=True)})
    texts = spelt(table, {"low": None, "high": None})
    found = {file: Footer(nulls, None) for file, (nulls, *_) in told.items()}
    for file, text in zip(known, texts, strict=True):
        low, high = text["low"], text["high"]
        if pa.types.is_boolean(kind):
            low, high = (None if each is None else str(int(each == "true")) for each in (low, high))
        found[file] = Footer(known[file][0], (low, high))
    return found


def _plain(value: Any) -> Any:
    """Writers make the smallest zero -0.0, whichever it was."""
    return value + 0.0 if isinstance(value, float) else value
