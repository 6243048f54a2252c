"""How commands print: tables for people, JSON for programs, a sentence instead of a stack trace."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.text import Text

# no emoji: rich would print the place `file.yaml:100:1` with one
console = Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 120)
errors = Console(stderr=True, highlight=False, emoji=False)


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="How to print.")]


@contextmanager
def readable() -> Iterator[None]:
    """A user's mistake is a sentence, not a stack trace."""
    from data_platform.contracts import ContractError
    from data_platform.lakehouse.errors import LakehouseError
    from data_platform.marketplace.errors import MarketplaceError
    from data_platform.quality.errors import RuleError

    try:
        yield
    except (ContractError, LakehouseError, MarketplaceError, RuleError, ValueError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        errors.print("Interrupted; what was published stays, and running again goes on from there.", style="yellow")
        raise typer.Exit(130) from None


def fail(message: str, code: int = 1) -> NoReturn:
    """Prints what is wrong and ends the command."""
    errors.print(message, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(code) from None


def plain(*cells: str) -> list[Text]:
    """Cells of a table as they are: rich would take the `[a-z]` of a pattern for one of its own tags."""
    return [Text(cell) for cell in cells]


def print_json(value: object) -> None:
    print(json.dumps(value, indent=2))  # noqa: T201
