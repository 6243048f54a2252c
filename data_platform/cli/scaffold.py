"""`dp scaffold`: from files, or tables of a database, to datasets with contracts, code and tests."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from data_platform.cli.output import Format, FormatOption, console, examples, fail, print_json, progress
from data_platform.cli.project import DOMAINS
from data_platform.cli.scaffolded import show, told_files
from data_platform.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Start from what is there: files, or tables of a database.")
DomainOption = Annotated[str, typer.Option("--domain", help="The domain that will own the datasets.")]
OutOption = Annotated[Path, typer.Option("--out", help="The folder of all domains.", show_default="this project's")]
OwnerOption = Annotated[str, typer.Option("--owner", help="Who answers for them; default: git's user.email.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print what would be written, and write nothing.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]


@app.command(
    "dataset",
    epilog=examples(
        "dp scaffold dataset data/*.csv --domain shop",
        "dp scaffold dataset orders.csv.gz --domain shop --dry-run  # only look",
        'dp scaffold dataset "s3://landing/orders/*.csv" --domain shop  # one dataset of many files',
        "dp scaffold dataset landing/shop/orders --domain shop --landing  # a folder that files keep coming to",
        'dp scaffold dataset "landing/shop/orders/*.csv" --domain shop --landing --partition-by ordered_on',
    ),
)
def scaffold_dataset(
    files: Annotated[
        list[str], typer.Argument(help="Paths, globs in quotes, s3:// addresses; with --landing, folders.")
    ],
    domain: DomainOption,
    landing: Annotated[
        bool, typer.Option("--landing", help="Files keep coming: publish each once, as it lands.")
    ] = False,
    partition_by: Annotated[
        str, typer.Option(help="With --landing: the date or timestamp whose days are the partitions.")
    ] = "",
    out: OutOption = DOMAINS,
    owner: OwnerOption = "",
    dry_run: DryRunOption = False,
    force: ForceOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Profile files (CSV, JSON or Parquet, gzip or not) and write a contract, a function and a test for them.

    A sample suggests types, keys, foreign keys between the files, enums, patterns and personal data; a pass over all
    rows verifies them. What is written can be materialized as it is; what only people know is left as a TODO.

    With --landing the files are the first of many: a sensor publishes what lands. Where their names, or their rows, say
    by which day they come, so are the partitions, unless --partition-by says it.
    """
    from data_platform.scaffold.scaffold import WHOLE, scaffold_files

    if partition_by and not landing:
        fail(WHOLE, 2)
    with progress("reading") as advance:
        done = scaffold_files(
            files,
            domain,
            out,
            base=Settings.from_environment().files,
            owner=owner or git_email(),
            force=force,
            dry_run=dry_run,
            on_step=lambda step: advance(0, step),
            landing=landing,
            partition_by=partition_by,
        )
    show(done, dry_run, output)


@app.command(
    "table",
    epilog=examples(
        "dp scaffold table SHOP_DSN orders customers --domain shop  # the variable that holds the address",
        "dp scaffold table postgresql://ana@db.example/shop sales.orders --domain shop --dry-run",
    ),
)
def scaffold_table(
    dsn: Annotated[str, typer.Argument(help="The name of an environment variable, or the address itself.")],
    tables: Annotated[list[str], typer.Argument(help="Tables, as `table` or `schema.table`.")],
    domain: DomainOption,
    out: OutOption = DOMAINS,
    owner: OwnerOption = "",
    variable: Annotated[str, typer.Option(help="The variable the code reads; default: <DOMAIN>_DSN.")] = "",
    dry_run: DryRunOption = False,
    force: ForceOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Write a contract, a function and a test for tables of a PostgreSQL, from what its catalog says of them.

    Types, keys, foreign keys, what may be null, and comments as descriptions. No address and no password is written:
    the functions read them from an environment variable.
    """
    from data_platform.scaffold.scaffold import scaffold_tables

    named = os.environ.get(dsn, "") if re.fullmatch("[A-Z_][A-Z0-9_]*", dsn) else ""
    if not named and "://" not in dsn and "=" not in dsn:
        fail(f"{dsn} is no address and no environment variable that is set", 2)
    variable = variable or (dsn if named else f"{domain.upper()}_DSN")
    done = scaffold_tables(
        named or dsn, tables, domain, out, variable=variable, owner=owner or git_email(), force=force, dry_run=dry_run
    )
    show(done, dry_run, output)
    if not named and output is Format.TABLE:
        console.print(f"The functions read the database's address from {variable}: set it where they run.")


@app.command("domain", epilog=examples("dp scaffold domain shop"))
def scaffold_empty_domain(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    out: OutOption = DOMAINS,
    dry_run: DryRunOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Write an empty domain that loads: a package with `contracts/` and `assets.py`."""
    from data_platform.scaffold.scaffold import scaffold_domain

    files = scaffold_domain(name, out, dry_run=dry_run)
    if output is Format.JSON:
        print_json({"domain": name, "written": not dry_run, "files": list(map(str, files))})
    else:
        told_files(files, dry_run)


def git_email() -> str:
    """Who works here, as git knows them; '' where it does not."""
    try:
        asked = subprocess.run(["git", "config", "user.email"], capture_output=True, text=True, check=False)  # noqa: S607
    except OSError:
        return ""
    return asked.stdout.strip()
