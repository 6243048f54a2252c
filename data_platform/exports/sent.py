"""What was mailed to whom: one small SQLite file, so that nobody gets the same rows twice.

Recipients are claimed before a mail is sent and confirmed after. A claim that nobody confirms, because its process died,
expires, and the mail is sent again under the same Message-ID: at least once, seldom twice.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from data_platform.ledger import transaction

LEASE = 900
"""Seconds after which a claim expires; longer than a mail takes."""
PATIENCE = 10
"""Seconds to wait for another process that writes."""

TABLE = (
    "CREATE TABLE IF NOT EXISTS mails (export TEXT, content TEXT, recipient TEXT, claimed_until REAL, sent_at REAL, "
    "run_id TEXT, PRIMARY KEY (export, content, recipient))"
)
CLAIM = """
INSERT INTO mails VALUES (?, ?, ?, ?, NULL, ?)
ON CONFLICT DO UPDATE SET claimed_until = excluded.claimed_until, run_id = excluded.run_id
WHERE claimed_until < ? AND (sent_at IS NULL OR ?)
"""
SENT = "UPDATE mails SET sent_at = ?, claimed_until = 0 WHERE export = ? AND content = ? AND recipient = ?"
RELEASE = "UPDATE mails SET claimed_until = 0 WHERE export = ? AND content = ? AND recipient = ?"


class Sent:
    """The ledger at `path`, made with the first mail. Raises sqlite3.Error or OSError where it cannot be used."""

    def __init__(self, path: Path):
        self._path = path

    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        return transaction(self._path, [TABLE], PATIENCE)

    def claim(
        self, export: str, content: str, recipients: Sequence[str], run_id: str = "", *, again: bool = False
    ) -> tuple[str, ...]:
        """Those of the recipients who did not get this content yet and to whom nobody else is sending it; with `again`,
        also those who did."""
        now = time.time()
        with self._transaction() as connection:
            return tuple(
                recipient
                for recipient in recipients
                if connection.execute(CLAIM, (export, content, recipient, now + LEASE, run_id, now, again)).rowcount
            )

    def confirm(self, export: str, content: str, recipients: Iterable[str]) -> None:
        """These recipients have it."""
        now = time.time()
        with self._transaction() as connection:
            connection.executemany(SENT, [(now, export, content, each) for each in recipients])

    def release(self, export: str, content: str, recipients: Iterable[str]) -> None:
        """These do not, and the next run may try again."""
        with self._transaction() as connection:
            connection.executemany(RELEASE, [(export, content, each) for each in recipients])
