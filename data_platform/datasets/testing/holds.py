"""A frame against its contract, with a message that shows the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from data_platform.contracts import MASK, Contract
from data_platform.contracts.rules import describe
from data_platform.datasets.testing.convert import as_arrow
from data_platform.quality.errors import RuleError
from data_platform.quality.frames import FrameAudit, audit_frame

SHOWN_ROWS, SHOWN_COLUMNS, WIDEST = 3, 8, 30


def assert_contract_holds(frame: Any, contract: Contract, others: Mapping[str, Any] | None = None) -> None:
    """Fail unless a frame keeps every rule that a frame can answer (see `quality.frames`); the message has a table of the
    broken rules, and of each the first rows that break it, sensitive values masked.

    Nothing is published. `others` are the frames of the datasets that rules read, by dataset. Rules whose policy is to
    warn must hold, too.
    """
    found = audit_frame(frame, contract, others=others)
    if not found.holds:
        raise AssertionError(explanation(found))


def explanation(found: FrameAudit) -> str:
    """Why a frame does not hold."""
    lines = [f"{found.contract.dataset}: {problem}" for problem in found.problems]
    lines += [
        f"{each.action} {each.rule.name}{f' [{each.partition}]' if each.partition else ''} ({describe(each.rule)}): "
        f"{each.reason}"
        for each in found.broken
    ]
    for name in dict.fromkeys(each.rule.name for each in found.broken):
        lines += ["", *_rows(found, name)]
    lines += [f"not evaluated: {name}: {why}" for name, why in found.skipped.items()]
    return "\n".join(lines).rstrip()


def _rows(found: FrameAudit, name: str) -> list[str]:
    """The first rows that break a rule, the rule's columns and the key in front."""
    try:
        failing = as_arrow(found.failing_rows(name))
    except RuleError:
        return []
    rule = next(rule for rule in found.contract.rules if rule.name == name)
    order = dict.fromkeys((*rule.columns, *found.contract.primary_key, *failing.column_names))
    names = [each for each in order if each in failing.column_names][:SHOWN_COLUMNS]
    masked = {column.name for column in found.contract.columns if column.is_sensitive}
    rows = [
        [MASK if name in masked and row[name] is not None else _shown(row[name]) for name in names]
        for row in failing.slice(0, SHOWN_ROWS).select(names).to_pylist()
    ]
    more = failing.num_rows - len(rows)
    return [f"rows that break {name}:", *table(names, rows), *([f"  ... and {more:,} more"] if more > 0 else [])]


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Aligned lines, the names first."""
    cells = [list(names), *map(list, rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(names))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    ]


def _shown(value: Any) -> str:
    text = "null" if value is None else repr(value) if isinstance(value, str | bytes) else str(value)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
