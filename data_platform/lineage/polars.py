"""Column lineage of a Polars LazyFrame, read off its resolved plan (before optimization: every step as it was written).

Polars shows that plan to engines only (`LazyFrame._ldf.visit()`, private and versioned), so a version that is not known
here is refused. What the plan does not show (Python functions) is opaque.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from data_platform.lineage.given import Given, Unreadable
from data_platform.lineage.model import Lineage
from data_platform.lineage.polars_expressions import Scope, hidden
from data_platform.lineage.polars_leaves import Leaves, visitor_of
from data_platform.lineage.polars_steps import STEPS, Step

if TYPE_CHECKING:
    import polars as pl


def lineage_of(frame: pl.LazyFrame, inputs: Sequence[Given]) -> Lineage:
    """Raises Unreadable where this version of Polars shows no plan that is known."""
    return _Plan(frame, Leaves(inputs)).lineage()


class _Plan:
    def __init__(self, frame: pl.LazyFrame, leaves: Leaves):
        self.visitor, self.leaves = visitor_of(frame), leaves

    def lineage(self) -> Lineage:
        """From the leaves up, without recursion: a frame made in a loop is a thousand steps deep."""
        done: list[Lineage] = []
        for node, count in self._after_inputs():
            below = done[len(done) - count :]
            del done[len(done) - count :]
            done.append(self._of(node, below))
        return done[0]

    def _after_inputs(self) -> Iterator[tuple[int, int]]:
        """Each step and how many inputs it has, the steps of an input before it."""
        pending = [(self.visitor.get_node(), -1)]
        while pending:
            node, count = pending.pop()
            if count >= 0:
                yield node, count
                continue
            self.visitor.set_node(node)
            inputs = self.visitor.get_inputs()
            pending += [(node, len(inputs)), *((each, -1) for each in reversed(inputs))]

    def _of(self, node: int, below: list[Lineage]) -> Lineage:
        self.visitor.set_node(node)
        types = self.visitor.get_schema()
        outputs = list(types)
        try:
            view, why = self.visitor.view_current_node(), ""
        except NotImplementedError as error:
            view, why = None, f"Polars does not show what this step does ({error})"
        kind = type(view).__name__
        if view is not None and not below:
            return self.leaves.lineage(view, outputs)
        if view is not None and kind in STEPS:
            try:
                return STEPS[kind](Step(self.visitor, view, outputs, types, below))
            except (Unreadable, KeyError) as error:
                why = str(error)
        return _opaque(outputs, below, why or f"the step {kind} is not known")


def _opaque(outputs: Iterable[str], below: Sequence[Lineage], why: str) -> Lineage:
    everything = frozenset(each for one in below for each in hidden(Scope(one.columns), why))
    rows = frozenset(each for one in below for each in one.rows)
    return Lineage(dict.fromkeys(outputs, everything), rows | everything)
