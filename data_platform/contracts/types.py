"""The types a column can have: Iceberg's primitive and nested types, by Iceberg's names.

One spelling per type, so that a contract, an Iceberg table, a Parquet file and an audit agree. The mapping from
ODCS `logicalType` and `physicalType` is in `odcs.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

PRIMITIVES: dict[str, str] = {  # Iceberg name -> DuckDB SQL type
    "string": "VARCHAR",
    "int": "INTEGER",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "binary": "BLOB",
}
NUMERIC = frozenset({"int", "long", "float", "double", "decimal"})
FLOATING = frozenset({"float", "double"})
TEMPORAL = frozenset({"date", "time", "timestamp", "timestamptz"})


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A column's type.

    `kind` is a key of `PRIMITIVES`, or `decimal` (with `precision` and `scale`), `list` (with `element`),
    `map` (with `key` and `element`) or `struct` (with `fields`, pairs of name and type).
    """

    kind: str
    precision: int = 0
    scale: int = 0
    element: ColumnType | None = None
    key: ColumnType | None = None
    fields: tuple[tuple[str, ColumnType], ...] = ()

    @property
    def is_numeric(self) -> bool:
        return self.kind in NUMERIC

    @property
    def is_nested(self) -> bool:
        return self.kind in ("list", "map", "struct")

    def __str__(self) -> str:
        match self.kind:
            case "decimal":
                return f"decimal({self.precision}, {self.scale})"
            case "list":
                return f"list<{self.element}>"
            case "map":
                return f"map<{self.key}, {self.element}>"
            case "struct":
                return "struct<" + ", ".join(f"{name}: {kind}" for name, kind in self.fields) + ">"
            case kind:
                return kind
