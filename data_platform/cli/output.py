"""How commands print: aligned tables for people, JSON for programs, progress where it takes long, examples in the help.

Colours, live displays and a terminal's width are for terminals only (`NO_COLOR` is respected); what is piped is plain,
and its lines are not broken. What goes wrong is in `failures`.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPED = 10_000
"""The width of what is no terminal: a line of a table stays one line, for grep and the like."""


class Terminal(Console):
    """A console on which a reader that has gone away (`dp ... | head`) is told to the rim as such."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError

    def rule(self, title: str = "", **options: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """A line across a terminal; elsewhere, where there is no across, its title alone."""
        if self.is_terminal:
            super().rule(title, **options)
        else:
            self.print(title, markup=False)


# no emoji: rich would print the place `file.yaml:100:1` with one
console = Terminal(highlight=False, emoji=False, width=None if sys.stdout.isatty() else PIPED)
errors = Terminal(stderr=True, highlight=False, emoji=False, width=None if sys.stderr.isatty() else PIPED)


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="How to print: for people, or for programs.")]


def examples(*commands: str) -> str:
    """The epilog of a command's help, `app.command("ls", epilog=examples("dp datasets ls"))`: what one types.

    What a line does may follow it after two spaces and `#`, as in a shell.
    """
    return "\n\n".join(["**Examples**", *(f"- `{each}`" for each in commands)])


def fail(message: str, code: int = 1) -> NoReturn:
    """Prints what is wrong and ends the command; the codes are in `failures.EXIT_CODES`."""
    errors.print(message, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(code) from None


def plain(*cells: str) -> list[Text]:
    """Cells of a table as they are: rich would take the `[a-z]` of a pattern for one of its own tags."""
    return [Text(cell) for cell in cells]


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> Table:
    """An aligned table of plain values: columns of numbers to the right with their thousands apart, None as `-`."""
    body = [list(row) for row in rows]
    made = Table(box=box.SIMPLE, pad_edge=False, title=title or None, title_justify="left")
    for place, name in enumerate(columns):
        values = [row[place] for row in body if row[place] is not None]
        numbers = bool(values) and all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)
        made.add_column(name, justify="right" if numbers else "left", no_wrap=numbers)
    for row in body:
        made.add_row(*plain(*map(shown, row)))
    return made


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    console.print(table(columns, rows, title=title))


def shown(value: object) -> str:
    """A cell: `1,234`, `yes`, `2026-11-08 14:05`, `-` for what is missing."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return f"{value:,}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case Text():
            return value.plain
    return str(value)


def print_json(value: object) -> None:
    print(json.dumps(value, indent=2, default=as_json, ensure_ascii=False))  # noqa: T201


def as_json(value: object) -> Any:
    """What JSON has no word for: times in ISO 8601, durations in seconds, sets as lists, the rest as text."""
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return dict(value)
        case set() | frozenset():
            return sorted(value)
    return str(value)


PATIENCE = 1.5
"""After how many seconds a progress bar appears: what is quicker needs none."""


@contextmanager
def progress(label: str, total: float | None = None) -> Iterator[Callable[..., None]]:
    """A bar on stderr, where that is a terminal and it takes longer than `PATIENCE`; gone when done.

    Yields `advance(by=1, label="")`, from any thread. Without a `total` it only shows that something goes on, and for
    how long already; `advance(total=...)` says it later.
    """
    if not errors.is_terminal:
        yield lambda by=1.0, label="", total=None: None
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    bar = Progress(*columns, console=errors, transient=True)
    task = bar.add_task(label, total=total)

    def advance(by: float = 1, label: str = "", total: float | None = None) -> None:
        bar.update(task, advance=by, total=total, description=label or None)

    waiting = threading.Timer(PATIENCE, bar.start)
    waiting.daemon = True
    waiting.start()
    try:
        yield advance
    finally:
        waiting.cancel()
        waiting.join()
        bar.stop()
