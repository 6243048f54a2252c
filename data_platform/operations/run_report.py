"""What a run of datasets shows in the terminal: the bar while it goes, and the table of what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich import box
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from data_platform.operations.catch_up import Result
from data_platform.operations.left_out import LeftOut

if TYPE_CHECKING:
    from rich.console import Console

_TOTALS = ("published", "blocked", "rows", "quarantined", "warnings")


def progress_bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<44}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def summary(console: Console, results: Mapping[str, Result], span: str, seconds: float) -> None:
    if not results:
        console.print(f"Everything is up to date for {span}.", style="green")
    else:
        table = Table(title=f"What became of each, {span}", box=box.SIMPLE, pad_edge=False)
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


def tell_left_out(console: Console, missing: LeftOut) -> None:
    """Which datasets this machine could not produce, and what to do about it."""
    for reason in dict.fromkeys(missing.why.values()):
        names = ", ".join(name for name, why in missing.why.items() if why == reason)
        console.print(f"left out: {names}: {reason}", style="yellow", markup=False)
    if after := [name for name in missing.datasets if name not in missing.why]:
        console.print(f"left out, too, for they are made of these: {', '.join(after)}", style="yellow", markup=False)
