"""What a producer's function did with its inputs: watched while it runs, read off what it returned.

Lazy frames say how they are computed. Eager ones (Polars and pandas data frames, Arrow tables) say nothing: what they
hold is opaque, unless the function's dataset declares it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

from data_platform.engines import frame_name
from data_platform.lineage.given import IN_MEMORY, Given
from data_platform.lineage.model import ANY, NOTHING, Kind, Lineage, Origin, Origins, opaque
from data_platform.lineage.spark import FAILED as PLAN_FAILED
from data_platform.lineage.spark.leaves import ROWS
from data_platform.lineage.sql import FAILED as QUERY_FAILED
from data_platform.lineage.watch import Watch

log = logging.getLogger(__name__)

LAZY = {"polars.LazyFrame": "polars", "duckdb.DuckDBPyRelation": "duckdb", "pyspark.DataFrame": "spark"}
"""The frames that say how they are computed, and the extractor (a module in this room) that listens."""
FAILED = (PLAN_FAILED, QUERY_FAILED)
REFILLED = {"polars": IN_MEMORY, "spark": ROWS}
"""What an extractor says of rows in memory. Those of a frame that is fetched are from outside, or were fetched before, or
are of an eager input."""


@dataclass
class Capture:
    """Around the call of a function: `with Capture(inputs) as capture: made = function(...)`, then `lineage_of(made)`.

    Only lazy inputs are held, and only as long as the capture itself. `failure` says why the lineage is opaque though
    the frame could have said it; '' otherwise.
    """

    inputs: Iterable[Given]
    failure: str = ""
    _lazy: list[Given] = field(default_factory=list)
    _datasets: dict[str, None] = field(default_factory=dict)
    _watch: Watch = field(default_factory=Watch)
    _watching: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        for each in self.inputs:
            self._datasets[each.dataset] = None
            if frame_name(type(each.frame)) in LAZY:
                self._lazy.append(each)
        self.inputs = ()

    def __enter__(self) -> Self:
        if self._lazy:
            self._watching.enter_context(self._watch.watching(self._of_fetched))
        return self

    def __exit__(self, *error: object) -> None:
        self._watching.close()

    def lineage_of(
        self, made: Any, outputs: Sequence[str], declared: Mapping[str, Iterable[Origin]] | None = None
    ) -> Lineage:
        """Where the columns `outputs` of the frame come from; never raises. What was `declared` (rows under '') fills in
        for what is opaque."""
        try:
            found = self._extracted(made, outputs)
        except BaseException as error:  # an extractor's fault is never the run's
            _raise_what_is_not_a_fault(error)
            self.failure = f"its column lineage could not be read: {type(error).__name__}: {error}"
            log.debug("column lineage", exc_info=True)
            found = opaque(outputs, self._datasets, self.failure)
        return _filled(found, declared) if declared else found

    def _extracted(self, made: Any, outputs: Sequence[str]) -> Lineage:
        if not self._datasets:  # made of what is outside
            return Lineage(dict.fromkeys(outputs, NOTHING))
        kind, found = frame_name(type(made)), self._watch.lineage_of_rows(made)
        if found is None and kind not in LAZY:
            return opaque(outputs, self._datasets, f"a {kind} does not say how it was computed")
        used = [each for each, _ in self._watch.fetched if each is not found]
        found = found or self._lazily(made)
        self.failure = self.failure or next((why for why in found.opaque.values() if why.startswith(FAILED)), "")
        rows = found.rows | self._eager() | _anywhere(used) | self._unseen()
        others = found.columns.get(ANY, NOTHING)
        return Lineage({name: found.columns.get(name, others) for name in outputs}, rows)

    def _lazily(self, made: Any) -> Lineage:
        match LAZY[frame_name(type(made))]:
            case "polars":
                from data_platform.lineage import polars

                return polars.lineage_of(made, self._lazy)
            case "duckdb":
                from data_platform.lineage import duckdb

                return duckdb.lineage_of(made, self._lazy, self._watch.sources)
            case _:
                from data_platform.lineage import spark

                return spark.lineage_of(made, self._lazy)

    def _eager(self) -> Origins:
        """What was read eagerly may be anywhere in a lazy frame: as a number in a filter, say."""
        lazy = {each.dataset for each in self._lazy}
        why = "it is read eagerly: what of it was used cannot be seen"
        return frozenset(Origin(name, ANY, Kind.OPAQUE, reason=why) for name in self._datasets if name not in lazy)

    def _unseen(self) -> Origins:
        if not self._lazy or not self._watch.is_blind:
            return NOTHING
        self.failure = "this version of DuckDB does not show what a function reads of a relation"
        return opaque((), self._datasets, self.failure).rows

    def _of_fetched(self, frame: Any) -> Lineage:
        try:
            return _without(self._lazily(frame), REFILLED.get(LAZY[frame_name(type(frame))], ""))
        except BaseException as error:
            _raise_what_is_not_a_fault(error)
            self.failure = f"what its function has read is not known: {type(error).__name__}: {error}"
            log.debug("column lineage of what was read", exc_info=True)
            return opaque((ANY,), self._datasets, f"the function has read it: {error}")


def _raise_what_is_not_a_fault(error: BaseException) -> None:
    """A panic of Polars is no Exception; nor is the end of the run, which goes on."""
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error


def _without(found: Lineage, reason: str) -> Lineage:
    if not reason:
        return found
    columns = {name: frozenset(each for each in of if each.reason != reason) for name, of in found.columns.items()}
    return Lineage(columns, frozenset(each for each in found.rows if each.reason != reason))


def _anywhere(fetched: Iterable[Lineage]) -> Origins:
    """What a function has read of a lazy frame may be anywhere in what it makes, too."""
    why = "the function has read it: what of it was used cannot be seen"
    return frozenset(Origin(*each, Kind.OPAQUE, reason=why) for lineage in fetched for each in lineage.used())


def _filled(found: Lineage, declared: Mapping[str, Iterable[Origin]]) -> Lineage:
    unknown = found.opaque
    columns = {
        name: frozenset(declared[name]) if name in declared and name in unknown else origins
        for name, origins in found.columns.items()
    }
    return Lineage(columns, frozenset(declared[""]) if "" in declared and "" in unknown else found.rows)
