"""`python -m data_platform.marketplace fill|start|stop|status`: the example's source systems from the command line."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .errors import MarketplaceError
from .home import events_folder, marketplace_home, postgres_folder
from .postgres import PostgresServer, ensure_database

if TYPE_CHECKING:
    from .simulator import DaySimulated

app = typer.Typer(help="The example's source systems: the monolith's PostgreSQL and the tracker's event files.")
Home = Annotated[Path | None, typer.Option(help="Where they live; default: DATA_PLATFORM_HOME or .platform")]


def _readable(command: Callable[..., None]) -> Callable[..., None]:
    """Show what went wrong as a sentence, not as a traceback."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except MarketplaceError as error:
            typer.secho(str(error), fg="red", err=True)
            raise typer.Exit(1) from None

    return wrapped


@app.command()
@_readable
def fill(
    days: Annotated[int, typer.Option(min=1, help="How many days, the last being --until")] = 14,
    scale: Annotated[float, typer.Option(min=0.01, help="1 is about 20,000 events a day")] = 1.0,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: yesterday (UTC)")] = None,
    home: Home = None,
) -> None:
    """Simulate the marketplace's last days, skipping those already done."""
    from .simulator import simulate  # needs the extra `marketplace`, and a while to import

    place = home or marketplace_home()
    last_day: date = until.date() if until else datetime.now(UTC).date() - timedelta(days=1)
    dsn = ensure_database(place)
    simulate(dsn, events_folder(place), last_day - timedelta(days=days - 1), last_day, scale, on_day=_report)


@app.command()
@_readable
def start(home: Home = None) -> None:
    """Start the monolith's database."""
    ensure_database(home or marketplace_home())
    status(home)


@app.command()
@_readable
def stop(home: Home = None) -> None:
    """Stop it; its data stays."""
    PostgresServer(postgres_folder(home or marketplace_home())).stop()
    status(home)


@app.command()
@_readable
def delete(home: Home = None) -> None:
    """Stop it and remove all its data, also what lies outside the state folder."""
    PostgresServer(postgres_folder(home or marketplace_home())).delete()
    status(home)


@app.command()
def status(home: Home = None) -> None:
    """Say whether it runs, and where its files are."""
    server = PostgresServer(postgres_folder(home or marketplace_home()))
    state = "running" if server.is_running() else "stopped" if server.exists() else "not created yet"
    typer.echo(f"PostgreSQL in {server.folder}: {state}")


def _report(done: "DaySimulated") -> None:
    typer.echo(f"{done.day} {'was there' if done.was_skipped else 'simulated'}")


if __name__ == "__main__":
    app(prog_name="python -m data_platform.marketplace")
