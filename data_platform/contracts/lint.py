"""Does a contract make sense? Checks of the whole: who it is about, and its columns. Its rules: `fit.py`.

What can be judged from one part alone is reported where that part is read (`keys`, `quality_entries`, ...).
All codes are in `codes.CODES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from data_platform.contracts.implied import PlacedColumn
from data_platform.contracts.model import Contract
from data_platform.contracts.naming import EMAIL, QUARANTINE_SUFFIX, did_you_mean
from data_platform.contracts.report import Report
from data_platform.contracts.yaml_source import Path

if TYPE_CHECKING:
    from open_data_contract_standard.model import OpenDataContractStandard, Team, TeamMember

STATUSES = ("proposed", "draft", "active", "deprecated", "retired")


def unknown(report: Report, code: str, path: Path, word: str, known: Iterable[str]) -> None:
    report.add(code, path, f"unknown {path[-1]} {word!r}", did_you_mean(word, known))


def is_one_dataset(report: Report, official: OpenDataContractStandard) -> bool:
    """Whether there is a dataset to read: one file, one dataset."""
    count = len(official.schema_ or [])
    if count != 1:
        fix = "give each dataset a file of its own" if count else "add `schema` with one object"
        report.add(
            "C301", ("schema", 1) if count else ("schema",), f"a contract file has one dataset, not {count}", fix
        )
    return count >= 1


def check_identity(
    report: Report, official: OpenDataContractStandard, contract: Contract, file: str, domain: str
) -> None:
    """The dataset is called the same everywhere, and somebody answers for it."""
    name_at = ("schema", 0, "name")
    _check_name(report, "domain", contract.domain, ("domain",))
    _check_name(report, "dataset", contract.name, name_at)
    if contract.name.endswith(QUARANTINE_SUFFIX):
        fix = "choose another name"
        report.add("C306", name_at, f"names ending in {QUARANTINE_SUFFIX} are kept for refused rows", fix)
    if not contract.domain:
        report.add("C311", ("domain",), "no `domain`", f"add `domain: {domain or '<the owning domain>'}`")
    elif official.id != contract.dataset:
        report.add(
            "C302", ("id",), f"`id` is {official.id!r}, not the dataset's name", f"write `id: {contract.dataset}`"
        )
    if domain and contract.domain and domain != contract.domain:
        fix = f"write `domain: {domain}`, or move the file to {contract.domain}/contracts/"
        report.add("C303", ("domain",), f"domain `{contract.domain}` in the folder of domain `{domain}`", fix)
    if PurePath(file).name != f"{contract.name}.yaml":
        fix = f"rename the file to {contract.name}.yaml"
        report.add("C304", name_at, f"dataset `{contract.name}` in the file {PurePath(file).name}", fix)
    if contract.status not in STATUSES:
        unknown(report, "C312", ("status",), contract.status, STATUSES)
    if not contract.description:
        report.add("C309", (*name_at[:2], "description"), "nothing says what the dataset is", "add `description`")


def owners(report: Report, team: Team | list[TeamMember] | None) -> tuple[str, ...]:
    """Who answers for the dataset: the team's members with role owner who have not left."""
    inside = ("team",) if isinstance(team, list) else ("team", "members")
    members = team if isinstance(team, list) else (team.members if team else None) or []
    found = []
    for position, member in enumerate(members):
        if (member.role or "").lower() == "owner" and not member.dateOut:
            found.append(name := member.username or "")
            if not EMAIL.fullmatch(name):
                at = (*inside, position, "username")
                report.add("C308", at, f"the owner {name!r} is not an e-mail address", "write name@company")
    if not found:
        fix = "add `team.members` with a `username` and `role: owner`"
        report.add("C307", ("team",), "the dataset has no owner", fix)
    return tuple(found)


def check_columns(report: Report, columns: Sequence[PlacedColumn], schema: Path) -> None:
    """There are columns, each with a usable name of its own."""
    if not columns:
        report.add("C401", (*schema, "properties"), "the dataset has no columns", "add `properties`")
    seen: set[str] = set()
    for placed in columns:
        name, at = placed.column.name, (*placed.path, "name")
        word = name.lower() if report.norms else name  # to SQL engines `Id` and `id` are one column
        if word in seen:
            report.add("C402", at, f"the column `{name}` is named twice", "remove or rename one of them")
        else:
            _check_name(report, "column", name, at)
        seen.add(word)


def _check_name(report: Report, kind: str, name: str, at: Path) -> None:
    if name and report.norms and (complaint := report.norms.complaint(kind, name)):
        report.add("C305", at, *complaint)
