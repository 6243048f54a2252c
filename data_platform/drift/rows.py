"""Questions to refused rows, asked of DuckDB: what came, what cannot be cast, which values break a rule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from duckdb import DuckDBPyRelation

from data_platform.contracts import MASK, Column, Contract, Policy, Rule
from data_platform.contracts.model import PUBLICATION
from data_platform.contracts.rules import KINDS
from data_platform.quality.conform import Conform, cast, conform
from data_platform.quality.rows import FILE, INDEX, ROW, broken_rows, conformed_rows
from data_platform.quality.sql import identifier

MOST = 10_000
"""How many distinct values are looked at; what takes more to tell is for a person."""


@dataclass(frozen=True)
class Rows:
    """Refused rows as a contract reads them."""

    frame: DuckDBPyRelation
    contract: Contract

    @cached_property
    def came(self) -> dict[str, str]:
        return {name: str(kind) for name, kind in zip(self.frame.columns, self.frame.types, strict=True)}

    @cached_property
    def shape(self) -> Conform:
        return conform(self.contract, self.came)

    @property
    def rules(self) -> list[Rule]:
        """The rules about single rows that refuse."""
        known = {each.column for each in self.shape.casts}
        return [
            rule
            for rule in self.contract.rules_at(PUBLICATION)
            if rule.is_row_rule
            and rule.on_failure.policy is not Policy.WARN
            and KINDS[rule.kind].metric == "rows"
            and known.issuperset(rule.columns)
        ]

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The answer to a query over `frame`."""
        answer: Any = self.frame.query("frame", query)
        return answer.fetchall()

    @property
    def _conformed(self) -> str:
        place = f"'' AS {FILE}, 0::UBIGINT AS {INDEX}, row_number() OVER () AS {ROW}"
        return f"({conformed_rows(self.shape, f'(SELECT *, {place} FROM frame)')})"

    def counts(self) -> dict[str, int]:
        """How many rows break each rule that any does."""
        rules = [rule for rule in self.rules if rule.kind != "type"]
        if not rules:
            return {}
        counted = ", ".join(f"count(*) FILTER (WHERE {self._broken(rule)})" for rule in rules)
        (found,) = self.ask(f"SELECT {counted} FROM {self._conformed}")
        return {rule.name: count for rule, count in zip(rules, found, strict=True) if count}

    def lost(self, contract: Contract | None = None) -> dict[str, int]:
        """How many values of each column cannot be cast to its type without loss, where any cannot."""
        lossy = (conform(contract, self.came) if contract else self.shape).lossy
        if not lossy:
            return {}
        (found,) = self.ask(
            f"SELECT {', '.join(f'count(*) FILTER (WHERE {each.is_lost})' for each in lossy)} FROM frame"
        )
        return {each.column: count for each, count in zip(lossy, found, strict=True) if count}

    def fits(self, column: Column) -> bool:
        """Whether every value that came fits the column as described."""
        made = cast(column, self.came[column.name])
        if made.is_lost is None:
            return True
        ((count,),) = self.ask(f"SELECT count(*) FROM frame WHERE {made.is_lost}")
        return count == 0

    def lost_texts(self, column: str) -> list[str]:
        """The texts of values that cannot be cast, each once."""
        (made,) = (each for each in self.shape.lossy if each.column == column)
        name = identifier(column)
        return [
            each
            for (each,) in self.ask(
                f"SELECT DISTINCT CAST({name} AS VARCHAR) FROM frame WHERE {made.is_lost} ORDER BY 1 LIMIT {MOST}"
            )
        ]

    def texts(self, column: str) -> list[str]:
        """The texts of all values of a column, each once."""
        name = identifier(column)
        query = f"SELECT DISTINCT CAST({name} AS VARCHAR) FROM frame WHERE {name} IS NOT NULL ORDER BY 1 LIMIT {MOST}"
        return [each for (each,) in self.ask(query)]

    def values(self, rule: Rule, most: int = MOST) -> list[Any]:
        """The values that break a rule about one column, each once, in order; one more than `most` where there are."""
        name = identifier(rule.columns[0])
        query = f"SELECT DISTINCT {name} FROM {self._conformed} WHERE {self._broken(rule)} ORDER BY 1 LIMIT {most + 1}"
        return [each for (each,) in self.ask(query)]

    def extreme(self, rule: Rule, expression: str) -> Any:
        """What an aggregate (`min(...)`, `max(...)`) gives for the rows that break a rule."""
        ((found,),) = self.ask(f"SELECT {expression} FROM {self._conformed} WHERE {self._broken(rule)}")
        return found

    def examples(self, rule: Rule | None, column: str, most: int = 3) -> tuple[dict[str, str], ...]:
        """A few of the rows that break a rule (None: whose value of the column cannot be cast) as text: what names them,
        and the column. Sensitive values are masked, and so are those of columns that nobody has classified."""
        contract = self.contract
        cut = contract.partitioning.columns if contract.partitioning else ()
        about = rule.columns if rule else (column,)
        names = [name for name in dict.fromkeys((*cut, *contract.primary_key, *about)) if name in self.came]
        # the rows as they came, beside what they become: a value that cannot be cast is shown as it was
        shown = ", ".join(f"CAST(__came.{identifier(name)} AS VARCHAR)" for name in names)
        query = f"SELECT {shown} FROM frame AS __came LIMIT {most}"
        if rule is not None:
            place = f"'' AS {FILE}, 0::UBIGINT AS {INDEX}"
            conformed = conformed_rows(self.shape, f"(SELECT *, {place} FROM __numbered)")
            query = (
                f"WITH __numbered AS MATERIALIZED (SELECT *, row_number() OVER () AS {ROW} FROM frame), "
                f"__broken AS (SELECT {ROW} FROM ({conformed}) WHERE {self._broken(rule)} ORDER BY 1 LIMIT {most}) "
                f"SELECT {shown} FROM __numbered AS __came SEMI JOIN __broken USING ({ROW}) ORDER BY {ROW}"
            )
        elif lossy := [each for each in self.shape.lossy if each.column == column]:
            query = f"SELECT {shown} FROM frame AS __came WHERE {lossy[0].is_lost} LIMIT {most}"
        return tuple(self._masked(dict(zip(names, row, strict=True))) for row in self.ask(query))

    def _masked(self, row: dict[str, str | None]) -> dict[str, str]:
        known = set(self.contract.column_names)
        return {
            name: "null"
            if value is None
            else MASK
            if name not in known or self.contract.column(name).is_sensitive
            else value
            for name, value in row.items()
        }

    def _broken(self, rule: Rule) -> str:
        return f"({broken_rows(rule, self.contract, self.shape)})"
