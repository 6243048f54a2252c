"""`dp`: the platform from the command line. Thin: each command calls one function of a room and prints what it says.

One module per group of commands; `output` is how all of them print, `failures` what they say and return when something
goes wrong, `project` what they ask about. Heavy libraries are imported inside commands: `dp --help` has to be there at
once. Every command has an `epilog=examples(...)`.
"""

from __future__ import annotations

import os
from typing import Annotated

import typer

from data_platform.cli import contracts, datasets, landing, quarantine, scaffold
from data_platform.cli.catalog import catalog
from data_platform.cli.doctor import doctor
from data_platform.cli.export import export
from data_platform.cli.failures import DEBUG, EXIT_CODES, Rim
from data_platform.cli.lineage import impact, lineage
from data_platform.cli.maintenance import maintenance
from data_platform.cli.materialize import materialize
from data_platform.cli.output import examples
from data_platform.cli.provenance import provenance
from data_platform.cli.run import run
from data_platform.cli.sql import sql
from data_platform.marketplace.__main__ import app as sources

SOURCES = {"fill": ("dp sources fill --days 3 --scale 0.1  # a small marketplace, quickly",)}
"""Further examples of the commands of the example's source systems."""

app = typer.Typer(
    cls=Rim,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="The data platform from the command line.\n\n`dp COMMAND --help` says more, with examples.",
    epilog=examples(
        "dp run  # the example: fill its source systems, publish 14 days",
        "dp datasets ls  # every dataset and what is published of it",
        "dp datasets show ads.listings",
        "dp contracts check",
        "dp doctor  # is everything there that the platform needs",
    )
    + "\n\n**Exit codes**\n\n"
    + "\n\n".join(f"- {code}: {meaning}" for code, meaning in EXIT_CODES.items()),
)


@app.callback()
def dp(
    debug: Annotated[bool, typer.Option("--debug", help=f"Show stack traces, as {DEBUG}=1 does.")] = False,
) -> None:
    if debug:
        os.environ[DEBUG] = "1"


app.command(
    epilog=examples("dp run", "dp run --days 3 --scale 0.1  # a small one", "dp run --until 2026-11-08"),
)(run)
app.command(
    epilog=examples(
        "dp materialize shop  # every dataset of a domain",
        "dp materialize ads.listings --partition 2026-11-20",
        "dp materialize ads.raw_listing_changes ads.listings --partition 2026-11-01 --to 2026-11-05",
    ),
)(materialize)
app.command(
    epilog=examples(
        'dp sql "select city, count(*) from ads.listings group by all"',
        'dp sql "select * from ads.listings" --at 2026-11-01 --out listings.parquet',
        'dp sql "select * from ads.listings" --at ads.listings=6182233940382023471  # others as they are now',
        "dp sql --format csv < query.sql",
    ),
)(sql)
app.command(
    epilog=examples(
        "dp export ads.listing_stats --to stats.xlsx --partition latest",
        "dp export ads.listings --to s3://bucket/listings.parquet --all",
        "dp export ads.listings --to oslo.csv.gz --all --columns listing_id,price --where \"city = 'Oslo'\"",
    ),
)(export)
app.command(
    epilog=examples(
        "dp provenance ads.listing_stats --partition 2026-11-08",
        "dp provenance ads.listing_stats.views  # only what this column comes from",
        "dp provenance ads.seller_performance --verify  # make the rows again, and compare",
    ),
)(provenance)
app.command(
    epilog=examples(
        "dp lineage ads.listing_stats",
        "dp lineage ads.listings.price --down 9  # everything it goes into",
        "dp lineage ads.listing_stats --up 2 --format mermaid  # a diagram for a README",
    ),
)(lineage)
app.command(
    epilog=examples(
        "dp impact ads.listings",
        "dp impact ads.listings.price --partition 2026-11-08",
        "dp impact ads.listings --snapshot 6182233940382023471 --format json",
    ),
)(impact)
app.command(
    epilog=examples(
        "dp catalog market.duckdb", "dp catalog /srv/bi/market.duckdb  # after each publication, as often as you like"
    ),
)(catalog)
app.command(
    epilog=examples("dp doctor", "dp doctor --only catalog --only warehouse", "dp doctor --format json"),
)(doctor)
app.command(
    epilog=examples(
        "dp maintenance --dry-run  # what would be removed",
        "dp maintenance --older-than 7d",
        "dp maintenance ads.listings --older-than 1h --nothing-runs",
    ),
)(maintenance)
app.add_typer(contracts.app, name="contracts")
app.add_typer(datasets.app, name="datasets")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(landing.app, name="landing")
app.add_typer(scaffold.app, name="scaffold")
for each in sources.registered_commands:  # theirs is a room below, which knows of no `dp`
    name = each.name or (each.callback.__name__ if each.callback else "")
    each.epilog = each.epilog or examples(f"dp sources {name}", *SOURCES.get(name, ()))
app.add_typer(sources, name="sources", help="The example's source systems: start, stop, fill.")
