"""The main job: fill the example's source systems, catch every dataset up with them, and print what became of each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from rich import box
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from data_platform.contracts import Contract
from data_platform.lakehouse import Lakehouse
from data_platform.marketplace.errors import SimulationError
from data_platform.operations.catch_up import Result, catch_up, days_before
from data_platform.operations.quality_metrics import fold_now
from data_platform.settings import PROJECT, Settings

if TYPE_CHECKING:
    from rich.console import Console


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Dagster's instance under DAGSTER_HOME, or under the platform's home; configured on first use."""
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(settings.home / "dagster")))
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copy(PROJECT / "dagster.yaml", home / "dagster.yaml")
    return dg.DagsterInstance.get()


def marketplace_run(
    settings: Settings,
    load: Callable[[], dg.Definitions],
    until: date,
    days: int,
    scale: float,
    console: Console,
    metrics: Contract | None = None,
) -> int:
    """Fill, load the definitions, catch up, fold what was measured into the dataset of the contract `metrics`, summarize.

    Returns how many datasets failed for another reason than their contract; a blocked bad day is no failure."""
    started = time.monotonic()
    wanted = days_before(until, days)
    with _progress(console) as progress:
        _fill(settings, wanted, scale, progress)
        loading = progress.add_task("Loading definitions", total=None)
        definitions = load()
        progress.remove_task(loading)
        task = progress.add_task("Materializing", total=None)

        def show(step) -> None:
            progress.update(task, total=step.total, completed=step.done, description=f"{step.day}  {step.dataset}")

        with open_instance(settings) as instance:
            results = catch_up(definitions, instance, wanted, show)
            if metrics is not None:
                fold_now(Lakehouse(settings), metrics, instance)
        progress.remove_task(task)
    _summary(console, results, wanted, time.monotonic() - started)
    return sum(result.failed for result in results.values())


def _fill(settings: Settings, wanted: list[date], scale: float, progress: Progress) -> None:
    """In a process of its own: a driver that has run Polars or NumPy threads could not fork its steps."""
    task = progress.add_task("Filling the source systems", total=len(wanted))
    command = [sys.executable, "-m", "data_platform.marketplace", "fill", "--until", wanted[-1].isoformat()]
    command += ["--days", str(len(wanted)), "--scale", str(scale), "--home", str(settings.home / "marketplace")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as filling:  # noqa: S603
        for line in filling.stdout or ():
            progress.update(task, advance=1, description=f"Source systems: {line.strip()}")
        complaint = filling.stderr.read() if filling.stderr else ""
    if filling.returncode:
        raise SimulationError(f"filling the source systems failed: {complaint.strip()}")
    progress.remove_task(task)


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<44}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def _summary(console: Console, results: Mapping[str, Result], days: list[date], seconds: float) -> None:
    span = f"{days[0]} .. {days[-1]}"
    if not results:
        console.print(f"Everything is up to date for {span}.", style="green")
    else:
        table = Table(title=f"Partitions and rows, {span}", box=box.SIMPLE, pad_edge=False)
        table.add_column("dataset", no_wrap=True)
        for name in ("published", "blocked", "rows", "quarantined", "warned", "seconds"):
            table.add_column(name, justify="right", no_wrap=True)
        for dataset, result in sorted(results.items()):
            style = "red" if result.failed or result.blocked else None
            cells = (result.published, result.blocked, result.rows, result.quarantined, result.warnings)
            table.add_row(
                dataset, *(f"{cell:,}" if cell else "-" for cell in cells), f"{result.seconds:.1f}", style=style
            )
        total = [sum(getattr(each, name) for each in results.values()) for name in _TOTALS]
        table.add_section()
        table.add_row("all", *(f"{cell:,}" for cell in total), f"{seconds:.1f}", style="bold")
        console.print(table)
        for dataset, result in sorted(results.items()):
            for reason in result.reasons[:3]:
                console.print(
                    f"{'failed' if result.failed else 'blocked'}: {dataset}: {reason}", style="red", markup=False
                )
    console.print("Where to look next:")
    console.print(
        "  make dev                       the Dagster UI with this history, on http://127.0.0.1:3000", markup=False
    )
    console.print("  dp datasets ls                 every dataset, and what is published of it", markup=False)
    console.print("  dp datasets show ads.listings  one dataset: promises, rules, publications", markup=False)


_TOTALS = ("published", "blocked", "rows", "quarantined", "warnings")
