"""Write-audit-publish against (a) no checks at all and (b) the obvious alternative, as whole processes in one run.

10M rows x 8 columns, shuffled over 30 days, 10 rules. (a) DuckDB `COPY ... PARTITION_BY` of the same rows; (b) pyiceberg
`overwrite` day by day after the same rules as a pandera schema, on pandas and on Polars. Targets: CPU at most 2 x (a), at
least 3 x less than (b); peak memory at most 1.5 GB. Figures are the operating system's own for each finished process.

    python benchmarks/publish.py [--rows 10000000] [--runs 3]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow

DAYS = 30
CATEGORIES = [f"category-{i:02}" for i in range(20)]


def generate(source: Path, rows: int) -> None:
    categories = ", ".join(f"'{name}'" for name in CATEGORIES)
    duckdb.sql("SELECT setseed(0.5)")
    duckdb.sql(
        f"""COPY (
            SELECT range AS listing_id, DATE '2026-01-01' + (hash(range) % {DAYS})::INTEGER AS day,
              (hash(range, 1) % 500000)::BIGINT AS user_id, (hash(range, 2) % 1000000) / 100.0::DOUBLE AS price,
              (hash(range, 3) % 10000)::BIGINT AS views, ([{categories}])[(1 + hash(range, 4) % 20)::BIGINT] AS category,
              'city-' || (hash(range, 5) % 1000) AS city, 'listing number ' || range || ' for sale' AS title
            FROM range({rows})
        ) TO '{source}' (FORMAT parquet)"""
    )


def contract():
    from data_platform.contracts import (
        Column,
        ColumnType,
        Contract,
        Partitioning,
        PartitionKey,
        Rule,
        Threshold,
    )

    long, text = ColumnType("long"), ColumnType("string")
    columns = (
        Column("listing_id", long, required=True),
        Column("day", ColumnType("date"), required=True),
        Column("user_id", long),
        Column("price", ColumnType("double")),
        Column("views", long),
        Column("category", text),
        Column("city", text),
        Column("title", text),
    )
    rules = (
        Rule("listing_id_required", "required", ("listing_id",)),
        Rule("day_required", "required", ("day",)),
        Rule("price_minimum", "minimum", ("price",), {"value": 0}),
        Rule("price_maximum", "maximum", ("price",), {"value": 10000}),
        Rule("views_minimum", "minimum", ("views",), {"value": 0}),
        Rule("category_enum", "enum", ("category",), {"values": CATEGORIES}),
        Rule("city_pattern", "pattern", ("city",), {"value": "^city-[0-9]+$"}),
        Rule("title_max_length", "max_length", ("title",), {"value": 80}),
        Rule("primary_key", "duplicate_values", ("listing_id",)),
        Rule("rows", "row_count", (), {}, Threshold("mustBeGreaterThan", 0)),
    )
    cut = Partitioning((PartitionKey("day", "day", "2026-01-01"),))
    return Contract("bench", "listings", "1.0.0", columns, rules=rules, partitioning=cut)


def run_platform(source: str, folder: str) -> None:
    """Staged, audited and published."""
    from data_platform.lakehouse import Lakehouse, publish, stage, staging_folder
    from data_platform.lakehouse.duck import connect
    from data_platform.settings import Settings

    lakehouse, promised = Lakehouse(Settings.at(Path(folder))), contract()
    days = [f"2026-01-{day:02}" for day in range(1, DAYS + 1)]
    relation = connect(lakehouse.settings.warehouse).read_parquet(source)
    staged = stage(relation, promised, staging_folder(lakehouse, promised))
    publication = publish(lakehouse, staged, promised, days)
    assert not publication.blocked and sum(publication.rows.values()) == staged.rows


def run_copy(source: str, folder: str) -> None:
    """DuckDB alone: partitioned Parquet, no table, no checks."""
    duckdb.sql(f"COPY (SELECT * FROM read_parquet('{source}')) TO '{folder}/copy' (FORMAT parquet, PARTITION_BY (day))")


def overwrite_by_day(folder: str, rows_of_day: Callable[[str], pyarrow.Table]) -> None:
    from pyiceberg.catalog import load_catalog
    from pyiceberg.expressions import EqualTo

    from data_platform.lakehouse.schema import iceberg_schema, partition_spec

    promised = contract()
    catalog = load_catalog("bench", type="sql", uri=f"sqlite:///{folder}/catalog.db", warehouse=folder)
    catalog.create_namespace("bench")
    fields = iceberg_schema(promised.columns)
    table = catalog.create_table("bench.listings", fields, partition_spec=partition_spec(promised, fields))
    for number in range(1, DAYS + 1):
        day = f"2026-01-{number:02}"
        table.overwrite(rows_of_day(day), overwrite_filter=EqualTo("day", day))


def run_pandas(source: str, folder: str) -> None:
    """pandera checks on pandas, then pyiceberg's overwrite, day by day."""
    import datetime

    import pandera.pandas as pa
    import pyarrow.dataset as ds

    schema = pa.DataFrameSchema(
        {
            "listing_id": pa.Column("int64", nullable=False),
            "day": pa.Column(object, nullable=False),
            "user_id": pa.Column("int64", nullable=True),
            "price": pa.Column("float64", [pa.Check.ge(0), pa.Check.le(10000)], nullable=True),
            "views": pa.Column("int64", pa.Check.ge(0), nullable=True),
            "category": pa.Column(object, pa.Check.isin(CATEGORIES), nullable=True),
            "city": pa.Column(object, pa.Check.str_matches("^city-[0-9]+$"), nullable=True),
            "title": pa.Column(object, pa.Check.str_length(max_value=80), nullable=True),
        },
        unique=["listing_id"],
    )
    rows = ds.dataset(source)

    def checked(day: str) -> pyarrow.Table:
        of_day = rows.to_table(filter=ds.field("day") == datetime.date.fromisoformat(day))
        frame = schema.validate(of_day.to_pandas(), lazy=True)
        return pyarrow.Table.from_pandas(frame, schema=of_day.schema, preserve_index=False)

    overwrite_by_day(folder, checked)


