"""What each step of a Polars plan makes of the lineages of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from data_platform.lineage.given import Unreadable
from data_platform.lineage.model import NOTHING, Kind, Lineage, Origins, through
from data_platform.lineage.polars_expressions import Scope, origins_of, rows_of


class Step:
    """One step of a plan: what it says of itself, its output columns, and the lineages of its inputs."""

    def __init__(self, visitor: Any, view: Any, outputs: list[str], types: Mapping[str, Any], below: list[Lineage]):
        self.visitor, self.view, self.outputs, self.types, self.below = visitor, view, outputs, types, below

    @property
    def only(self) -> Lineage:
        return self.below[0]

    def of(self, expression: Any, side: Lineage | None = None) -> Origins:
        return origins_of(self.visitor, expression.node, Scope((side or self.only).columns))

    def used(self, expressions: Iterable[Any], kind: Kind, side: Lineage | None = None) -> Origins:
        return frozenset(each for one in expressions for each in through(self.of(one, side), kind))

    def named(self, names: Iterable[str], kind: Kind, side: Lineage | None = None) -> Origins:
        columns = (side or self.only).columns
        return frozenset(each for name in names for each in through(columns[name], kind))


def _filter(step: Step) -> Lineage:
    crossed = isinstance(step.only, _Crossed)
    return Lineage(
        step.only.columns,
        step.only.rows | through(step.of(step.view.predicate), Kind.JOIN if crossed else Kind.FILTER),
    )


def _select(step: Step) -> Lineage:
    expressions = step.visitor.get_exprs()
    rows = frozenset(each for one in expressions for each in rows_of(step.visitor, one.node, Scope(step.only.columns)))
    return Lineage({each.output_name: step.of(each) for each in expressions}, step.only.rows | rows)


def _with_columns(step: Step) -> Lineage:
    computed = {each.output_name: step.of(each) for each in step.view.exprs}
    columns = {**step.only.columns, **computed}
    return Lineage({name: columns[name] for name in step.outputs}, step.only.rows)


def _kept(step: Step) -> Lineage:
    return Lineage({name: step.only.columns[name] for name in step.outputs}, step.only.rows)


def _group(step: Step) -> Lineage:
    view = step.view
    if view.apply:
        raise Unreadable("a Python function computes each group")
    columns = {each.output_name: step.of(each) for each in view.keys}
    rows = step.used(view.keys, Kind.GROUP_BY)
    cut = view.options.dynamic or view.options.rolling
    if cut is not None:
        index = str(cut.index_column)
        columns[index] = through(
            step.only.columns[index], Kind.TRANSFORMATION if view.options.dynamic else Kind.IDENTITY
        )
        rows |= step.named([index], Kind.GROUP_BY)
    columns |= {each.output_name: through(step.of(each), Kind.AGGREGATION) for each in view.aggs}
    if missing := set(step.outputs) - set(columns):  # the bounds of dynamic groups
        columns |= dict.fromkeys(
            missing, through(columns[str(cut.index_column)], Kind.TRANSFORMATION) if cut else NOTHING
        )
    return Lineage({name: columns[name] for name in step.outputs}, step.only.rows | rows)


class _Crossed(Lineage):
    """Of a cross join: a filter on it is a join's condition."""

    __slots__ = ()


