"""Hypothesis strategies made from a contract: frames that keep it, and frames that break one rule of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from data_platform.contracts import Contract, Rule
from data_platform.contracts.model import PUBLICATION
from data_platform.contracts.partitions import STEP, WHOLE, spell, start_of
from data_platform.contracts.rules import ABOUT_ROWS, KINDS
from data_platform.datasets.testing.bounds import CannotDrawError
from data_platform.datasets.testing.convert import as_arrow, converter
from data_platform.datasets.testing.counted import condition, not_counted
from data_platform.datasets.testing.rest import RestAudit
from data_platform.datasets.testing.rows import Row, Rows
from data_platform.engines import frame_name

if TYPE_CHECKING:
    import pyarrow as pa
    from hypothesis.strategies import DrawFn, SearchStrategy

USUAL, MOST = 20, 100_000
"""Rows of a frame at most, where nobody says how many; rows up to which a number of rows is looked for that a contract
allows."""
PARTITIONS = 60


def frames_from(
    contract: Contract,
    partition: str | Sequence[str] = "",
    *,
    min_rows: int | None = None,
    max_rows: int | None = None,
    frame: Any = "pyarrow.Table",
    others: Mapping[str, Any] | None = None,
    columns: Mapping[str, SearchStrategy[Any]] | None = None,
    without: Collection[str] = (),
) -> SearchStrategy[Any]:
    """Frames that keep every rule of the contract that a frame alone can answer, for hypothesis's `@given`.

    `partition` is in the contract's spelling; several give rows in each, and none a partition drawn among the first
    days. The numbers of rows are per partition: by default what the contract's `rowCount` rules allow, 0 to 20 where
    there is none. `frame` is a frame type or its name (`polars.LazyFrame`). `others` are frames of the datasets that
    rules read: foreign keys are drawn from them, and a rule about a dataset that is not among them is left out.
    `columns` are strategies for the values of single columns, in place of ours. `without` names rules to leave out.

    CannotDrawError where no frame keeps the rules, or none is found by chance (a `sql` rule, say), with the rule's name.
    """
    from hypothesis import strategies as st

    convert = converter(frame)
    tables = {dataset: as_arrow(each) for dataset, each in (others or {}).items()}
    asked = [rule for rule in contract.rules if rule.name not in without and _can_be_answered(rule, contract, tables)]
    sizes = _sizes(contract, asked, min_rows, max_rows)
    drawn_to = replace(contract, rules=tuple(asked))
    keys = _keys(drawn_to, tables)
    by_rows = [rule for rule in asked if _holds_by_rows(rule)]
    rest = [rule for rule in asked if (rule not in by_rows and rule.when == PUBLICATION) or rule.kind == "foreign_key"]
    audit = RestAudit(drawn_to, rest, tables)
    pandas = (frame_name(frame) if isinstance(frame, type) else frame) == "pandas.DataFrame"

    conditions = [found for rule in asked if (found := condition(rule, contract))]

    def rows_in(name: str) -> SearchStrategy[list[Row]]:
        rows = Rows(contract, name, by_rows, keys, columns or {}, pandas)
        if conditions:
            return st.sampled_from(sizes).flatmap(lambda size: _left(rows, size, conditions))
        if len(sizes) == sizes[-1] - sizes[0] + 1:
            return rows.of_size(sizes[0], sizes[-1])
        return st.sampled_from(sizes).flatmap(lambda size: rows.of_size(size, size))

    named = [partition] if isinstance(partition, str) else list(partition)
    if contract.partitioning is not None and named == [WHOLE]:
        drawn = st.sampled_from(some_partitions(contract)).flatmap(rows_in)
    else:
        drawn = st.tuples(*map(rows_in, named)).map(lambda parts: [row for part in parts for row in part])
    return drawn.map(lambda rows: table_of(contract, rows)).filter(audit).map(convert)


def breaking_frames_from(
    contract: Contract,
    partition: str | Sequence[str] = "",
    *,
    rules: Collection[str] | None = None,
    frame: Any = "pyarrow.Table",
    **options: Any,
) -> SearchStrategy[tuple[Rule, Any]]:
    """A row rule of the contract (one of `rules`, by name) and a frame with a row that breaks it.

    The `options` are those of `frames_from`. A row that breaks one rule may break others, too. ValueError where there
    is no such rule that a typed frame can break.
    """
    from hypothesis import strategies as st

    from data_platform.datasets.breaches import break_row, breakable
    from data_platform.quality.frames import audit_frame

    polars = converter("polars.DataFrame")  # audited in a hundredth of the time of an Arrow table
    others = {name: polars(as_arrow(each)) for name, each in (options.get("others") or {}).items()}
    found = [rule for rule in breakable(contract, others) if rules is None or rule.name in rules]
    if not found:
        raise ValueError(f"{contract.dataset} has no such rule that a typed frame can break")
    options["min_rows"] = max(1, options.get("min_rows") or 1)
    convert = converter(frame)

    @st.composite
    def broken(draw: DrawFn) -> tuple[Rule, Any]:
        from hypothesis import assume

        rule = draw(st.sampled_from(found))
        least = max(options["min_rows"], 2 if KINDS[rule.kind].metric == "duplicates" else 1)
        rows = draw(frames_from(contract, partition, **{**options, "min_rows": least})).to_pylist()
        place = draw(st.integers(0, len(rows) - 1))
        for candidate in break_row(contract, rule, rows, place):
            table = table_of(contract, candidate)
            if audit_frame(polars(table), contract, [rule.name], others=others).broken:
                return rule, convert(table)
        assume(False)
        raise AssertionError

    return broken()


def table_of(contract: Contract, rows: Sequence[Row]) -> pa.Table:
    """Rows as an Arrow table of exactly the contract's types."""
    import pyarrow as pa

    from data_platform.engines.arrow import arrow_schema

    return pa.Table.from_pylist(list(rows), schema=arrow_schema(contract.columns))


