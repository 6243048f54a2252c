"""Foreign keys between sources: columns whose values are all found in the key of another one, and for a reason.

That small numbers are found among small numbers is no reason. A name is: `orders.customer_id` and the key
`customers.customer_id`, or `customers.id`. So are long identifiers, whatever the columns are called.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from data_platform.quality.sql import identifier
from data_platform.scaffold.model import ColumnProfile, ForeignKey, TableProfile
from data_platform.scaffold.names import singular
from data_platform.scaffold.workspace import Workspace

NEARLY = 0.99
"""Where so many rows are found, and not all, somebody should know."""
TYPES = frozenset({"string", "int", "long"})
LONG, MANY = 8, 30
"""Identifiers of so many characters, and so many different ones of them, are not found elsewhere by chance."""


@dataclass(frozen=True, slots=True)
class Candidate:
    child: TableProfile
    column: str
    parent: TableProfile
    why: str


def find_foreign_keys(work: Workspace, tables: Sequence[TableProfile]) -> tuple[ForeignKey, ...]:
    """Verified on all rows. Those that nearly hold are told with the rows that are missing."""
    found: list[ForeignKey] = []
    for each in _candidates(tables):
        work.on_step(f"{each.child.name}.{each.column}: found in {each.parent.name}?")
        missing = _missing(work, each)
        rows = each.child.rows - each.child.column(each.column).nulls
        if missing == 0 or (each.why.startswith("name") and missing <= (1 - NEARLY) * rows):
            found.append(
                ForeignKey(each.child.name, (each.column,), each.parent.name, each.parent.key, missing, each.why)
            )
    return tuple(_without_cycles(_best(found)))


def _candidates(tables: Sequence[TableProfile]) -> Iterator[Candidate]:
    parents = [each for each in tables if len(each.key) == 1]
    for child in tables:
        for column in child.columns:
            for parent in parents:
                if why := _reason(child, column, parent):
                    yield Candidate(child, column.name, parent, why)


def _reason(child: TableProfile, column: ColumnProfile, parent: TableProfile) -> str:
    """Why a column may lead into a parent's key, or ''."""
    key = parent.column(parent.key[0])
    itself = child.name == parent.name
    alike = {column.type.kind, key.type.kind}
    if not alike <= TYPES or (len(alike) > 1 and "string" in alike) or (itself and column.name == key.name):
        return ""
    if column.spelling or key.spelling:
        return ""  # such numbers are identifiers of nothing
    if not column.distinct or column.distinct > 1.1 * key.distinct + 10:
        return ""
    if child.key == (column.name,) and _belongs(child, key.name) and not _belongs(parent, key.name):
        return ""  # a key of its own, that others lead into
    about = singular(parent.name)
    names = {f"{about}_{key.name}", f"{parent.name}_{key.name}"}
    if _says_what(key.name):
        names.add(key.name)
    if column.name in names or (key.name in ("id", "code", "key") and column.name == about):
        return "" if itself else "names alike"
    if any(column.name.endswith(f"_{name}") for name in names):
        return "names alike"  # a role: billing_address_id, parent_category_id
    if itself or column.type.kind != "string" or column.values:
        return ""
    is_identifier = min(column.shortest, key.shortest) >= LONG and bool(key.pattern) and column.pattern == key.pattern
    return "values alike" if is_identifier and column.distinct >= MANY and child.key != (column.name,) else ""


def _says_what(key: str) -> bool:
    """Whether a key's name says what it identifies: `id` in two tables are two things."""
    return key not in ("id", "code", "key", "name", "uuid", "guid", "no", "number", "type", "status", "date", "day")


def _belongs(table: TableProfile, key: str) -> bool:
    """Whether a key is named after the table."""
    return key.removesuffix("_id") in (singular(table.name), table.name) or singular(table.name).endswith(
        f"_{key.removesuffix('_id')}"
    )


def _missing(work: Workspace, each: Candidate) -> int:
    """Rows of the child whose value is no key of the parent, over all rows of both."""
    column, key = identifier(each.column), identifier(each.parent.key[0])
    of = "{}" if each.child.column(each.column).type.kind == "string" else "TRY_CAST(trim({}) AS HUGEINT)"
    child = f"SELECT {of.format(column)} AS v, count(*) AS n FROM {identifier(each.child.name)} GROUP BY 1"
    parent = f"SELECT {of.format(key)} AS v FROM {identifier(each.parent.name)}"
    query = f"SELECT coalesce(sum(n), 0) FROM ({child}) c ANTI JOIN ({parent}) p ON c.v = p.v WHERE c.v IS NOT NULL"
    [[missing]] = work.rows(query)
    return int(missing)


def _best(found: Sequence[ForeignKey]) -> list[ForeignKey]:
    """One per column: a reason by name before one by values, and what holds before what nearly does."""
    best: dict[tuple[str, tuple[str, ...]], ForeignKey] = {}
    for each in sorted(found, key=lambda one: (not one.holds, one.why != "names alike", one.missing)):
        best.setdefault((each.child, each.columns), each)
    return [each for each in found if best[each.child, each.columns] == each]


def _without_cycles(found: Sequence[ForeignKey]) -> Iterator[ForeignKey]:
    """Two datasets that wait for each other are never produced: what closes a circle is left out."""
    above: dict[str, set[str]] = {}
    for each in found:
        if each.holds and each.child != each.parent:
            if each.child in _reached(above, each.parent):
                continue
            above.setdefault(each.child, set()).add(each.parent)
        yield each


def _reached(above: dict[str, set[str]], start: str) -> set[str]:
    reached, todo = {start}, [start]
    while todo:
        for each in above.get(todo.pop(), ()):
            if each not in reached:
                reached.add(each)
                todo.append(each)
    return reached
