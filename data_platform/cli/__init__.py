"""`dp`: the platform from the command line. Thin: each command calls one function of a room and prints what it says.

Exit codes: 0 done, 1 something is wrong with what was asked about (findings, failed datasets), 2 a wrong call, 130
interrupted.

One module per group of commands; `output` is how all of them print, `project` what they ask about. Heavy libraries are
imported inside commands: `dp --help` has to be there at once.
"""

from __future__ import annotations

import typer

from data_platform.cli import contracts, datasets, quarantine
from data_platform.cli.run import run
from data_platform.marketplace.__main__ import app as sources

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="The data platform from the command line.\n\nExamples: `dp run`, `dp contracts check`, "
    "`dp datasets ls`, `dp datasets show ads.listings`",
)
app.command()(run)
app.add_typer(contracts.app, name="contracts")
app.add_typer(datasets.app, name="datasets")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(sources, name="sources", help="The example's source systems: start, stop, fill.")
