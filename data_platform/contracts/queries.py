"""`type: sql` queries: the standard's placeholders, and the tables a query names. Nothing here runs one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from data_platform.contracts.naming import is_name

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PLACEHOLDER = re.compile(r"\$?\{(object|table|property|column)\}")
_OURS = {"object": "{object}", "table": "{object}", "property": "{property}", "column": "{property}"}
ROW_MAKERS = frozenset({"range", "generate_series", "unnest"})
"""Table functions a query may call; all others read something that is not a dataset."""

SETTINGS = frozenset({"current_setting", "getvariable", "getenv"})
"""Functions that look out of the data."""


class QueryError(ValueError):
    """A query that is not one SELECT over datasets; says why."""


def portable(query: str) -> str:
    """The query with the placeholders `{object}` and `{property}` only: ODCS 3.0 wrote `${object}`, examples
    `{table}` and `{column}`; and without a semicolon at its end."""
    return _PLACEHOLDER.sub(lambda match: _OURS[match[1]], query).strip().rstrip(";").rstrip()


def tables(query: str) -> tuple[str, ...]:
    """The tables that a `portable` query names besides `{object}`, as it writes them: `name` or `schema.name`.

    Read from DuckDB's syntax tree, so that names in texts, comments and WITH are none. QueryError where the query does
    not parse, is not one SELECT, or reads anything but tables with plain names.
    """
    object_ = "__object"
    text = query.replace("{object}", object_).replace("{property}", "__property")
    (answer,) = _parser().cursor().execute("SELECT json_serialize_sql($1)", [text]).fetchone() or ("{}",)
    tree = json.loads(answer)
    if tree.get("error"):
        raise QueryError(" ".join(str(tree.get("error_message", "it does not parse")).split()))
    if len(tree["statements"]) != 1:
        raise QueryError(f"{len(tree['statements'])} statements")
    found = dict.fromkeys(_tables(tree["statements"][0]["node"], frozenset()))
    found.pop(object_, None)
    return tuple(found)


@cache
def _parser() -> DuckDBPyConnection:
    import duckdb

    return duckdb.connect(":memory:")


def _tables(node: Any, named: frozenset[str]) -> Iterator[str]:
    """The tables below a node of the syntax tree where `named` are WITH's names."""
    if isinstance(node, list):
        for item in node:
            yield from _tables(item, named)
        return
    if not isinstance(node, dict):
        return
    for each in node.get("cte_map", {}).get("map", ()):
        name, body = each["key"].lower(), each["value"]
        recursive = body["query_node"]["type"] == "RECURSIVE_CTE_NODE"
        yield from _tables(body, named | {name} if recursive else named)
        named |= {name}
    match node.get("type"):
        case "BASE_TABLE":
            parts = [node[part] for part in ("catalog_name", "schema_name", "table_name") if node[part]]
            if len(parts) > 2 or not all(is_name(part.lstrip("_")) for part in parts):
                raise QueryError(f"{'.'.join(parts)!r} is not the name of a dataset")
            if len(parts) == 2 or parts[0].lower() not in named:
                yield ".".join(parts)
        case "TABLE_FUNCTION" if node["function"]["function_name"].lower() not in ROW_MAKERS:
            raise QueryError(f"{node['function']['function_name']}() is not a dataset")
        case "SHOW_REF":
            raise QueryError("DESCRIBE, SHOW and SUMMARIZE are about datasets, not of them")
        case "FUNCTION" if node["function_name"].lower() in SETTINGS:
            raise QueryError(f"{node['function_name']}() reads a setting")
    for key, part in node.items():
        if key != "cte_map":
            yield from _tables(part, named)