def _join(step: Step) -> Lineage:
    left, right = step.below
    view = step.view
    how, _, _, suffix, coalesce, _ = view.options
    ons = [_plain(step, each) for each in view.left_on], [_plain(step, each) for each in view.right_on]
    rows = left.rows | right.rows
    rows |= step.used(view.left_on, Kind.JOIN, left) | step.used(view.right_on, Kind.JOIN, right)
    if isinstance(how, tuple):  # an asof join, by columns that are equal
        *_, left_by, right_by = (each for each in how if isinstance(each, list) or each is None)
        rows |= step.named(left_by or (), Kind.JOIN, left) | step.named(right_by or (), Kind.JOIN, right)
        how, dropped = "AsOf", {*(right_by or ())}
        if coalesce:
            dropped |= {theirs for mine, theirs in zip(*ons, strict=True) if mine and theirs}
    elif how in ("Semi", "Anti"):
        return Lineage(left.columns, rows)
    else:
        dropped = {name for name in ons[0 if how == "Right" else 1] if name} if coalesce else set()
    kept_left = {name: of for name, of in left.columns.items() if how != "Right" or name not in dropped}
    kept_right = {name: of for name, of in right.columns.items() if how == "Right" or name not in dropped}
    if how == "Full" and coalesce:
        for mine, theirs in zip(*ons, strict=True):
            kept_left[mine] = through(left.columns[mine] | right.columns[theirs], Kind.TRANSFORMATION)
    columns = kept_left | {f"{name}{suffix}" if name in kept_left else name: of for name, of in kept_right.items()}
    if set(columns) != set(step.outputs):
        raise Unreadable(f"which side the columns of a join come from is not known ({how})")
    if view.predicate is not None:
        rows |= through(origins_of(step.visitor, view.predicate.node, Scope(columns)), Kind.JOIN)
    made = _Crossed if how == "Cross" else Lineage
    return made({name: columns[name] for name in step.outputs}, rows)


def _plain(step: Step, key: Any) -> str:
    """The column that a join's key is; '' where it is computed."""
    view = step.visitor.view_expression(key.node)
    return view.name if type(view).__name__ == "Column" else ""


def _union(step: Step) -> Lineage:
    columns = {name: frozenset(each for one in step.below for each in one.columns[name]) for name in step.outputs}
    return Lineage(columns, frozenset(each for one in step.below for each in one.rows))


def _side_by_side(step: Step) -> Lineage:
    columns = {name: of for one in step.below for name, of in one.columns.items()}
    return Lineage({name: columns[name] for name in step.outputs}, frozenset().union(*(one.rows for one in step.below)))


def _merge(step: Step) -> Lineage:
    keys = step.view.key if isinstance(step.view.key, list) else [step.view.key]
    found = _union(step)
    return Lineage(found.columns, found.rows | step.named(keys, Kind.SORT, found))


def _distinct(step: Step) -> Lineage:
    subset = step.view.options[1] or step.outputs
    return Lineage(step.only.columns, step.only.rows | step.named(subset, Kind.GROUP_BY))


def _sort(step: Step) -> Lineage:
    return Lineage(step.only.columns, step.only.rows | step.used(step.view.by_column, Kind.SORT))


def _function(step: Step) -> Lineage:
    name, *arguments = step.view.function
    columns, rows = dict(step.only.columns), NOTHING
    match name:
        case "explode":
            rows = step.named(arguments[0], Kind.JOIN)  # there are as many as elements
            columns |= {each: through(columns[each], Kind.TRANSFORMATION) for each in arguments[0]}
        case "unnest":
            (struct,) = arguments[0] if len(arguments[0]) == 1 else ("",)
            if not struct:
                raise Unreadable("which of several structs a field comes from is not known")
            fields = through(columns.pop(struct), Kind.TRANSFORMATION)
            columns = {each: columns.get(each, fields) for each in step.outputs}
        case "unpivot":
            index, on, variable, value = arguments
            values = step.named(on or [each for each in columns if each not in (index or ())], Kind.IDENTITY)
            columns = {each: columns[each] for each in index or ()} | {variable: NOTHING, value: values}
        case "row_index":
            columns[arguments[0]] = NOTHING
        case "rechunk" | "hint":
            pass
        case _:
            raise Unreadable(f"the function {name} is not known")
    return Lineage({each: columns[each] for each in step.outputs}, step.only.rows | rows)


STEPS: dict[str, Callable[[Step], Lineage]] = {
    "Cache": _kept,
    "Distinct": _distinct,
    "Filter": _filter,
    "GroupBy": _group,
    "HConcat": _side_by_side,
    "HStack": _with_columns,
    "Join": _join,
    "MapFunction": _function,
    "MergeSorted": _merge,
    "Select": _select,
    "SimpleProjection": _kept,
    "Sink": _kept,
    "Slice": _kept,
    "Sort": _sort,
    "Union": _union,
}
