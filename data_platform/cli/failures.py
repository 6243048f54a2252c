"""What `dp` says and returns when something goes wrong: a sentence, never a stack trace unless it is asked for.

| exit code | meaning                                                                          |
|-----------|----------------------------------------------------------------------------------|
| 0         | done                                                                             |
| 1         | something is wrong with what was asked about: findings, failed datasets, problems |
| 2         | a wrong call: an unknown command, option or path                                 |
| 70        | a fault of the platform itself; `dp --debug ...` shows where                     |
| 130       | interrupted (Ctrl-C)                                                             |
| 141       | whoever read the output has gone (`dp ... | head`)                               |
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from data_platform.cli.output import errors, fail

EXIT_CODES = {
    0: "done",
    1: "something is wrong with what was asked about: findings, failed datasets, problems",
    2: "a wrong call: an unknown command, option or path",
    70: "a fault of the platform itself; `dp --debug ...` shows where",
    130: "interrupted (Ctrl-C)",
    141: "whoever read the output has gone (`dp ... | head`)",
}
FAULT, INTERRUPTED, UNREAD = 70, 130, 141
DEBUG = "DATA_PLATFORM_DEBUG"
"""Set to anything, stack traces are shown; `dp --debug` sets it."""

SERVICES = (
    "sqlalchemy",
    "sqlite3",
    "psycopg",
    "adbc_driver_manager",
    "requests",
    "urllib3",
    "botocore",
    "aiobotocore",
    "pyiceberg",
)
"""Libraries through which the catalog and the warehouse are reached: an error of theirs is about the place."""
SAID = ("data_platform", "duckdb", "dagster", "typer", "polars")
"""Whose errors are sentences for the user already."""


class Rim(TyperGroup):
    """The outermost group of commands, where every exception ends."""

    def invoke(self, ctx: Any) -> Any:
        with told():
            done = super().invoke(ctx)
            sys.stdout.flush()  # a reader that has gone is noticed here, not while the interpreter ends
            return done


@contextmanager
def told() -> Iterator[None]:
    """Ends the command with a sentence where an exception comes by."""
    try:
        yield
    except KeyboardInterrupt:
        errors.print("Interrupted; what was published stays, and running again goes on from there.", style="yellow")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still buffered must not fail again at the end
        raise typer.Exit(UNREAD) from None
    except Exception as error:  # the rim: nothing passes but what typer itself ends a command with
        if _is_typers_own(error) or os.environ.get(DEBUG):
            raise
        message, code = sentence(error)
        fail(message, code)


def sentence(error: Exception) -> tuple[str, int]:
    """What is said of an exception, and the command's exit code."""
    room = type(error).__module__.partition(".")[0]
    text = str(error).strip()
    if isinstance(error, KeyError) and error.args:
        text = str(error.args[0])
    if room in SERVICES:
        return (
            f"{_place()} cannot be used: {_first_line(text) or type(error).__name__}. `dp doctor` says what is wrong.",
            1,
        )
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("data_platform"):
        return f"this needs the package {error.name}, which is not installed; `dp doctor` says which extra has it.", 1
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or text}", 1
    if text and (room in SAID or type(error) in (ValueError, KeyError)):
        return text, 1
    name = type(error).__name__
    return (
        f"a fault of the platform: {name}: {text}\n`dp --debug ...` (or {DEBUG}=1) shows where; please report it.",
        FAULT,
    )


def _place() -> str:
    """Which catalog and warehouse; a password never shows."""
    from data_platform.settings import Settings

    settings = Settings.from_environment()
    return f"the catalog {without_password(settings.catalog)} or the warehouse {settings.warehouse}"


def without_password(uri: str) -> str:
    """An address for people to look at."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(uri)
        if parts.password is None:
            return uri
        return parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":***@")).geturl()
    except ValueError:
        return uri.partition("://")[0] + "://***"


def _first_line(text: str) -> str:
    return text.partition("\n")[0].rstrip(".: ")


def _is_typers_own(error: Exception) -> bool:
    """Exit, Abort and wrong calls, which typer prints itself."""
    return isinstance(error, typer.Exit | typer.Abort) or type(error).__module__.startswith(("typer._click", "click"))