def run_polars(source: str, folder: str) -> None:
    """pandera checks on Polars, then pyiceberg's overwrite, day by day."""
    import pandera.polars as pa
    import polars as pl

    schema = pa.DataFrameSchema(
        {
            "listing_id": pa.Column(pl.Int64, nullable=False),
            "day": pa.Column(pl.Date, nullable=False),
            "user_id": pa.Column(pl.Int64, nullable=True),
            "price": pa.Column(pl.Float64, [pa.Check.ge(0), pa.Check.le(10000)], nullable=True),
            "views": pa.Column(pl.Int64, pa.Check.ge(0), nullable=True),
            "category": pa.Column(pl.String, pa.Check.isin(CATEGORIES), nullable=True),
            "city": pa.Column(pl.String, pa.Check.str_matches("^city-[0-9]+$"), nullable=True),
            "title": pa.Column(pl.String, pa.Check.str_length(max_value=80), nullable=True),
        },
        unique=["listing_id"],
    )

    def checked(day: str) -> pyarrow.Table:
        rows = pl.scan_parquet(source).filter(pl.col("day") == pl.lit(day).str.to_date()).collect()
        return schema.validate(rows, lazy=True).to_arrow()

    overwrite_by_day(folder, checked)


VARIANTS = {"platform": run_platform, "copy": run_copy, "pandas": run_pandas, "polars": run_polars}


def measure(name: str, source: Path) -> tuple[float, float, float]:
    """CPU seconds, wall seconds and peak GB of one variant as a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, __file__, "--variant", name, "--source", source, "--folder", folder]
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{name} failed with exit code {process.returncode}")
        return usage.ru_utime + usage.ru_stime, time.monotonic() - started, usage.ru_maxrss / 1e6


def main() -> None:
    from rich.console import Console
    from rich.table import Table

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    parser.add_argument("--source", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.variant:
        VARIANTS[asked.variant](asked.source, asked.folder)
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source.parquet"
        generate(source, asked.rows)
        figures = {name: [measure(name, source) for _ in range(asked.runs)] for name in VARIANTS}
    table = Table("variant", "CPU s", "wall s", "peak GB", title=f"{asked.rows:,} rows, median of {asked.runs}")
    median = {name: [statistics.median(each) for each in zip(*runs, strict=True)] for name, runs in figures.items()}
    for name, (cpu, wall, peak) in median.items():
        table.add_row(name, f"{cpu:.1f}", f"{wall:.1f}", f"{peak:.2f}")
    console = Console()
    console.print(table)
    cpu = {name: values[0] for name, values in median.items()}
    console.print(f"platform / copy        CPU {cpu['platform'] / cpu['copy']:.2f} x  (target <= 2)")
    for name in ("pandas", "polars"):
        console.print(f"pandera on {name} / platform  CPU {cpu[name] / cpu['platform']:.2f} x  (target >= 3)")
    console.print(f"peak memory            {median['platform'][2]:.2f} GB  (target <= 1.5)")


if __name__ == "__main__":
    main()
