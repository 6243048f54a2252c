"""What is mailed to whom: the declaration, checked when definitions load."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

from data_platform.contracts import Contract
from data_platform.contracts.model import SENSITIVITIES
from data_platform.contracts.naming import did_you_mean, is_name
from data_platform.exports.formats import FORMATS
from data_platform.lake import LakeError
from data_platform.lake.reader import Reader

ADDRESS = re.compile(r"[^@\s,;:<>\"()\[\]\\]+@[^@\s,;:<>\"()\[\]\\]+\.[^@\s,;:<>\"()\[\]\\]+")
WORDS = ("dataset", "partition", "rows")
"""What a subject may refer to in braces."""


@dataclass(frozen=True, slots=True)
class Order:
    """One dataset's latest partition, as a file, to some people.

    `name` is `<domain>.<name>`, the asset's; the domain is who mails, and decides which datasets it may. `clearance` is the
    highest sensitivity that may leave by this mail.
    """

    name: str
    dataset: str
    to: tuple[str, ...]
    form: str = "xlsx"
    subject: str = "{dataset} {partition}"
    columns: tuple[str, ...] = ()
    where: str = ""
    clearance: str = "internal"
    max_megabytes: float = 10

    @property
    def domain(self) -> str:
        return self.name.partition(".")[0]

    @property
    def reader(self) -> Reader:
        return Reader((self.domain,), self.clearance)


def problems(order: Order, contracts: Mapping[str, Contract]) -> list[str]:
    """What is wrong with an order, each with its fix; none where it can be carried out."""
    found = [f"{address!r} is no e-mail address" for address in order.to if not ADDRESS.fullmatch(address)]
    if not order.to:
        found.append("`to` names nobody; give the addresses of those who get it")
    if order.form not in FORMATS:
        found.append(f"`format` is {order.form!r}: {did_you_mean(order.form, FORMATS)}")
    if order.clearance not in SENSITIVITIES:
        found.append(f"`clearance` is {order.clearance!r}; use one of {', '.join(SENSITIVITIES)}")
    if not all(map(is_name, order.name.split("."))) or order.name.count(".") != 1:
        found.append(f"`name` is {order.name!r}; write <domain>.<name>, in letters, digits and _")
    if order.max_megabytes <= 0:
        found.append(f"`max_megabytes` is {order.max_megabytes}; it must be more than 0")
    found += _of_subject(order.subject)
    if order.dataset not in contracts:
        return [*found, f"there is no dataset {order.dataset!r}; {did_you_mean(order.dataset, contracts)}"]
    contract = contracts[order.dataset]
    if order.name in contracts:
        found.append(f"`name` is {order.name!r}, which is a dataset; give the mail another")
    if not order.reader.sees(contract):
        found.append(
            f"{order.dataset} is private to {contract.domain}, and {order.domain} would mail it; ask for a public one"
        )
    elif order.clearance in SENSITIVITIES:
        try:
            order.reader.columns(contract)
            order.reader.choose(contract, order.columns)
        except LakeError as error:
            found.append(str(error).replace("your clearance", "the mail's `clearance`").partition(" Ask ")[0])
    return found


def _of_subject(subject: str) -> list[str]:
    if not subject.strip() or "\n" in subject or "\r" in subject:
        return ["`subject` must be one line of text"]
    try:
        words = {name for _, name, _, _ in Formatter().parse(subject) if name is not None}
    except ValueError as error:
        return [f"`subject` is {subject!r}: {error}"]
    unknown = sorted(words.difference(WORDS))
    return [f"`subject` refers to {{{', '.join(unknown)}}}; it may to {', '.join(WORDS)}"] if unknown else []
