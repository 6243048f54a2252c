"""How a dataset reaches the two source systems: Dagster resources that read, and know nothing of what is read for."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from .errors import MarketplaceError, PostgresUnavailable
from .home import events_folder, marketplace_home, postgres_folder

if TYPE_CHECKING:
    import pyarrow as pa

# What may be read -> its change table, for those that have one.
TABLES = {
    "users": "user_changes",
    "listings": "listing_changes",
    "payments": "payment_changes",
    "messages": None,
    "categories": None,
}


class Monolith(dg.ConfigurableResource):
    """The monolith's database, read through ADBC: int64/int32, string, bool, timestamp[us, UTC], decimal(12, 2)."""

    dsn: str = ""  # empty: MARKETPLACE_DSN, else the embedded server

    def changes(self, table: str, start: datetime, end: datetime, columns: list[str] | None = None) -> pa.Table:
        """What happened to the rows of `table` in [start, end), oldest first: change_id, operation I/U/D, changed_at, row.

        The first simulated day begins with a snapshot of everything that was there: an 'I' at its midnight.
        """
        changes = TABLES[_known(table)]
        if changes is None:
            raise MarketplaceError(
                f"The monolith keeps no changes of {table!r} (it does of {', '.join(t for t, c in TABLES.items() if c)}): "
                f"use rows({table!r}, 'created_at', start, end) or table({table!r})."
            )
        return self._between(changes, "changed_at", start, end, columns, ("changed_at", "change_id"))

    def rows(
        self, table: str, time_column: str, start: datetime, end: datetime, columns: list[str] | None = None
    ) -> pa.Table:
        """The present rows whose `time_column` lies in [start, end)."""
        return self._between(_known(table), time_column, start, end, columns, (time_column,))

    def table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """All present rows."""
        return self._fetch(f"SELECT {_selected(columns)} FROM {_quoted(_known(name))}")

    def _between(
        self, table: str, time: str, start: datetime, end: datetime, columns: list[str] | None, order: tuple[str, ...]
    ) -> pa.Table:
        ordered = ", ".join(_quoted(column) for column in order)
        return self._fetch(
            f"SELECT {_selected(columns)} FROM {_quoted(table)} "
            f"WHERE {_quoted(time)} >= $1 AND {_quoted(time)} < $2 ORDER BY {ordered}",
            (_in_utc(start), _in_utc(end)),
        )

    def _fetch(self, query: str, parameters: tuple[datetime, ...] | None = None) -> pa.Table:
        import adbc_driver_postgresql.dbapi as adbc

        dsn = self.dsn or os.environ.get("MARKETPLACE_DSN") or _embedded_dsn()
        try:
            connection = adbc.connect(dsn)
        except adbc.Error as error:
            raise PostgresUnavailable(f"The monolith's database does not answer: {error}") from error
        with connection, connection.cursor() as cursor:
            try:
                cursor.execute(query, parameters)
            except adbc.ProgrammingError as error:
                raise MarketplaceError(f"The monolith refused a query: {error}") from error
            return _plain(cursor.fetch_arrow_table())


class EventFiles(dg.ConfigurableResource):
    """The event tracker's hourly files."""

    folder: str = ""  # empty: `events` in the marketplace's home

    def files(self, kind: str, start: datetime, end: datetime) -> list[str]:
        """The files of the hours in [start, end). An hour that has not arrived is an error, not an empty answer."""
        from .event_files import hours, path_of

        folder = Path(self.folder) if self.folder else events_folder(marketplace_home())
        paths = [path_of(folder, kind, hour) for hour in hours(_in_utc(start), _in_utc(end))]
        missing = [str(path) for path in paths if not path.exists()]
        if missing:
            raise MarketplaceError(
                f"{len(missing)} of {len(paths)} hourly files of {kind!r} have not arrived, the first being {missing[0]}: "
                "fill the sources first (`make run`, or `python -m data_platform.marketplace fill`)."
            )
        return [str(path) for path in paths]


def _embedded_dsn() -> str:
    from .postgres import PostgresServer

    server = PostgresServer(postgres_folder(marketplace_home()))
    if not server.exists():
        raise PostgresUnavailable(
            f"There is no monolith in {server.folder}: run `make run` (or `dp sources start`), "
            "or set MARKETPLACE_DSN to a PostgreSQL that has one."
        )
    if not server.is_running():
        raise PostgresUnavailable(
            f"The monolith's PostgreSQL in {server.folder} is not running: start it with `dp sources start` "
            "(or `python -m data_platform.marketplace start`)."
        )
    return server.dsn


def _known(table: str) -> str:
    if table not in TABLES:
        raise MarketplaceError(f"The monolith has no table {table!r}; it has {', '.join(TABLES)}.")
    return table


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _selected(columns: list[str] | None) -> str:
    return ", ".join(map(_quoted, columns)) if columns else "*"


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _plain(table: pa.Table) -> pa.Table:
    """ADBC hands numeric over as text in an extension type; all of the monolith's are numeric(12, 2)."""
    import pyarrow as pa

    def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
        if not isinstance(column.type, pa.OpaqueType):
            return column
        text = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
        return text.cast(pa.decimal128(12, 2))

    return pa.table({name: plain(table[name]) for name in table.column_names})
