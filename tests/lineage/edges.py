"""Edges as the tables of the tests write them: `a.x:I b.y:T` and so on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from data_platform.lineage import Kind, Lineage, Origin

LETTERS = {
    "I": Kind.IDENTITY,
    "T": Kind.TRANSFORMATION,
    "A": Kind.AGGREGATION,
    "F": Kind.FILTER,
    "J": Kind.JOIN,
    "G": Kind.GROUP_BY,
    "S": Kind.SORT,
    "W": Kind.WINDOW,
    "C": Kind.CONDITIONAL,
    "O": Kind.OPAQUE,
}


def written(origins: Iterable[Origin]) -> str:
    """Reasons left out; `!` where an edge masks."""
    names = {kind: letter for letter, kind in LETTERS.items()}
    return " ".join(
        sorted({f"{each.dataset}.{each.column}:{names[each.kind]}{'!' * each.masking}" for each in origins})
    )


def table(lineage: Lineage) -> dict[str, str]:
    """The lineage of each output, and of the rows under ''; those without origins are there, too."""
    found = {name: written(origins) for name, origins in lineage.columns.items()}
    return found | ({"": written(lineage.rows)} if lineage.rows else {})


def sorted_table(expected: Mapping[str, str]) -> dict[str, str]:
    return {name: " ".join(sorted(edges.split())) for name, edges in expected.items()}
