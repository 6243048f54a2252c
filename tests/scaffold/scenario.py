"""Files made for a test, and what is inferred from them."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from data_platform.scaffold.infer import infer
from data_platform.scaffold.landed import landing_sources
from data_platform.scaffold.model import ColumnProfile, Findings, TableProfile
from data_platform.scaffold.sources import sources

MANY = 200


def write_csv(path: Path, columns: Mapping[str, Sequence[object]]) -> Path:
    """A CSV file of these columns; None is an empty field."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(
            ["" if value is None else value for value in row] for row in zip(*columns.values(), strict=True)
        )
    return path


def found_in(folder: Path, **files: Mapping[str, Sequence[object]]) -> Findings:
    """What is inferred from CSV files of these names and columns."""
    paths = [str(write_csv(folder / f"{name}.csv", columns)) for name, columns in files.items()]
    return infer(sources(paths, "shop", str(folder)))


def table_of(folder: Path, columns: Mapping[str, Sequence[object]], name: str = "things") -> TableProfile:
    [table] = found_in(folder, **{name: columns}).tables
    return table


def column_of(folder: Path, name: str, values: Sequence[object]) -> ColumnProfile:
    """A column beside a key, its values repeated until there are many."""
    repeated = [values[at % len(values)] for at in range(max(MANY, len(values)))]
    return table_of(folder, {"row_id": [f"r{at:06}" for at in range(len(repeated))], name: repeated}).column(name)


def land(folder: Path, files: Mapping[str, Mapping[str, Sequence[object]]]) -> Path:
    """Let CSV files land, by their names; they came a while ago, so nobody writes to them any more."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in files.items():
        then = write_csv(folder / name, columns).stat().st_mtime - 60
        os.utime(folder / name, (then, then))
    return folder


def orders_of(day: str, first: int = 0, rows: int = 60) -> dict[str, Sequence[object]]:
    """The orders of a day, numbered from `first`."""
    numbers = range(first, first + rows)
    return {
        "order_id": numbers,
        "ordered_on": [day] * rows,
        "status": ["new" if each % 2 else "paid" for each in numbers],
        "amount": [f"{each}.50" for each in numbers],
    }


def landed(folder: Path, files: Mapping[str, Mapping[str, Sequence[object]]], partition_by: str = "") -> TableProfile:
    """What is inferred from files that landed in a folder."""
    [table] = infer(landing_sources([str(land(folder, files))], "shop", "/"), partition_by=partition_by).tables
    return table
