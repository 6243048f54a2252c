"""What is known of every file that ever landed: one small SQLite file, shared by the sensor and all steps of a home.

`files` has one row per content of a name, `published` the deliveries that each partition was last published from,
`watched` what may still be written. Losing the last write is harmless: what it said is found again, and done again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import astuple, fields
from pathlib import Path

from data_platform import clock
from data_platform.files.landing.contents import Landed, State
from data_platform.files.landing.folder import Listed
from data_platform.ledger import transaction
from data_platform.locked import locked

PATIENCE = 30
"""Seconds to wait for another process that writes."""

COLUMNS = tuple(field.name for field in fields(Landed))
TABLES = (
    f"CREATE TABLE IF NOT EXISTS files (dataset TEXT, {', '.join(COLUMNS)}, PRIMARY KEY (dataset, path, hash))",
    "CREATE TABLE IF NOT EXISTS published (dataset TEXT, partition TEXT, identities TEXT, run_id TEXT, "
    "snapshot_id TEXT, at TEXT, PRIMARY KEY (dataset, partition))",
    "CREATE TABLE IF NOT EXISTS watched (dataset TEXT, path TEXT, stamp TEXT, since REAL, PRIMARY KEY (dataset, path))",
)
PUT = f"INSERT OR REPLACE INTO files VALUES ({', '.join('?' * (len(COLUMNS) + 1))})"
REPLACED = "UPDATE files SET present = 0 WHERE dataset = ? AND path = ? AND hash != ?"


class Ledger:
    """The ledger of one dataset, in the file `landing.db` of a home, made with its first entry."""

    def __init__(self, home: Path, dataset: str):
        self._path, self._home, self.dataset = home / "landing.db", home, dataset

    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        return transaction(self._path, TABLES, PATIENCE)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection that only reads; None where there is no ledger yet."""
        if not self._path.exists():
            yield None
            return
        with closing(sqlite3.connect(self._path, timeout=PATIENCE)) as connection:
            yield connection if connection.execute("PRAGMA table_info(watched)").fetchall() else None

    def files(self) -> list[Landed]:
        """Every content that ever landed, oldest first."""
        query = f"SELECT {', '.join(COLUMNS)} FROM files WHERE dataset = ? ORDER BY landed_at, path"
        with self._reading() as connection:
            rows = connection.execute(query, (self.dataset,)).fetchall() if connection else []
        return [_landed(row) for row in rows]

    def published(self) -> dict[str, tuple[str, ...]]:
        """The identities of the deliveries that each partition was last published from."""
        query = "SELECT partition, identities FROM published WHERE dataset = ?"
        with self._reading() as connection:
            rows = connection.execute(query, (self.dataset,)).fetchall() if connection else []
        return {partition: tuple(json.loads(content)) for partition, content in rows}

    def watched(self) -> dict[str, tuple[tuple, float]]:
        """The stamp of each file that may still be written, and since when (seconds since 1970) it has that stamp."""
        query = "SELECT path, stamp, since FROM watched WHERE dataset = ?"
        with self._reading() as connection:
            rows = connection.execute(query, (self.dataset,)).fetchall() if connection else []
        return {path: (tuple(json.loads(stamp)), since) for path, stamp, since in rows}

    def put(self, files: Iterable[Landed]) -> None:
        """Enter files as they are now; where one is present, no other content of its name is."""
        files = list(files)
        if not files:
            return
        with self._transaction() as connection:
            present = [(self.dataset, each.path, each.hash) for each in files if each.present]
            connection.executemany(REPLACED, present)
            connection.executemany(PUT, [(self.dataset, *_row(each)) for each in files])

    def watch(self, listed: Mapping[str, tuple[Listed, float]]) -> None:
        """Remember what may still be written, and nothing else, with the time since when it looks like that."""
        if not listed and not self.watched():
            return
        rows = [(self.dataset, path, json.dumps(each.stamp), since) for path, (each, since) in listed.items()]
        with self._transaction() as connection:
            connection.execute("DELETE FROM watched WHERE dataset = ?", (self.dataset,))
            connection.executemany("INSERT INTO watched VALUES (?, ?, ?, ?)", rows)

    def record(
        self, partitions: Mapping[str, Sequence[str]], files: Iterable[Landed], *, run_id: str, snapshot_id: str
    ) -> None:
        """A publication: what each of its partitions was made of, and the files as they are with it."""
        at = now()
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO published VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (self.dataset, partition, json.dumps(list(content)), run_id, snapshot_id, at)
                    for partition, content in partitions.items()
                ],
            )
            connection.executemany(PUT, [(self.dataset, *_row(each)) for each in files])

    def held(self, *, wait: bool = True) -> AbstractContextManager[bool]:
        """Alone with the dataset's landing zone: one step, or the sensor (see `locked`)."""
        path = self._home / "locks" / f"landing-{self.dataset}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return locked(path, wait=wait)


def now() -> str:
    return clock.now().isoformat(timespec="microseconds")


def _row(file: Landed) -> tuple:
    values = list(astuple(file))
    values[COLUMNS.index("partitions")] = json.dumps(file.partitions)
    values[COLUMNS.index("state")] = str(file.state)
    return tuple(values)


def _landed(row: tuple) -> Landed:
    known = dict(zip(COLUMNS, row, strict=True))
    partitions, state = tuple(json.loads(known.pop("partitions"))), State(known.pop("state"))
    return Landed(**known | {"partitions": partitions, "state": state, "present": bool(known["present"])})
