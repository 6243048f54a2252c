"""A contract's SQL in Spark's words: only what means the same there as in DuckDB, by a list of what does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from data_platform.contracts.patterns import PatternError, translate
from data_platform.quality.dialects import SPACES

AS_THEY_ARE = frozenset(
    """
    Alias And Between Boolean Bracket CTE Case Column DataType DataTypeParam Distinct Dot EQ Except Exists Filter From GT GTE
    Group Having Identifier If In Interval Intersect Is Join LT LTE Limit Literal Mod Mul Neg NEQ Not Null NullSafeEQ
    NullSafeNEQ Offset Or Order Ordered Paren Select Sub Subquery Table TableAlias Tuple Union Values Var Where
    Window WindowSpec Add DPipe Div
    Abs Avg Ceil Coalesce Concat Contains Count CountIf CurrentDate CurrentTimestamp DenseRank EndsWith FirstValue Floor
    Greatest Lag LastValue Lead Least Length LogicalAnd LogicalOr Lower Max Median Min Nullif PercentileCont Rank RowNumber
    StartsWith Stddev StddevPop StddevSamp Sum Upper Variance VariancePop
    Day Hour Minute Month Quarter Year
    """.split()  # noqa: SIM905
)
"""Of sqlglot's expressions, those that `ADAPTED` makes mean the same on both engines, or that do as they are."""
PARTS = frozenset({"year", "quarter", "month", "day", "hour", "minute"})
TYPES = frozenset({"DOUBLE", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPNTZ", "BOOLEAN", "DECIMAL"})
"""What a value can be cast to: only DuckDB rounds to whole numbers, and each engine writes numbers in its own way."""
IF: dict[type[exp.Expr], Callable[..., bool]] = {  # expression -> whether this one means the same
    exp.Cast: lambda node: node.to.this.value in TYPES,
    exp.DateDiff: lambda node: _unit(node) == "day",
    exp.DateTrunc: lambda node: _unit(node) in {*PARTS, "week"},
    exp.Distinct: lambda node: not node.args.get("on"),
    exp.Extract: lambda node: node.name.lower() in PARTS,
    exp.ILike: lambda node: "\\" not in (_text(node.expression) or "\\"),  # escapes in Spark alone
    exp.Like: lambda node: "\\" not in (_text(node.expression) or "\\"),
    exp.RegexpLike: lambda node: _text(node.expression) is not None and not node.args.get("flag"),
    exp.Round: lambda node: not node.args.get("decimals"),
    exp.Star: lambda node: not any(node.args.values()),
    exp.Substring: lambda node: isinstance(node.args["start"], exp.Literal) and node.args["start"].name != "0",
    exp.TimestampTrunc: lambda node: _unit(node) in {*PARTS, "week"},
    exp.Trim: lambda node: not node.expression and not node.args.get("position"),
    exp.With: lambda node: not node.args.get("recursive"),
}


class NotPortable(ValueError):
    """A piece of SQL that has no equal on Spark; says which."""


def portable(query: str, names: Mapping[str, str]) -> str:
    """DuckDB's query as Spark's. `names` has the view of each name (in lower case) that a table may have in it.

    NotPortable says what Spark does not say with the same meaning.
    """
    try:
        tree = parse_one(query, read="duckdb")
        for node in tree.walk():
            allowed = IF.get(type(node), lambda node: type(node).__name__ in AS_THEY_ARE)
            if not allowed(node):
                raise NotPortable(f"`{node.sql('duckdb')[:80]}` has no equal in Spark")
        _rename(tree, names)
        for kind, adapt in ADAPTED.items():
            for node in [*tree.find_all(kind)][::-1]:  # what is deepest first
                node.replace(adapt(node.copy()))
        return tree.sql(dialect="spark")
    except PatternError as error:
        raise NotPortable(str(error)) from error
    except SqlglotError as error:
        raise NotPortable(f"it cannot be said in Spark: {str(error).splitlines()[0]}") from error


def _rename(tree: exp.Expr, names: Mapping[str, str]) -> None:
    """Put views in the tables' places, and leave WITH's names alone."""
    for scope in traverse_scope(tree):
        for table in scope.tables:
            name = f"{table.db}.{table.name}" if table.db else table.name
            if not table.db and table.name in scope.cte_sources:
                continue
            if not table.alias:
                table.set("alias", exp.TableAlias(this=table.this.copy()))
            table.set("this", exp.to_identifier(names[name.lower()], quoted=True))
            table.set("db", None)
    for column in tree.find_all(exp.Column):
        column.set("db", None)


def _divided(node: exp.Div) -> exp.Expr:
    """Doubles divided as DuckDB does: by zero to infinity, and zero by zero to NaN."""
    top, below = (exp.cast(side, "double") for side in (node.this, node.expression))
    infinite = exp.Mul(this=top.copy(), expression=exp.cast(exp.Literal.string("Infinity"), "double"))
    is_zero = exp.EQ(this=below.copy(), expression=exp.Literal.number(0))
    divided = exp.Div(this=top, expression=below, typed=node.args.get("typed"), safe=False)
    return exp.Paren(this=exp.Case(ifs=[exp.If(this=is_zero, true=infinite)], default=divided))


def _matched(node: exp.RegexpLike) -> exp.Expr:
    node.set("expression", exp.Literal.string(translate(node.expression.name, "java")))
    return node


def _trimmed(node: exp.Trim) -> exp.Expr:
    node.set("expression", exp.Literal.string(SPACES))
    return node


def _averaged(node: exp.Avg) -> exp.Expr:
    """Of decimals, too, a double."""
    node.set("this", exp.cast(node.this, "double"))
    return node


def _percentile(node: exp.PercentileCont) -> exp.Expr:
    return exp.Anonymous(this="PERCENTILE", expressions=[node.this, node.expression])


ADAPTED: dict[type[exp.Expr], Callable[..., exp.Expr]] = {
    exp.Div: _divided,
    exp.RegexpLike: _matched,
    exp.Trim: _trimmed,
    exp.Avg: _averaged,
    exp.PercentileCont: _percentile,
}


def _text(node: exp.Expr) -> str | None:
    return node.name if isinstance(node, exp.Literal) and node.is_string else None


def _unit(node: exp.Expr) -> str:
    unit = node.args.get("unit")
    return unit.name.lower() if unit is not None else ""
