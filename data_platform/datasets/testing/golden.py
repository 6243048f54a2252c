"""Golden files: the very rows that a dataset publishes, kept beside its tests.

    assert_golden(listing_stats, "golden/listing_stats.csv", partition="2026-11-02")

The order of rows does not matter; columns, types and values do. `pytest --update-golden` writes the files anew. A file is
`.csv` or `.json` (one row per line: both are read in a review), or `.parquet`, which also keeps the types.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_platform.datasets.dataset import Dataset
from data_platform.datasets.testing import golden_files
from data_platform.datasets.testing.convert import as_arrow
from data_platform.datasets.testing.holds import table
from data_platform.datasets.testing.lakehouses import read_dataset

if TYPE_CHECKING:
    import pyarrow as pa

    Cells = tuple[str | None, ...]

updating = False
"""Whether golden files are written rather than compared: pytest's option `--update-golden`."""
SHOWN, WIDEST = 10, 60
HOW = "run `pytest --update-golden` once, look at the file, and keep it with the tests"


def assert_golden(
    got: Any, path: str | Path, partition: str | Sequence[str] | None = None, *, key: Sequence[str] = ()
) -> None:
    """Fail, with the rows and cells that differ, unless `got` has exactly the rows of a golden file.

    `got` is a frame, or a dataset: then what the current lakehouse has published of it, all or of some partitions. A
    relative `path` begins at the folder of the test that calls. Rows are told apart by `key`: the contract's primary
    key where there is one, else all columns.
    """
    file = Path(inspect.stack()[1].filename).parent / path
    if isinstance(got, Dataset):
        key = key or got.contract.primary_key
        chosen = [partition] if isinstance(partition, str) else partition
        rows = read_dataset(got.contract, chosen)
    else:
        rows = as_arrow(got)
    if updating:
        file.parent.mkdir(parents=True, exist_ok=True)
        golden_files.write(rows, file)
        return
    if not file.exists():
        raise AssertionError(f"there is no golden file {file}: {HOW}")
    if problems := differences(rows, file, [name for name in key if name in rows.column_names]):
        raise AssertionError("\n".join([f"not the rows of {file.name}:", *problems, "", f"If they are right, {HOW}."]))


def differences(rows: pa.Table, file: Path, key: Sequence[str]) -> list[str]:
    """What differs from a golden file, in lines; none where nothing does."""
    columns, expected = golden_files.read(file)
    if problems := _shape(columns, rows.schema):
        return problems
    names = list(columns)
    found = golden_files.spelt(rows.select(names))
    missing, extra = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
    if not missing and not extra:
        return []
    places = [names.index(name) for name in key]
    lacking, surplus, changed = _paired(list(missing.elements()), list(extra.elements()), places)
    lines = []
    for title, of in (("missing", lacking), ("extra", surplus)):
        if of:
            lines += [f"{len(of)} row(s) {title}:", *_table(names, of)]
    if changed:
        cells = [
            (", ".join(_shown(old[place]) for place in places), name, _shown(one), _shown(other))
            for old, new in changed
            for name, one, other in zip(names, old, new, strict=True)
            if one != other
        ]
        lines += [f"{len(changed)} row(s) changed:"]
        lines += table([", ".join(key), "column", "golden", "got"], cells[:SHOWN]) + _more(len(cells))
    return lines


def _shape(columns: Mapping[str, str | None], schema: pa.Schema) -> list[str]:
    """Columns that are not there, or of another type (where the file knows them)."""
    lines = [f"column missing: {name}" for name in columns if name not in schema.names]
    lines += [f"column extra: {name}" for name in schema.names if name not in columns]
    return lines + [
        f"column {name}: golden {kind}, got {golden_files.type_text(schema.field(name).type)}"
        for name, kind in columns.items()
        if kind is not None and name in schema.names and kind != golden_files.type_text(schema.field(name).type)
    ]


def _paired(
    missing: list[Cells], extra: list[Cells], places: Sequence[int]
) -> tuple[list[Cells], list[Cells], list[tuple[Cells, Cells]]]:
    """Rows that are missing, extra, and, where both have the one row of a key, changed."""

    def by_key(rows: list[Cells]) -> dict[Any, list[Cells]]:
        found: dict[Any, list[Cells]] = {}
        for row in rows:
            found.setdefault(tuple(row[place] for place in places), []).append(row)
        return found

    if not places:
        return sorted(missing, key=repr), sorted(extra, key=repr), []
    old, new = by_key(missing), by_key(extra)
    both = [each for each in old if len(old[each]) == len(new.get(each, ())) == 1]
    changed = sorted(((old.pop(each)[0], new.pop(each)[0]) for each in both), key=repr)
    left, more = ([row for rows in each.values() for row in rows] for each in (old, new))
    return sorted(left, key=repr), sorted(more, key=repr), changed


def _table(names: Sequence[str], rows: Sequence[Cells]) -> list[str]:
    return table(names, [[_shown(cell) for cell in row] for row in rows[:SHOWN]]) + _more(len(rows))


def _more(number: int) -> list[str]:
    return [f"  ... and {number - SHOWN:,} more"] if number > SHOWN else []


def _shown(cell: str | None) -> str:
    if cell is None:
        return "null"
    return cell if len(cell) <= WIDEST else cell[: WIDEST - 1] + "…"