def some_partitions(contract: Contract) -> list[str]:
    """The first partitions there are of a contract."""
    from itertools import islice, product

    assert contract.partitioning is not None
    spelt = []
    for key in contract.partitioning.keys:
        if key.granularity == "static":
            spelt.append(key.values)
        else:
            first = start_of(key, key.start if key.granularity == "day" else f"{key.start}-00:00")
            spelt.append([spell(key, first + n * STEP[key.granularity]) for n in range(PARTITIONS)])
    return ["|".join(each) for each in islice(product(*spelt), PARTITIONS)]


def _left(rows: Rows, size: int, conditions: Sequence[str]) -> SearchStrategy[list[Row]]:
    """So many rows, of more that were drawn, as a contract's own SQL does not count as wrong."""

    def kept(drawn: list[Row]) -> list[Row]:
        return not_counted(table_of(rows.contract, drawn), conditions).to_pylist()[:size]

    return rows.of_size(size, 3 * size + 3).map(kept).filter(lambda found: len(found) == size)


def _can_be_answered(rule: Rule, contract: Contract, others: Collection[str]) -> bool:
    known = {contract.dataset, *others}
    return KINDS[rule.kind].metric != "history" and all(each.dataset in known for each in rule.reads)


def _holds_by_rows(rule: Rule) -> bool:
    """Whether a rule holds where no row breaks it: rules about rows, and limits to how many may."""
    return KINDS[rule.kind].metric in ABOUT_ROWS and (rule.threshold is None or rule.threshold.holds(0))


def _sizes(contract: Contract, rules: Sequence[Rule], least: int | None, most: int | None) -> list[int]:
    """The numbers of rows to draw; CannotDrawError where the contract allows none of those asked for."""
    limits = [rule for rule in rules if rule.kind == "row_count" and rule.threshold is not None]
    first = least or 0
    last = most if most is not None else max(first + USUAL, USUAL)

    def allowed(numbers: range) -> list[int]:
        return [n for n in numbers if all(rule.threshold.holds(n) for rule in limits)]  # type: ignore[union-attr]

    found = allowed(range(first, last + 1))
    if not found and most is None:
        found = next(([n] for n in range(last, MOST) if allowed(range(n, n + 1))), [])
        found = allowed(range(found[0], found[0] + USUAL)) if found else []
    if not found:
        names = ", ".join(rule.name for rule in limits) or "min_rows"
        raise CannotDrawError(
            f"{contract.dataset}: no number of rows between {first} and {last} keeps {names}; change min_rows or max_rows"
        )
    return found


def _keys(contract: Contract, others: Mapping[str, pa.Table]) -> dict[str, list[tuple[Any, ...]]]:
    """By foreign key into another dataset, the keys that its frame has, as values of this contract's types."""
    import pyarrow as pa

    from data_platform.engines.arrow import arrow_type

    found = {}
    for rule in contract.rules:
        if rule.kind == "foreign_key" and (parent := rule.reads[0]).dataset != contract.dataset:
            table = others[parent.dataset]
            types = [arrow_type(contract.column(name).type) for name in rule.columns]
            try:
                values = [table[name].cast(kind).to_pylist() for name, kind in zip(parent.columns, types, strict=True)]
            except (KeyError, pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                raise CannotDrawError(
                    f"{contract.dataset}: {rule.name} cannot be drawn from {parent.dataset}: {error}"
                ) from error
            found[rule.name] = [key for key in dict.fromkeys(zip(*values, strict=True)) if None not in key]
    return found
