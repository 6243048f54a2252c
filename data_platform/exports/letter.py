"""What a mail says. Pure: no clock, no files, no network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import EmailMessage
from hashlib import sha256

from data_platform.contracts import Contract
from data_platform.exports.formats import FORMATS
from data_platform.exports.order import Order


@dataclass(frozen=True, slots=True)
class News:
    """What there is of a dataset: `label` is the latest partition as people call it; `held` are later ones, or that one
    produced again, that a rule blocked; `content` tells one state of the rows from another."""

    label: str
    partitions: tuple[str, ...]
    held: str
    content: str
    snapshot_id: int


def with_rows(
    order: Order, contract: Contract, news: News, rows: int, attached: bytes, to: tuple[str, ...]
) -> EmailMessage:
    """The latest partition as an attachment."""
    file = f"{contract.name}-{re.sub(r'[^A-Za-z0-9_.-]+', '-', news.label)}.{order.form}"
    count = f"{rows:,} row{'' if rows == 1 else 's'}"
    lines = [
        f"Attached: {contract.dataset}, {news.label}: {count} ({file}).",
        "",
        contract.description.partition("\n\n")[0],
    ]
    if news.held:
        lines += ["", _held_back(contract, news.held)]
    if not order.columns and (hidden := order.reader.hidden(contract)):
        lines += ["", f"Left out, above {order.clearance}: {', '.join(each.name for each in hidden)}."]
    if order.where:
        lines += ["", f"Only rows for which this holds: {order.where}"]
    subject = order.subject.format(dataset=contract.dataset, partition=news.label, rows=f"{rows:,}")
    mail = _mail(order, contract, news, subject, lines, to)
    main, _, sub = FORMATS[order.form].mime.partition("/")
    mail.add_attachment(attached, maintype=main, subtype=sub, filename=file)
    return mail


def without_rows(order: Order, contract: Contract, news: News, to: tuple[str, ...]) -> EmailMessage:
    """Why there are no new rows."""
    lines = [
        _held_back(contract, news.held),
        "",
        f"The last you were sent, {news.label}, is still the latest that is good.",
    ]
    return _mail(order, contract, news, f"{contract.dataset} {news.held}: held back", lines, to)


def _held_back(contract: Contract, held: str) -> str:
    owner = f" Its owner ({', '.join(contract.owners)}) was told." if contract.owners else ""
    return (
        f"{contract.dataset}, {held}, is held back: it does not keep what the dataset's contract promises.{owner} "
        "It comes with a later mail, once it is repaired."
    )


def _mail(
    order: Order, contract: Contract, news: News, subject: str, lines: list[str], to: tuple[str, ...]
) -> EmailMessage:
    mail = EmailMessage()
    mail["To"], mail["Subject"] = ", ".join(to), " ".join(subject.split())
    if contract.owners:
        mail["Reply-To"] = contract.owners[0]
    questions = f"Questions: {', '.join(contract.owners)}. " if contract.owners else ""
    lines += ["", "--", f"{questions}{order.name}, snapshot {news.snapshot_id} of {contract.dataset}."]
    mail.set_content("\n".join(lines))
    return mail


def unique(order: Order, content: str, to: tuple[str, ...]) -> str:
    """The same whenever the same is sent to the same people again."""
    return sha256("\n".join([order.name, content, *sorted(to)]).encode()).hexdigest()[:32]
