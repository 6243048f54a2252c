"""What a step costs before it does anything: trivial assets under each executor, run by run.

    python benchmarks/step_overhead.py [--quick] [--steps 16]

Each executor runs in a process of its own, twice: the first run pays for whatever it starts, the second does not.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dagster as dg
from rich.console import Console
from rich.table import Table

SLOW = ("multiprocess", "forkserver")
EXECUTORS = {
    "multiprocess": "Dagster's default: a new interpreter per step",
    "forkserver": "Dagster's, from a forkserver that has imported the code location",
    "warm, clean": "ours where the driver must not be forked: warm forkserver",
    "warm": "ours: forked from the driver",
    "in process": "no isolation, one core",
}


def code_location(executor: str, steps: int) -> dg.Definitions:
    from data_platform.operations import executor as ours

    if executor == "warm, clean":
        ours.fork_hazards = lambda: ["benchmark"]
    chosen = {
        "multiprocess": dg.multiprocess_executor,
        "forkserver": dg.multiprocess_executor.configured({"start_method": {"forkserver": {}}}),
        "in process": dg.in_process_executor,
    }
    assets = [dg.asset(name=f"trivial_{number}")(lambda: None) for number in range(steps)]
    return dg.Definitions(assets=assets, executor=chosen.get(executor, ours.warm_executor))


def __getattr__(name: str) -> dg.Definitions:
    """`defs` for this process and for the steps' own, which know only this module's name."""
    if name != "defs":
        raise AttributeError(name)
    globals()["defs"] = code_location(os.environ["BENCHMARK_EXECUTOR"], int(os.environ["BENCHMARK_STEPS"]))
    return globals()["defs"]


def measure(executor: str, runs: int) -> None:
    from data_platform.operations.launch import execute_assets

    module = sys.modules["step_overhead"] = sys.modules["__main__"]
    keys = list(module.defs.resolve_all_asset_keys())
    with tempfile.TemporaryDirectory() as home, dg.DagsterInstance.local_temp(home) as instance:
        for _ in range(runs):
            start = time.perf_counter()
            assert execute_assets(instance, "step_overhead", "defs", keys).success
            print(json.dumps(time.perf_counter() - start), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--quick", action="store_true", help="leave out Dagster's own multiprocess executors")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, runs=1 if options.measure in SLOW else 3)
        return

    table = Table(title=f"{options.steps} trivial assets, {os.cpu_count()} CPUs (seconds; milliseconds per step)")
    for column in ("executor", "first run", "ms/step", "later runs", "ms/step", "times in process"):
        table.add_column(column, justify="left" if column == "executor" else "right")
    results: dict[str, list[float]] = {}
    for executor in EXECUTORS:
        if options.quick and executor in SLOW:
            continue
        environment = {**os.environ, "BENCHMARK_EXECUTOR": executor, "BENCHMARK_STEPS": str(options.steps)}
        environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).resolve().parent), str(Path.cwd())])
        command = [sys.executable, __file__, "--measure", executor]
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        results[executor] = [float(line) for line in done.stdout.splitlines() if line[:1].isdigit()]
    best = min(results["in process"][1:])
    for executor, (first, *later) in results.items():
        steady = min(later, default=first)
        table.add_row(
            executor,
            f"{first:.1f}",
            f"{1000 * first / options.steps:.0f}",
            f"{steady:.1f}" if later else "-",
            f"{1000 * steady / options.steps:.0f}",
            f"{steady / best:.1f}x",
        )
    console = Console()
    console.print(table)
    for executor in results:
        console.print(f"[bold]{executor}[/]: {EXECUTORS[executor]}")


if __name__ == "__main__":
    main()
