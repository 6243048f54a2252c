"""The main job: fill the example's source systems, catch every dataset up with them, and print what became of each."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg
from rich.progress import Progress

from data_platform.contracts import Contract
from data_platform.lakehouse import Lakehouse
from data_platform.marketplace.errors import SimulationError
from data_platform.operations.catch_up import catch_up, days_before
from data_platform.operations.instance import open_instance
from data_platform.operations.journals import fold_now
from data_platform.operations.left_out import left_out
from data_platform.operations.run_report import progress_bar, summary, tell_left_out
from data_platform.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


def marketplace_run(
    settings: Settings,
    load: Callable[[], dg.Definitions],
    until: date,
    days: int,
    scale: float,
    console: Console,
    contracts: Mapping[str, Contract] | None = None,
    without: Collection[str] = (),
) -> int:
    """Fill, load the definitions, catch up, fold the journals where their `contracts` are given, summarize.

    Returns how many datasets failed for another reason than their contract; a blocked bad day is no failure, nor is what
    this machine cannot produce or is not wanted (`without`): that is left out, and told at the end."""
    started = time.monotonic()
    wanted = days_before(until, days)
    with progress_bar(console) as progress:
        _fill(settings, wanted, scale, progress)
        loading = progress.add_task("Loading definitions", total=None)
        definitions = load()
        missing = left_out(definitions, without)
        progress.remove_task(loading)
        task = progress.add_task("Materializing", total=None)

        def show(step) -> None:
            progress.update(task, total=step.total, completed=step.done, description=f"{step.day}  {step.dataset}")

        with open_instance(settings) as instance:
            results = catch_up(definitions, instance, wanted, show, missing.datasets)
            if contracts is not None:
                fold_now(Lakehouse(settings), contracts, instance)
        progress.remove_task(task)
    summary(console, results, f"{wanted[0]} .. {wanted[-1]}", time.monotonic() - started)
    tell_left_out(console, missing)
    _where_next(console)
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


def _where_next(console: Console) -> None:
    console.print("Where to look next:")
    console.print(
        "  make dev                       the Dagster UI with this history, on http://127.0.0.1:3000", markup=False
    )
    console.print("  dp datasets ls                 every dataset, and what is published of it", markup=False)
    console.print("  dp datasets show ads.listings  one dataset: promises, rules, publications", markup=False)
