"""Does a contract make sense? Checks of the whole: who it is about, its columns, and each rule against its columns.

What can be judged from one part alone is reported where that part is read (`keys`, `quality_entries`, ...).
All codes are in `codes.CODES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from data_platform.contracts.implied import KEY_RULE, TYPES_RULE, Placed, PlacedColumn
from data_platform.contracts.model import Contract, Rule
from data_platform.contracts.naming import EMAIL, QUARANTINE_SUFFIX, did_you_mean, is_name, suggested_name
from data_platform.contracts.patterns import complaint
from data_platform.contracts.report import Report
from data_platform.contracts.rules import KINDS
from data_platform.contracts.types import ColumnType
from data_platform.contracts.values import is_above, is_value, written
from data_platform.contracts.yaml_source import Path

if TYPE_CHECKING:
    from open_data_contract_standard.model import OpenDataContractStandard, Team, TeamMember

STATUSES = ("proposed", "draft", "active", "deprecated", "retired")
RESERVED_RULES = ("schema", "published")
"""Names of asset checks the platform adds to every dataset."""
UPPER_OF: dict[str, tuple[str, ...]] = {  # lower bound -> the upper bounds it may not lie above
    "minimum": ("maximum", "exclusive_maximum"),
    "exclusive_minimum": ("maximum", "exclusive_maximum"),
    "min_length": ("max_length",),
}


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
    for word, at in ((contract.domain, ("domain",)), (contract.name, name_at)):
        if word and not is_name(word):
            fix = f"for example `{suggested_name(word)}`"
            report.add("C305", at, f"{word!r}: a name is lower-case letters, digits and _, a letter first", fix)
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
        if name in seen:
            report.add("C402", at, f"the column `{name}` is named twice", "remove or rename one of them")
        elif name and not is_name(name):
            fix = f"for example `{suggested_name(name)}`"
            report.add("C305", at, f"{name!r}: a name is lower-case letters, digits and _, a letter first", fix)
        seen.add(name)


def check_rules(report: Report, columns: Sequence[PlacedColumn], rules: Sequence[Placed]) -> None:
    """Each rule has a name of its own and fits the columns it is about."""
    types = {placed.column.name: placed.column.type for placed in columns}
    names: set[str] = set(RESERVED_RULES)
    for placed in rules:
        rule, path = placed.rule, placed.path
        if rule.name in names:
            whose = "the platform's" if rule.name in (*RESERVED_RULES, TYPES_RULE, KEY_RULE) else "another rule's"
            report.add("C510", path, f"the rule's name `{rule.name}` is {whose}", "give the rule another `name`")
        names.add(rule.name)
        known = [name for name in rule.columns if name in types]
        for name in (*rule.columns, *_ordering(report, placed)):
            if name not in types:
                report.add("C512", path, f"there is no column {name!r}", did_you_mean(str(name), types))
        for name in known:
            _check_fit(report, placed, name, types[name])
    _check_bounds(report, types, rules)


def _ordering(report: Report, placed: Placed) -> list[str]:
    """The columns of `keepFirst`, which is written like SQL's ORDER BY: `updated_at desc, id`."""
    found = []
    for term in filter(None, placed.rule.arguments.get("keepFirst", "").split(",")):
        name, *direction = term.split() or [""]
        if len(direction) > 1 or [word for word in direction if word.lower() not in ("asc", "desc")]:
            report.add("C504", placed.path, f"`keepFirst` cannot be {term.strip()!r}", "write `<column> desc`")
        found.append(name)
    return found


def _check_fit(report: Report, placed: Placed, name: str, kind: ColumnType) -> None:
    """A rule fits its column's type, and the values it names are of that type."""
    rule, meaning = placed.rule, KINDS[placed.rule.kind]
    if kind.kind == "unknown" or rule.kind == "sql":
        return
    if (kind.kind not in meaning.types) if meaning.types else (kind.is_nested and not meaning.nested):
        wanted = ", ".join(sorted(meaning.types)) or "columns that are not nested"
        message = f"`{rule.name}`: a {rule.kind} rule has no meaning for `{name}`, a {kind}"
        report.add("C507", placed.path, message, f"it is for {wanted}")
        return
    pattern: Any = rule.arguments.get("value" if rule.kind == "pattern" else "pattern")
    if isinstance(pattern, str):
        if rule.kind != "pattern" and kind.kind != "string":
            report.add("C507", placed.path, f"a pattern has no meaning for `{name}`, a {kind}", "it is for string")
        elif why := complaint(pattern):
            report.add("C505", placed.path, f"the pattern {pattern!r} cannot be run: {why}", "write it without that")
    for value in _values(rule):
        if not is_value(value, kind):
            report.add("C508", placed.path, f"{value!r} is not a value of `{name}`, a {kind}", f"write {written(kind)}")


def _values(rule: Rule) -> tuple[Any, ...]:
    """The values a rule compares its column with."""
    bounds = ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum")
    return (rule.arguments["value"],) if rule.kind in bounds else rule.arguments.get("values", ())


def _check_bounds(report: Report, types: dict[str, ColumnType], rules: Sequence[Placed]) -> None:
    bounds = {(placed.rule.columns[0], placed.rule.kind): placed for placed in rules if placed.rule.columns}
    for (column, lower), low in bounds.items():
        for upper in UPPER_OF.get(lower, ()):
            if (high := bounds.get((column, upper))) is None:
                continue
            either_excludes = lower.startswith("exclusive") or upper.startswith("exclusive")
            kind = ColumnType("int") if upper == "max_length" else types[column]
            least, most = low.rule.arguments["value"], high.rule.arguments["value"]
            if is_above(least, most, kind, strictly=not either_excludes):
                message = f"no value of `{column}` satisfies {lower} {least} and {upper} {most}"
                report.add("C506", low.path, message, "widen one of the bounds")
