"""What is open, and what each channel was not yet told: one small SQLite file, shared by all steps of a home.

An alert opens in the same transaction that queues it for every channel, so of concurrent steps one tells it and a
crash loses none. A channel claims what it is about to tell; a claim that nobody settles expires, and the alert is told
again: at least once, seldom twice.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from data_platform.alerts.message import Alert
from data_platform.ledger import transaction

LEASE = 60
"""Seconds after which a claim expires: its process is dead, or as good as."""
PATIENCE = 5
"""Seconds to wait for another process that writes."""

TABLES = (
    "CREATE TABLE IF NOT EXISTS alerts (dataset TEXT, rule TEXT, partition TEXT, action TEXT, content TEXT, "
    "PRIMARY KEY (dataset, rule, partition))",
    "CREATE TABLE IF NOT EXISTS untold (channel TEXT, dataset TEXT, rule TEXT, partition TEXT, claimed_until REAL, "
    "PRIMARY KEY (channel, dataset, rule, partition), "
    "FOREIGN KEY (dataset, rule, partition) REFERENCES alerts ON DELETE CASCADE)",
)
OPEN = """
INSERT INTO alerts VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET action = excluded.action, content = excluded.content
WHERE alerts.action != excluded.action
"""
QUEUE = "INSERT INTO untold VALUES (?, ?, ?, ?, 0) ON CONFLICT DO UPDATE SET claimed_until = 0"
CLOSE = "DELETE FROM alerts WHERE dataset = ? AND rule = ? AND partition = ?"
CLAIM = "UPDATE untold SET claimed_until = ? WHERE channel = ? AND claimed_until < ?"
CLAIMED = """
SELECT content FROM untold JOIN alerts USING (dataset, rule, partition) WHERE channel = ? AND claimed_until = ?
ORDER BY untold.rowid
"""
TOLD = "DELETE FROM untold WHERE channel = ? AND dataset = ? AND rule = ? AND partition = ? AND claimed_until = ?"
RELEASE = "UPDATE untold SET claimed_until = 0 WHERE channel = ? AND claimed_until = ?"


class Ledger:
    """The ledger at `path`, made with the first alert. Raises sqlite3.Error or OSError where it cannot be used."""

    def __init__(self, path: Path):
        self._path = path

    @property
    def exists(self) -> bool:
        return self._path.exists()

    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        return transaction(self._path, TABLES, PATIENCE)

    def open_keys(self, dataset: str) -> set[tuple[str, str]]:
        """(rule, partition) of the dataset's open alerts."""
        if not self.exists:
            return set()
        with self._transaction() as connection:
            return set(connection.execute("SELECT rule, partition FROM alerts WHERE dataset = ?", (dataset,)))

    def record(
        self, dataset: str, alerts: Sequence[Alert], holding: Iterable[tuple[str, str]], channels: Iterable[str]
    ) -> None:
        """Close the alerts of the keys that hold, and open and queue those that are new or whose action changed."""
        with self._transaction() as connection:
            connection.executemany(CLOSE, [(dataset, *key) for key in holding])
            for each in alerts:
                key = (dataset, *each.key)
                if connection.execute(OPEN, (*key, each.action, each.to_json())).rowcount:
                    connection.executemany(QUEUE, [(channel, *key) for channel in channels])

    def claim(self, channel: str) -> tuple[float, list[Alert]]:
        """Everything the channel was not told and nobody else is telling it, oldest first; and the claim."""
        now = time.time()
        until = now + LEASE
        with self._transaction() as connection:
            connection.execute(CLAIM, (until, channel, now))
            return until, [Alert.from_json(content) for (content,) in connection.execute(CLAIMED, (channel, until))]

    def told(self, channel: str, claim: float, alerts: Iterable[Alert]) -> None:
        """The channel took these alerts. One that changed meanwhile stays queued."""
        with self._transaction() as connection:
            connection.executemany(TOLD, [(channel, each.dataset, *each.key, claim) for each in alerts])

    def release(self, channel: str, claim: float) -> None:
        """What remains of a claim was not told; the next publication tries again."""
        with self._transaction() as connection:
            connection.execute(RELEASE, (channel, claim))
