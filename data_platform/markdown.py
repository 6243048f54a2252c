"""Tables in Markdown, as the UI and notebooks show them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence


def table(names: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[int] = ()) -> str:
    """A table; the columns at the places `right` are numbers."""
    rule = ["--:" if place in right else "---" for place in range(len(names))]
    return "\n".join(
        f"| {' | '.join(cells)} |" for cells in [names, rule, *([cell(each) for each in row] for row in rows)]
    )


def cell(value: str) -> str:
    """Text that neither ends its cell nor its row."""
    return value.replace("|", "\\|").replace("\n", " ").replace("\r", " ")
