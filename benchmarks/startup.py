"""Time to load definitions, against the same graph written by hand in plain Dagster, as whole processes in one run.

Both sides hold the same assets (description, group, owners, tags, partitions, a 12-column schema, one input each) and the
same asset checks; ours reads them from contracts (second load: the contract cache is warm, as it is for every code
location load but the first after an edit). Targets: <= 1.3 x at 15 datasets, <= 1.5 x at 1,000.

    python benchmarks/startup.py [--sizes 15,1000] [--runs 3]

Step overhead has its own benchmark, step_overhead.py.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COLUMNS = [("id", "integer"), ("day", "date"), *((f"value_{i}", "number") for i in range(5))]
COLUMNS += [(f"text_{i}", "string") for i in range(5)]
ICEBERG = {"integer": "long", "date": "date", "number": "double", "string": "string"}
CHECKS = ("inputs", "schema", "published", "types", "id_required", "value_0_minimum", "text_0_max_length")

LOAD = """
import sys, time
sys.path.insert(0, {folder!r})
from {module} import defs
defs.get_repository_def().get_all_jobs()
"""


def contract(name: str) -> str:
    lines = [
        "apiVersion: v3.1.0",
        "kind: DataContract",
        f"id: bench.{name}",
        "version: 1.0.0",
        "status: active",
        "domain: bench",
        "team: {name: bench, members: [{username: ana@market.example, role: owner}]}",
        "tags: [core]",
        "customProperties: [{property: visibility, value: public}]",
        "schema:",
        f"  - name: {name}",
        "    description: A generated dataset.",
        "    properties:",
    ]
    for column, kind in COLUMNS:
        lines += [f"      - name: {column}", f"        logicalType: {kind}", f"        description: The {column}"]
        if column == "id":
            lines.append("        required: true")
        if column == "day":
            lines += [
                "        partitioned: true",
                "        partitionKeyPosition: 1",
                "        customProperties:",
                "          - {property: partitionBy, value: {granularity: day, start: '2026-01-01'}}",
            ]
        if column == "value_0":
            lines.append("        logicalTypeOptions: {minimum: 0}")
        if column == "text_0":
            lines.append("        logicalTypeOptions: {maxLength: 80}")
    return "\n".join(lines) + "\n"


def platform_project(folder: Path, size: int) -> str:
    room = folder / "generated" / "bench"
    (room / "contracts").mkdir(parents=True)
    (folder / "generated" / "__init__.py").touch()
    (room / "__init__.py").touch()
    lines = ["from typing import Annotated", "import polars as pl", "from data_platform.datasets import Reads, dataset"]
    for number in range(size):
        (room / "contracts" / f"d{number}.yaml").write_text(contract(f"d{number}"))
        reads = f'd: Annotated[pl.LazyFrame, Reads("bench.d{number // 2}", "id")]' if number else ""
        lines.append(f'@dataset("bench.d{number}")\ndef d{number}({reads}) -> pl.LazyFrame:\n    return d')
    (room / "assets.py").write_text("\n".join(lines))
    (folder / "ours.py").write_text(
        "import generated\nfrom data_platform.datasets.build import build_definitions\n"
        "from data_platform.operations.executor import warm_executor\n"
        "defs = build_definitions(generated, executor=warm_executor)\n"
    )
    return "ours"


def plain_project(folder: Path, size: int) -> str:
    lines = ["import dagster as dg", "import polars as pl", "days = dg.DailyPartitionsDefinition('2026-01-01')"]
    columns = ", ".join(
        f"dg.TableColumn({name!r}, {ICEBERG[kind]!r}, 'The {name}',"
        f" dg.TableColumnConstraints(nullable={name != 'id'}, unique=False, other=[]),"
        " tags={'classification': 'internal'})"
        for name, kind in COLUMNS
    )
    for number in range(size):
        checks = ", ".join(f"dg.AssetCheckSpec({c!r}, asset=['bench', 'd{number}'], blocking=True)" for c in CHECKS)
        inputs = f"ins={{'d': dg.AssetIn(['bench', 'd{number // 2}'])}}, " if number else ""
        lines.append(
            f"@dg.asset(key=['bench', 'd{number}'], {inputs}group_name='bench', description='A generated dataset.',"
            f" owners=['ana@market.example', 'team:bench'], tags={{'core': '', 'visibility': 'public'}},"
            f" kinds={{'iceberg', 'polars'}}, partitions_def=days, code_version='1',"
            f" automation_condition=dg.AutomationCondition.eager(),"
            f" metadata={{'dagster/column_schema': dg.TableSchema([{columns}])}}, check_specs=[{checks}])\n"
            f"def d{number}({'d: pl.LazyFrame' if number else ''}):\n    return d"
        )
    names = ", ".join(f"d{number}" for number in range(size))
    lines.append(f"defs = dg.Definitions(assets=[{names}])")
    (folder / "plain.py").write_text("\n".join(lines))
    return "plain"


def measure(folder: Path, module: str, runs: int) -> tuple[float, float]:
    """Median CPU and wall seconds of loading; one run before does not count."""
    environment = os.environ | {"DATA_PLATFORM_HOME": str(folder / "home"), "PYTHONWARNINGS": "ignore"}
    figures = []
    for _ in range(runs + 1):
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-c", LOAD.format(folder=str(folder), module=module)], env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"loading {module} failed")
        figures.append((usage.ru_utime + usage.ru_stime, time.monotonic() - started))
    cpu, wall = zip(*figures[1:], strict=True)
    return statistics.median(cpu), statistics.median(wall)


def main() -> None:
    from rich.console import Console
    from rich.table import Table

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="15,1000")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    table = Table("datasets", "ours CPU s", "plain CPU s", "ratio", "ours wall s", "plain wall s", "target")
    for size in map(int, asked.sizes.split(",")):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            ours = measure(folder, platform_project(folder, size), asked.runs)
            plain = measure(folder, plain_project(folder, size), asked.runs)
        target = "<= 1.3" if size < 100 else "<= 1.5"
        cells = (f"{ours[0]:.2f}", f"{plain[0]:.2f}", f"{ours[0] / plain[0]:.2f}", f"{ours[1]:.2f}", f"{plain[1]:.2f}")
        table.add_row(str(size), *cells, target)
    Console().print(table)


if __name__ == "__main__":
    main()
