"""Tables of a PostgreSQL, as their own catalog describes them: types, keys, foreign keys, nullability, comments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from data_platform.contracts import ColumnType
from data_platform.files.formats import Parquet
from data_platform.scaffold import personal
from data_platform.scaffold.model import ColumnProfile, Findings, ForeignKey, ScaffoldError, Source, Sure, TableProfile
from data_platform.scaffold.names import column_names, distinct, plain, singular

KINDS: dict[str, str] = {  # PostgreSQL -> the contract's type; what is not here is read as text
    "smallint": "int",
    "integer": "int",
    "bigint": "long",
    "real": "float",
    "double precision": "double",
    "boolean": "boolean",
    "date": "date",
    "time without time zone": "time",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "bytea": "binary",
}
UNLIMITED = ColumnType("decimal", 38, 9)
"""`numeric` alone has no limits; a value beyond these is refused, and named, when it comes."""
TABLES = """
    SELECT c.oid::bigint, n.nspname, c.relname, c.reltuples::bigint, obj_description(c.oid, 'pg_class')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)
"""
COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, col_description(a.attrelid, a.attnum),
        (SELECT string_agg(e.enumlabel, chr(31) ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = a.atttypid),
        a.attnum::bigint
    FROM pg_attribute a WHERE a.attrelid = $1::bigint::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
CONSTRAINTS = """
    SELECT contype::text, array_to_string(conkey, ','), confrelid::bigint, array_to_string(confkey, ',')
    FROM pg_constraint WHERE conrelid = $1::bigint::oid AND contype IN ('p', 'f') ORDER BY conname
"""


@dataclass(frozen=True, slots=True)
class Described:
    """A table: its name in the database, its columns by number, and what selects its rows as the contract has them."""

    oid: int
    schema: str
    name: str
    profile: TableProfile
    numbers: dict[int, str]
    query: str


def describe(dsn: str, tables: Sequence[str]) -> tuple[Findings, dict[str, str]]:
    """What the catalog says of some tables (`table` or `schema.table`), and for each dataset the query of its rows.

    Raises ScaffoldError where the database does not answer or has no such table; no message has the address in it.
    """
    import adbc_driver_postgresql.dbapi as adbc

    try:
        connection = adbc.connect(dsn)
    except adbc.Error as error:
        raise ScaffoldError(f"the database does not answer: {_without(dsn, str(error))}") from None
    with connection, connection.cursor() as cursor:
        names = distinct(plain(table.rpartition(".")[2]) for table in tables)
        found = [_described(cursor, table, name) for table, name in zip(tables, names, strict=True)]
        keys = [key for each in found for key in _foreign_keys(cursor, each, found)]
    return Findings(tuple(each.profile for each in found), tuple(keys)), {
        each.profile.name: each.query for each in found
    }


def _rows(cursor: Any, query: str, parameter: object) -> list[tuple[Any, ...]]:
    cursor.execute(query, (parameter,))
    return cursor.fetchall()


def _described(cursor: Any, table: str, dataset: str) -> Described:
    known = _rows(cursor, TABLES, _quoted(table))
    if not known:
        raise ScaffoldError(f"the database has no table {table}; write it as schema.table where it is not in `public`")
    oid, schema, name, rows, comment = known[0]
    listed = _rows(cursor, COLUMNS, oid)
    names = column_names([column for column, *_ in listed])
    numbers = {number: names[column] for column, *_, number in listed}
    key = next((of for kind, of, *_ in _rows(cursor, CONSTRAINTS, oid) if kind == "p"), "")
    columns = tuple(_column(dataset, names[column], *of) for column, *of, _ in listed)
    selected = ", ".join(_selected(column, names[column], kind) for column, kind, *_ in listed)
    source = Source(dataset, f"the table {schema}.{name}", (), Parquet())
    notes = () if key else ("the table has no primary key: say what identifies a row",)
    profile = TableProfile(
        source,
        max(rows, 0),
        columns,
        tuple(numbers[int(each)] for each in key.split(",") if each),
        notes,
        comment or "",
    )
    query = f"SELECT {selected} FROM {_identifier(schema)}.{_identifier(name)}"
    return Described(oid, schema, name, profile, numbers, query)


def _column(
    dataset: str, name: str, kind: str, required: bool, comment: str | None, labels: str | None
) -> ColumnProfile:
    pii = personal.by_name(name, singular(dataset)) if kind != "boolean" else ""
    notes = (f"looks like {pii} by its name: review",) if pii else ()
    return ColumnProfile(
        name,
        column_type(kind),
        Sure.VERIFIED,
        values=tuple(labels.split("\x1f")) if labels else (),
        pii=pii,
        classification=personal.CLASSIFICATION.get(pii, "internal"),
        description=comment or "",
        required=required,
        notes=notes,
    )


def column_type(kind: str) -> ColumnType:
    """The contract's type for a PostgreSQL type as `format_type` spells it."""
    bare = re.sub(r"^(time(?:stamp)?)\(\d\)", r"\1", kind)
    if bare in KINDS:
        return ColumnType(KINDS[bare])
    if sized := re.fullmatch(r"numeric\((\d+),(\d+)\)", kind):
        precision, scale = int(sized[1]), int(sized[2])
        return ColumnType("decimal", precision, scale) if precision <= 38 else ColumnType("string")
    if kind == "numeric":
        return UNLIMITED
    element = kind.removesuffix("[]")
    return (
        ColumnType("list", element=ColumnType(KINDS[element]))
        if element != kind and element in KINDS
        else ColumnType("string")
    )


