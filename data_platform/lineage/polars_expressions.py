"""Which columns an expression of a Polars plan is made of, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from data_platform.lineage.given import Unreadable
from data_platform.lineage.model import NOTHING, Kind, Origins, through

AGGREGATES = frozenset(
    (
        *("all", "any", "approx_n_unique", "arg_max", "arg_min", "arg_unique", "bitwise_and", "bitwise_or"),
        *("bitwise_xor", "corr", "count", "cov", "cum_count", "cum_max", "cum_min", "cum_prod", "cum_sum", "entropy"),
        *("has_nulls", "hist", "kurtosis", "len", "max_by", "min_by", "mode", "n_unique", "null_count", "pearson_corr"),
        *("product", "quantile", "rank", "skew", "spearman_rank_corr", "unique_counts", "value_counts"),
    )
)
"""Functions whose value is of many rows. Those that only move values (shift) transform them."""
RESHAPES = {
    **dict.fromkeys(("drop_nulls", "drop_nans", "argwhere"), Kind.FILTER),
    **dict.fromkeys(("arg_unique", "mode", "rle", "unique", "unique_counts", "value_counts"), Kind.GROUP_BY),
}
"""Functions after which there are other rows, and how their arguments decide on them."""
ONE = ("Agg", "Column", "Len", "Literal", "Window")
"""Expressions that have one value, or as many as there are rows, whatever is in them."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The columns that an expression sees."""

    columns: Mapping[str, Origins]


def origins_of(visitor: Any, node: int, scope: Scope) -> Origins:
    """What the expression `node` is made of; opaque where Polars does not show it."""
    try:
        return _origins(visitor, node, scope)
    except NotImplementedError as error:
        python = "anonymous" in str(error) or "python" in str(error)
        return hidden(scope, "a Python function" if python else f"Polars does not show how it is computed ({error})")
    except Unreadable as error:
        return hidden(scope, str(error))
    except RecursionError:
        return hidden(scope, "an expression too deep to follow")


def hidden(scope: Scope, why: str) -> Origins:
    """Any of the columns may be used, in any way."""
    return frozenset(each for origins in scope.columns.values() for each in through(origins, Kind.OPAQUE, reason=why))


def rows_of(visitor: Any, node: int, scope: Scope) -> Origins:
    """What an expression, or one within it, decides on rows by: those it leaves out, or multiplies."""
    found, pending = NOTHING, [node]
    while pending:
        try:
            view = visitor.view_expression(pending.pop())
        except NotImplementedError:  # its value is opaque of all columns, and so is what is made of it
            continue
        kind = type(view).__name__
        name = str(view.function_data[0]) if kind == "Function" else ""
        if kind == "Filter":
            found |= through(origins_of(visitor, view.by, scope), Kind.FILTER)
        elif kind == "Gather":
            found |= through(origins_of(visitor, view.idx, scope), Kind.FILTER)
        elif kind == "Explode":
            found |= through(origins_of(visitor, view.expr, scope), Kind.JOIN)
        elif name in RESHAPES:
            several = (through(origins_of(visitor, each, scope), RESHAPES[name]) for each in view.input)
            found |= frozenset().union(*several)
        if kind not in ONE and name not in AGGREGATES - set(RESHAPES):
            pending += _parts(view)
    return found


def _parts(view: Any) -> list[int]:
    """The expressions that one is made of and whose number of values counts."""
    names = ("expr", "input", "left", "right", "truthy", "falsy", "predicate")
    values = [getattr(view, name) for name in names if hasattr(view, name)]
    return [part for each in values for part in (each if isinstance(each, list) else [each])]


def _origins(visitor: Any, node: int, scope: Scope) -> Origins:
    view = visitor.view_expression(node)

    def used(*nodes: int | None, kind: Kind = Kind.TRANSFORMATION) -> Origins:
        return _used(visitor, [each for each in nodes if each is not None], scope, kind)

    match type(view).__name__:
        case "Column":
            return scope.columns[view.name]
        case "Alias":
            return _origins(visitor, view.expr, scope)
        case "Literal":
            if type(view.value).__name__ == "PySeries":
                raise Unreadable("a series in memory: how it was computed is not known")
            return NOTHING
        case "Len":
            return NOTHING
        case "Cast" | "Explode" | "Sort":
            return used(view.expr if hasattr(view, "expr") else view.input)
        case "BinaryExpr":
            return used(view.left, view.right)
        case "Agg":
            return used(*view.arguments, kind=Kind.AGGREGATION)
        case "Function":
            return _function(str(view.function_data[0]), _used(visitor, view.input, scope, Kind.IDENTITY))
        case "Ternary":
            return used(view.predicate, kind=Kind.CONDITIONAL) | used(view.truthy, view.falsy)
        case "Window":
            order = view.order_by if isinstance(view.order_by, list) else [view.order_by]
            window = used(*view.partition_by, *order, kind=Kind.WINDOW)
            return used(view.function, kind=Kind.IDENTITY) | window
        case "Filter":
            return used(view.input, kind=Kind.IDENTITY) | used(view.by, kind=Kind.CONDITIONAL)
        case "SortBy":
            return used(view.expr, kind=Kind.IDENTITY) | used(*view.by, kind=Kind.WINDOW)
        case "Gather":
            return used(view.expr, view.idx)
        case "Slice":
            return used(view.input, kind=Kind.IDENTITY) | used(view.offset, view.length)
        case other:
            raise Unreadable(f"the expression {other} is not known")


def _function(name: str, arguments: Origins) -> Origins:
    short = name.rpartition(".")[2].lower()
    is_aggregate = name in AGGREGATES or name.startswith("RollingFunction")
    is_aggregate = is_aggregate or (name.startswith("BooleanFunction") and short in ("any", "all"))
    return through(arguments, Kind.AGGREGATION if is_aggregate else Kind.TRANSFORMATION, masking="hash" in short)


def _used(visitor: Any, nodes: Iterable[int], scope: Scope, kind: Kind) -> Origins:
    return frozenset(each for node in nodes for each in through(_origins(visitor, node, scope), kind))
