"""Which rules of a contract a schema can hold, and where; and a rule as a pandera check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pandera import Check
from pandera.api.base.checks import CheckResult

from data_platform.contracts.model import PUBLICATION, Contract, Policy, Rule
from data_platform.contracts.pandera.checks import statistics
from data_platform.contracts.rules import KINDS, condition, describe

REFUSING_NULL = ("required", "null_values", "missing_values")
SHAPE = Rule(
    "schema", "type", description="The columns can be conformed to the contract, and every row belongs to a partition."
)
"""What a publication looks at before any rule, as a check of the same name as the platform's own."""
Judge = Callable[[Any], CheckResult]


class RuleCheck(Check):
    """A rule as a pandera check. pandera hands it the whole frame, and takes its word for what is broken."""

    def __init__(self, rule: Rule, judge: Judge):
        super().__init__(
            judge,
            name=rule.name,
            title=condition(rule),
            description=describe(rule),
            ignore_na=False,
            raise_warning=rule.on_failure.policy is Policy.WARN,
            statistics=statistics(None if rule is SHAPE else rule),
        )

    def __call__(self, check_obj: Any, column: str | None = None) -> CheckResult:
        return self._check_fn(check_obj)

    def __deepcopy__(self, memo: dict[int, Any]) -> RuleCheck:
        """Itself: pandera copies every column for every frame, and a check never changes."""
        return self


@dataclass(frozen=True, slots=True)
class Plan:
    """Rules by the column they are about, those about more (`frame`), and those that a frame cannot answer, in words."""

    columns: dict[str, list[Rule]]
    frame: list[Rule]
    left: dict[str, str]


def plan(contract: Contract, can_query: bool = True) -> Plan:
    """Where each rule goes. `can_query` says whether the backend evaluates SQL."""
    made = Plan({name: [] for name in contract.column_names}, [], {})
    for rule in contract.rules:
        if why := _left_out(rule, contract, can_query):
            made.left[rule.name] = f"{describe(rule)} ({why})"
        elif rule.kind == "type":
            for column in rule.columns or contract.column_names:
                made.columns[column].append(replace(rule, columns=(column,)))
        elif len(rule.columns) == 1 and rule.is_row_rule and KINDS[rule.kind].metric == "rows":
            made.columns[rule.columns[0]].append(rule)
        else:
            made.frame.append(rule)
    return made


def _left_out(rule: Rule, contract: Contract, can_query: bool) -> str:
    if rule.when != PUBLICATION:
        return "not about a publication's rows"
    if others := [each.dataset for each in rule.reads if each.dataset != contract.dataset]:
        return f"reads {', '.join(others)}"
    match KINDS[rule.kind].metric:
        case "history":
            return "reads earlier publications"
        case "query" if not can_query:
            return "evaluated by DuckDB"
    return ""


def narrowed(contract: Contract, rule: Rule) -> Contract:
    """The contract with nothing but one rule, and what the frame needs to have for it."""
    metric = KINDS[rule.kind].metric
    is_whole = not rule.is_row_rule or metric != "rows"
    cut = contract.partitioning.columns if contract.partitioning and is_whole else ()
    names = (*rule.columns, *cut) if metric in ("rows", "rowCount") else contract.column_names
    names = names or contract.column_names[:1]  # rows are counted by having something
    columns = tuple(replace(column, required=False) for column in contract.columns if column.name in names)
    partitioning = contract.partitioning if is_whole else None
    return replace(contract, columns=columns, rules=(rule,), partitioning=partitioning, unknown_columns="ignore")


def is_needed(contract: Contract, column: str) -> bool:
    """Whether a frame must have the column at all; any other that is absent is null, which some rules refuse."""
    refusing = [rule for rule in contract.rules if rule.kind in REFUSING_NULL and rule.is_row_rule]
    cut = contract.partitioning.columns if contract.partitioning else ()
    return contract.column(column).required or column in cut or any(column in rule.columns for rule in refusing)


def refuses_nulls(contract: Contract, column: str) -> bool:
    """Whether pandera may say by itself that the column has no nulls: where that is a rule, and more than a warning."""
    return any(
        rule.kind == "required" and rule.columns == (column,) and rule.on_failure.policy is not Policy.WARN
        for rule in contract.rules
    )


def about(contract: Contract, left: dict[str, str]) -> dict[str, Any]:
    """What a schema says of the contract as a whole."""
    return {
        "name": contract.dataset,
        "description": contract.description or None,
        "metadata": {"dataset": contract.dataset, "version": contract.version, "not_checked": left},
        "strict": contract.unknown_columns == "refuse",
    }