def _selected(column: str, name: str, kind: str) -> str:
    """The column as the contract has it: numbers without limits, JSON, UUIDs and the like as their text."""
    is_text = kind == "text" or kind.startswith("character")
    as_it_is = is_text or column_type(kind).kind not in ("string", "decimal")
    value = _identifier(column) + ("" if as_it_is else "::text")
    return value if as_it_is and column == name else f"{value} AS {_identifier(name)}"


def _foreign_keys(cursor: Any, child: Described, found: Sequence[Described]) -> list[ForeignKey]:
    known = {each.oid: each for each in found}
    keys = []
    for kind, columns, parent, of in _rows(cursor, CONSTRAINTS, child.oid):
        if kind != "f" or parent not in known:
            continue
        names = tuple(child.numbers[int(each)] for each in columns.split(","))
        parents = tuple(known[parent].numbers[int(each)] for each in of.split(","))
        keys.append(ForeignKey(child.profile.name, names, known[parent].profile.name, parents, 0, "in the catalog"))
    return keys


def _identifier(name: str) -> str:
    return (
        name if re.fullmatch("[a-z_][a-z0-9_]*", name) and name not in RESERVED else '"' + name.replace('"', '""') + '"'
    )


def _quoted(table: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))


def _without(dsn: str, message: str) -> str:
    """The message without the address, in which a password may be."""
    secret = re.search(r"://[^/@]*:([^@]*)@", dsn)
    told = message.replace(dsn, "...")
    return (told.replace(secret[1], "...") if secret and secret[1] else told).strip()


RESERVED = frozenset(
    ["all", "analyse", "analyze", "and", "any", "array", "as", "asc", "both", "case", "cast", "check", "collate", "column",
     "constraint", "create", "current_date", "current_user", "default", "desc", "distinct", "do", "else", "end", "except",
     "false", "fetch", "for", "foreign", "from", "grant", "group", "having", "in", "initially", "intersect", "into",
     "lateral", "leading", "limit", "not", "null", "offset", "on", "only", "or", "order", "placing", "primary",
     "references", "returning", "select", "session_user", "some", "symmetric", "table", "then", "to", "trailing", "true",
     "union", "unique", "user", "using", "variadic", "when", "where", "window", "with"]
)  # fmt: skip
