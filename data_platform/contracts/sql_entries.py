"""`type: sql`: one query that returns a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_platform.contracts.model import Reference
from data_platform.contracts.queries import QueryError, portable, tables
from data_platform.contracts.said import Add, Place, Said
from data_platform.contracts.thresholds import threshold

if TYPE_CHECKING:
    from open_data_contract_standard.model import DataQuality

FIX = "write one SELECT (it may begin with WITH) that returns a number, from {object} and other datasets"


def sql(add: Add, quality: DataQuality, place: Place, partitions: str) -> Said:
    """What a query says. Bare table names are datasets of this domain; `partitions` are those of other datasets."""
    query = portable(quality.query or "")
    words = "\n".join(line.partition("--")[0] for line in query.splitlines()).split()
    named: tuple[str, ...] = ()
    if not words or words[0].upper() not in ("SELECT", "WITH"):
        add("C509", "query", "a query starts with SELECT or WITH", FIX)
    elif "{property}" in query and not place.column:
        add("C509", "query", "`{property}` has no meaning for the dataset", "name the column")
    else:
        try:
            named = tables(query)
        except QueryError as error:
            add("C509", "query", f"the query cannot be run: {error}", FIX)
    if (unit := quality.unit or "rows") != "rows":
        add("C521", "unit", f"a query is not counted in {unit!r}", "remove `unit`")
    domain, _, _ = place.dataset.partition(".")
    datasets = dict.fromkeys(name if "." in name else f"{domain}.{name}" for name in named)
    return Said(
        "sql",
        place.own,
        {"query": query},
        threshold(add, quality.__dict__, "rows"),
        tuple(Reference(name, (), partitions) for name in datasets if name != place.dataset),
        about_itself=place.dataset in datasets or "{object}" in query,
    )
