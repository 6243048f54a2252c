"""The cases of sql_lineage.sql: a sentence, a query, and every edge that it must have, no more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from data_platform.lineage import Lineage, Origin, base

COLUMNS = {"t": "a b c k l s ts", "u": "a b d k ts", "v": "x y k"}
TABLES = {name: base(name, columns.split()) for name, columns in COLUMNS.items()}
ROWS = "which rows"


@dataclass(frozen=True)
class Case:
    title: str
    query: str
    edges: str

    def __str__(self) -> str:
        return self.title


def cases() -> list[Case]:
    """`-- sentence`, the query, then a line `-- output <- KIND table.column, ...` for each output."""
    text = Path(__file__).with_name("sql_lineage.sql").read_text()
    found = re.findall(r"^-- (.+)\n((?:(?!--).+\n)+)((?:--   .*\n)+)", text, re.MULTILINE)
    return [Case(title, query.strip(), edges.strip()) for title, query, edges in found]


def written(lineage: Lineage) -> str:
    """A lineage as the lines below a query."""
    outputs = [*lineage.columns.items(), *([(ROWS, lineage.rows)] if lineage.rows else [])]
    return "\n".join(f"--   {name} <- {', '.join(map(_edge, sorted(origins)))}".rstrip() for name, origins in outputs)


def _edge(origin: Origin) -> str:
    reason = f" ({origin.reason})" if origin.reason else ""
    return f"{origin.kind}{' MASKED' if origin.masking else ''} {origin.dataset}.{origin.column}{reason}"
