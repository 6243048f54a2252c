"""Carrying out an order: look at what is published, write the file, send it, remember that."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path

from data_platform.alerts.channels import Mail, mail_server
from data_platform.contracts import Contract, Contracts
from data_platform.contracts.partitions import WHOLE, latest
from data_platform.exports.errors import ExportError
from data_platform.exports.formats import FORMATS
from data_platform.exports.letter import News, unique, with_rows, without_rows
from data_platform.exports.order import Order
from data_platform.exports.sent import Sent
from data_platform.exports.write import export_dataset
from data_platform.lake import Library
from data_platform.lakehouse import Lakehouse, plan_read
from data_platform.settings import Settings

PATIENCE = 60
"""Seconds that a mail server may take to answer: it looks through attachments."""
NO_SERVER = "no mail server is named; add smtp://user@host:587 to DATA_PLATFORM_ALERTS"


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of an order: `outcome` is `sent`, `held back` (a mail says that the rows are) or `nothing new`; `to` are
    those who got a mail."""

    outcome: str
    news: News
    to: tuple[str, ...] = ()
    rows: int = 0
    bytes: int = 0


def post(
    order: Order,
    contracts: Contracts,
    lakehouse: Lakehouse,
    settings: Settings,
    *,
    again: bool = False,
    run_id: str = "",
) -> Posted:
    """Mail the latest published partition to those who do not have it yet; with `again`, to all.

    Where a rule blocked a later partition, or this one when it was produced again, those who have the last good rows are
    told that, once: silence would look like a day without news, and old rows sent again like new ones.

    Raises ExportError, LakeError or LakehouseError for what cannot be mailed as it is, NotSent or OSError where the mail
    server did not take it, or not for everybody: those who did not get it get it with the next run.
    """
    if (server := mail_server(settings)) is None:
        raise ExportError(NO_SERVER)
    library = Library(contracts, lakehouse, order.reader)
    contract = library.find(order.dataset)
    news, ledger = news_of(lakehouse, contract), Sent(settings.home / "exports.db")
    rows = size = 0

    def letter(to: tuple[str, ...]) -> EmailMessage:
        nonlocal rows, size
        with tempfile.TemporaryDirectory() as folder:
            draft = Path(folder) / f"rows.{order.form}"
            chosen = news.partitions if contract.partitioning else None
            done = export_dataset(
                library, contract, draft, FORMATS[order.form], chosen, order.columns, order.where, news.snapshot_id
            )
            rows, size = done.rows, done.bytes
            if size > order.max_megabytes * 1_000_000:
                raise ExportError(
                    f"the file has {size / 1e6:,.1f} MB, more than `max_megabytes` ({order.max_megabytes:g}); choose fewer "
                    "`columns`, rows by `where`, or the format parquet or csv.gz, or raise it if your mail server takes it"
                )
            return with_rows(order, contract, news, rows, draft.read_bytes(), to)

    if to := _send(server, ledger, order, news.content, letter, run_id, again):
        return Posted("sent", news, to, rows, size)
    if news.held:
        told = _send(
            server, ledger, order, f"held back {news.held}", lambda to: without_rows(order, contract, news, to), run_id
        )
        return Posted("held back", news, told) if told else Posted("nothing new", news)
    return Posted("nothing new", news)


def news_of(lakehouse: Lakehouse, contract: Contract) -> News:
    """The latest that is published of a dataset, and what was blocked since. MissingPartitions where nothing ever was."""
    from data_platform.lakehouse.inventory import inventory  # pyiceberg: a second to import

    now = plan_read(lakehouse, contract)
    assert now.snapshot_id is not None
    if contract.partitioning is None:
        label = f"{inventory(lakehouse, contract, history=1).published_at or '':%Y-%m-%d}"
        return News(
            label, (WHOLE,), "as it was produced last" if now.blocked else "", _content(now.files), now.snapshot_id
        )
    there = inventory(lakehouse, contract, history=1).partitions
    chosen = latest(contract.partitioning, there)
    newest = latest(contract.partitioning, {*there, *now.blocked})
    held = [each for each in newest if each in now.blocked]
    label = _label(contract, chosen)
    content = _content([*chosen, *now.files_of(chosen)])
    return News(label, chosen, _label(contract, held) if held else "", content, now.snapshot_id)


def _label(contract: Contract, partitions: list[str] | tuple[str, ...]) -> str:
    """Partitions of one day or hour by that; others by their names."""
    keys = contract.partitioning.keys if contract.partitioning else ()
    place = next((place for place, key in enumerate(keys) if key.granularity != "static"), None)
    if place is not None:
        return partitions[0].split("|")[place]
    return ", ".join(partitions)


def _content(parts: list[str] | tuple[str, ...]) -> str:
    """Files are never changed, so the same files are the same rows, whatever happened to other partitions."""
    return sha256("\n".join(sorted(parts)).encode()).hexdigest()


def _send(
    server: Mail,
    ledger: Sent,
    order: Order,
    content: str,
    letter: Callable[[tuple[str, ...]], EmailMessage],
    run_id: str,
    again: bool = False,
) -> tuple[str, ...]:
    """Send to those who have not got this content; who got it now."""
    to = ledger.claim(order.name, content, order.to, run_id, again=again)
    if not to:
        return ()
    taken: tuple[str, ...] = ()
    try:
        mail = letter(to)
        mail["Message-ID"] = server.id(unique(order, content, to) + (f".{run_id}" if again else ""))
        refused = server.deliver(mail, PATIENCE)
        taken = tuple(each for each in to if each not in refused)
        ledger.confirm(order.name, content, taken)
    except sqlite3.Error as error:
        raise ExportError(f"the ledger of mails cannot be written: {error}") from error
    finally:
        if left := [each for each in to if each not in taken]:
            ledger.release(order.name, content, left)
    if left:
        raise ExportError(f"{server.name} refuses {', '.join(left)}; the others have it")
    return taken
