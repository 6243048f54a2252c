"""From a large CSV file to a published dataset, against bare DuckDB `COPY ... TO parquet` of the same file in one run.

    python benchmarks/onboarding.py [--gigabytes 5] [--runs 1]

The file has ten columns: two identifiers, moments, words, amounts, text. `scaffold` profiles all of it and writes contract,
code and test; `ingest` materializes what was written, every check included. Targets: the two together take at most 3 x
the time of the copy, and no step holds more than 2 GB. Figures are the operating system's own for each finished process.
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

BYTES_PER_ROW = 156
WORDS = ("new", "paid", "shipped", "returned", "lost")


def generate(file: Path, gigabytes: float) -> int:
    """The file, and its rows."""
    import duckdb

    rows = int(gigabytes * 1e9 / BYTES_PER_ROW)
    words = ", ".join(f"'{word}'" for word in WORDS)
    connection = duckdb.connect(config={"memory_limit": "1GB"})
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(
        f"""COPY (
            SELECT range AS order_id, md5(((hash(range) % 1000000))::VARCHAR) AS customer_id,
              TIMESTAMP '2024-01-01' + to_seconds(range % 60000000) AS ordered_at,
              DATE '2024-01-01' + (hash(range, 1) % 700)::INTEGER AS ship_day,
              ([{words}])[(1 + hash(range, 2) % {len(WORDS)})::BIGINT] AS status,
              lpad((hash(range, 3) % 100000)::VARCHAR, 5, '0') AS shop_code,
              1 + hash(range, 4) % 9 AS pieces, ((hash(range, 5) % 1000000) / 100)::DECIMAL(10, 2) AS price,
              CASE WHEN hash(range, 6) % 4 = 0 THEN NULL ELSE ((hash(range, 7) % 1000000) / 100000.0)::DECIMAL(8, 5) END
              AS weighed, 'please leave it with the neighbour in house ' || (hash(range, 8) % 1000) AS wish
            FROM range({rows})
        ) TO '{file}' (FORMAT csv, HEADER)"""
    )
    return rows


def run_copy(file: Path, folder: Path) -> None:
    """DuckDB alone: it guesses types, and writes Parquet."""
    import duckdb

    duckdb.sql(f"COPY (SELECT * FROM read_csv('{file}')) TO '{folder}/copy.parquet' (FORMAT parquet)")


def run_scaffold(file: Path, folder: Path) -> None:
    from data_platform.scaffold.scaffold import scaffold_files
    from data_platform.settings import Settings

    base = Settings.from_environment().files
    done = scaffold_files([str(file)], "bench", folder / "bench_domains", base=base, owner="bench@example.com")
    [table] = done.findings.tables
    assert table.key == ("order_id",), table.key


def run_ingest(file: Path, folder: Path) -> None:
    """What `scaffold` wrote, materialized in a lakehouse of its own."""
    import importlib

    import dagster as dg

    from data_platform.datasets.build import build_definitions

    os.environ["DATA_PLATFORM_HOME"] = str(folder / "home")
    sys.path.insert(0, str(folder))
    found = build_definitions(importlib.import_module("bench_domains")).assets or ()
    loggers = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
    assert dg.materialize([each for each in found if isinstance(each, dg.AssetsDefinition)], run_config=loggers).success


STEPS: dict[str, Callable[[Path, Path], None]] = {"copy": run_copy, "scaffold": run_scaffold, "ingest": run_ingest}


def measure(name: str, file: Path, folder: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak GB of one step as a process of its own."""
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, __file__, "--step", name, "--file", str(file), "--folder", str(folder)])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name} failed with exit code {process.returncode}")
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6


def main() -> None:
    from rich.console import Console
    from rich.table import Table

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=5)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        STEPS[asked.step](asked.file, asked.folder)
        return
    figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in STEPS}
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "orders.csv"
        rows = generate(file, asked.gigabytes)
        size = file.stat().st_size
        for _ in range(asked.runs):
            with tempfile.TemporaryDirectory() as folder:
                for name in STEPS:
                    figures[name].append(measure(name, file, Path(folder)))
    console = Console()
    table = Table(
        "step", "wall s", "CPU s", "MB/s", "peak GB", title=f"{size / 1e9:.2f} GB, {rows:,} rows, {asked.runs} run(s)"
    )
    wall, cpu = (
        {name: statistics.median(each[at] for each in runs) for name, runs in figures.items()} for at in (0, 1)
    )
    peak = {name: max(each[2] for each in runs) for name, runs in figures.items()}
    for name in STEPS:
        speed = size / 1e6 / wall[name]
        table.add_row(name, f"{wall[name]:.1f}", f"{cpu[name]:.1f}", f"{speed:.0f}", f"{peak[name]:.2f}")
    console.print(table)
    for label, seconds in (("wall", wall), ("CPU", cpu)):
        ratio = (seconds["scaffold"] + seconds["ingest"]) / seconds["copy"]
        console.print(f"(scaffold + ingest) / copy  {label:4} {ratio:.2f} x  (target <= 3)")
    console.print(f"peak memory                 {max(peak['scaffold'], peak['ingest']):.2f} GB  (target <= 2)")


if __name__ == "__main__":
    main()
