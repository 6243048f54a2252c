"""Rows of one partition, drawn column by column: keys of other datasets first, then what is compared within the row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

from data_platform.contracts import Column, Contract, Rule
from data_platform.contracts.rules import KINDS
from data_platform.datasets.testing.added import about, bounds_of, is_pair
from data_platform.datasets.testing.bounds import CannotDrawError, nothing
from data_platform.datasets.testing.keeps import identity, keeps, relates
from data_platform.datasets.testing.values import cells, key_of, room

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

Row = dict[str, Any]
Keys = Mapping[str, Sequence[tuple[Any, ...]]]
"""By foreign key, the keys that its parent has."""
TRIES = 10
EXACT_IN_PANDAS = [Rule("pandas", "minimum", (), {"value": -(2**53)}), Rule("pandas", "maximum", (), {"value": 2**53})]
"""Whole numbers beside nulls are floating ones in pandas."""


@dataclass(frozen=True)
class Rows:
    """What the rows of one partition must be. `rules` are about rows; `keys` has those of each foreign key's parent
    (a foreign key that is not among them is not looked at); `given` are strategies for columns instead of ours. In
    `pandas`, NaN is null."""

    contract: Contract
    partition: str
    rules: Sequence[Rule]
    keys: Keys = field(default_factory=dict)
    given: Mapping[str, SearchStrategy[Any]] = field(default_factory=dict)
    pandas: bool = False

    def of_size(self, least: int, most: int) -> SearchStrategy[list[Row]]:
        """Lists of such rows; CannotDrawError where there cannot be as many as `least`."""
        from hypothesis import strategies as st

        unique = [rule.columns for rule in self.rules if KINDS[rule.kind].metric == "duplicates"]
        for columns in unique:
            if (there_are := self._keys_there_are(columns)) is not None and there_are < least:
                raise CannotDrawError(
                    f"{self.contract.dataset}: {least} rows cannot differ in {', '.join(columns)}, of which there are "
                    f"{there_are}; ask for fewer rows"
                )
        if most:
            _ = self._alone  # made here, where what leaves no value is told
        own = [rule for rule in self.rules if self._is_own_key(rule)]
        tests = tuple(_key(columns) for columns in unique if not any(set(columns) & set(rule.columns) for rule in own))
        late = [columns for columns in unique if any(set(columns) & set(rule.columns) for rule in own)]
        row = st.composite(self._row)()
        rows = st.lists(row, min_size=least, max_size=most, unique_by=tests or None)
        for rule in own:
            rows = rows.flatmap(lambda drawn, rule=rule: self._related(drawn, rule))
        if not own:
            return rows
        return rows.filter(lambda drawn: all(_differ(drawn, each) for each in late) and all(map(self._relate, drawn)))

    def _row(self, draw: DrawFn) -> Row:
        from hypothesis import reject

        for _ in range(TRIES):
            try:
                return self._tried(draw)
            except CannotDrawError:  # what was drawn first leaves nothing for what is compared with it
                continue
        reject()

    def _tried(self, draw: DrawFn) -> Row:
        row: Row = {}
        for rule in self.rules:
            if rule.name in self.keys and not self._is_own_key(rule):
                self._draw_key(draw, rule, row)
        for column in self.contract.columns:
            if column.name not in row:
                related = [each for rule in self._pairs if (each := about(rule, column, row)) is not None]
                strategy = self._of(column, related) if related else self._alone[column.name]
                row[column.name] = draw(strategy)
        if not self._relate(row):
            raise nothing(self._pairs)
        return {name: row[name] for name in self.contract.column_names}

    def _relate(self, row: Row) -> bool:
        return all(test(*(row[name] for name in rule.columns)) for rule, test in self._pair_tests)

    def _draw_key(self, draw: DrawFn, rule: Rule, row: Row) -> None:
        """Columns of a foreign key: a key of the parent that fits what was drawn before, or a null in it."""
        from hypothesis import strategies as st

        columns = [self.contract.column(name) for name in rule.columns]
        known = [
            key
            for key in self._usable(rule)
            if all(name not in row or row[name] == value for name, value in zip(rule.columns, key, strict=True))
        ]
        nulls = [each.name for each in columns if each.name not in row and self._may_be_null(each)]
        if nulls and (not known or draw(st.integers(0, 3)) == 3):
            row[draw(st.sampled_from(nulls))] = None
        elif known:
            row |= dict(zip(rule.columns, draw(st.sampled_from(known)), strict=True))
        elif not any(name in row and row[name] is None for name in rule.columns):
            raise nothing([rule])

    def _usable(self, rule: Rule) -> list[tuple[Any, ...]]:
        tests = [self._tests(self.contract.column(name)) for name in rule.columns]
        return [
            key
            for key in self.keys[rule.name]
            if all(test(v) for each, v in zip(tests, key, strict=True) for test in each)
        ]

    def _related(self, rows: list[Row], rule: Rule) -> SearchStrategy[list[Row]]:
        """The rows with a foreign key into themselves drawn from the keys that they have."""
        from hypothesis import strategies as st

        parents = rule.reads[0].columns
        known = [key for row in rows if None not in (key := tuple(row[name] for name in parents))]
        nulls = [name for name in rule.columns if self._may_be_null(self.contract.column(name))]
        tests = [self._tests(self.contract.column(name)) for name in rule.columns]

        def choices(row: Row) -> SearchStrategy[Row]:
            fits = [key for key in known if all(test(v) for each, v in zip(tests, key, strict=True) for test in each)]
            keys = [dict(zip(rule.columns, key, strict=True)) for key in fits] + [{name: None} for name in nulls]
            return st.sampled_from(keys).map(lambda key: row | key) if keys else st.nothing()

        if set(rule.columns) & set(parents):  # a key into itself finds itself
            return st.just(rows)

        return st.tuples(*map(choices, rows)).map(list)

    def _is_own_key(self, rule: Rule) -> bool:
        return rule.kind == "foreign_key" and rule.reads[0].dataset == self.contract.dataset

    def _may_be_null(self, column: Column) -> bool:
        return all(test(None) for test in self._tests(column))

    def _tests(self, column: Column) -> list[Callable[[Any], bool]]:
        return [keeps(rule, column.type) for rule in self._rules[column.name]]

    @cached_property
    def _rules(self) -> dict[str, list[Rule]]:
        """The rules about single values of each column, those that keep it in the partition among them."""
        found = {
            column.name: list(bounds_of(self.contract, self.partition, column)) for column in self.contract.columns
        }
        for column in self.contract.columns:
            if self.pandas and not column.required and column.type.kind in ("int", "long"):
                found[column.name] += EXACT_IN_PANDAS
        for rule in self.rules:
            if KINDS[rule.kind].metric == "rows" and rule.kind != "type" and not is_pair(rule):
                for name in rule.columns:
                    found[name].append(rule)
        return found

    @cached_property
    def _pairs(self) -> list[Rule]:
        return [rule for rule in self.rules if is_pair(rule)]

    @cached_property
    def _pair_tests(self) -> list[tuple[Rule, Callable[[Any, Any], bool]]]:
        return [(rule, relates(rule, *map(self.contract.column, rule.columns))) for rule in self._pairs]

    @cached_property
    def _alone(self) -> dict[str, SearchStrategy[Any]]:
        return {column.name: self._of(column) for column in self.contract.columns}

    def _of(self, column: Column, related: Sequence[Rule] = ()) -> SearchStrategy[Any]:
        rules = [*self._rules[column.name], *related]
        try:
            if column.name in self.given:
                tests = [keeps(rule, column.type) for rule in rules]
                return self.given[column.name].filter(lambda value: all(test(value) for test in tests))
            compared = any(column.name in rule.columns for rule in self._pairs)
            return cells(column.type, rules, nan=not self.pandas and not compared)
        except CannotDrawError as error:
            raise CannotDrawError(f"{self.contract.dataset}, column {column.name}: {error}") from error

    def _keys_there_are(self, columns: Sequence[str]) -> int | None:
        found = []
        for name in columns:
            column = self.contract.column(name)
            number = None if self._may_be_null(column) else room(column.type, self._rules[name])
            if number is None:
                return None
            found.append(number)
        return prod(found)


def _key(columns: Sequence[str]) -> Callable[[Row], Any]:
    return lambda row: tuple(key_of(row[name]) for name in columns)


def _differ(rows: Sequence[Row], columns: Sequence[str]) -> bool:
    keys = [key for row in rows if None not in (key := tuple(identity(row[name]) for name in columns))]
    return len(set(keys)) == len(keys)
