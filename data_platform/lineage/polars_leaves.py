"""The bottom of a Polars plan: which inputs it reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from data_platform.lineage.given import Given, Unreadable, stranger
from data_platform.lineage.model import NOTHING, Lineage, base

if TYPE_CHECKING:
    import polars as pl

VERSION = 16
"""The major version of the plan that is read here (Polars 2.1)."""


def visitor_of(frame: pl.LazyFrame) -> Any:
    import polars as pl

    try:
        visitor: Any = frame._ldf.with_optimizations(pl.QueryOptFlags.none()._pyoptflags).visit()
        version = visitor.version()[0]
    except (AttributeError, TypeError) as error:
        raise Unreadable(f"this version of Polars ({pl.__version__}) does not show its plan: {error}") from error
    if version != VERSION:
        raise Unreadable(f"the plan of this version of Polars ({pl.__version__}, plan {version}) is not known")
    return visitor


class Leaves:
    """The inputs, recognized at the bottom of a plan: by their files, by the name that an input without rows carries
    (see engines/polars.py), or by where they are in memory."""

    def __init__(self, inputs: Sequence[Given]):
        self.inputs = inputs
        self.by_file = {file: each for each in inputs for file in each.files}
        self.by_dataset = {each.dataset: each for each in inputs}
        self.by_place: dict[frozenset[object], Given] = {}
        for each in inputs:
            in_memory = not each.files and hasattr(each.frame, "collect_schema")
            if in_memory and (place := _place(each.frame)):
                self.by_place[place] = each

    def lineage(self, view: Any, outputs: list[str]) -> Lineage:
        found = None
        if type(view).__name__ == "Scan":
            known = {self.by_file.get(path) for path in view.paths}
            if known == {None}:
                return Lineage(dict.fromkeys(outputs, NOTHING))  # a file from outside
            found = known.pop() if len({each.dataset if each else "" for each in known}) == 1 else None
            if view.predicate is not None:
                found = None
        elif type(view).__name__ == "DataFrameScan":
            named = [self.by_dataset[name] for name in outputs if name in self.by_dataset]
            found = named[0] if named else self.by_place.get(_addresses(view.df))
        if found is None:
            return stranger(outputs, self.inputs)
        read = {name for each in self.inputs if each.dataset == found.dataset for name in each.columns}
        known_columns = base(found.dataset, read).columns
        return Lineage({name: known_columns.get(name, NOTHING) for name in outputs})


def _place(frame: pl.LazyFrame) -> frozenset[object]:
    """Where the rows of a frame in memory are; nothing where they are not."""
    visitor = visitor_of(frame)
    while inputs := visitor.get_inputs():
        visitor.set_node(inputs[0])
    view = visitor.view_current_node()
    return _addresses(view.df) if type(view).__name__ == "DataFrameScan" else frozenset()


def _addresses(frame: Any) -> frozenset[object]:
    """The columns' names and the addresses of their first values: clones share them, no two other frames do."""
    import polars as pl

    found = set()
    for column in pl.DataFrame._from_pydf(frame).get_columns():
        first = column.head(1).to_arrow(compat_level=pl.CompatLevel.newest())
        found.update((column.name, each.address) for each in first.buffers() if each is not None)
    return frozenset(found)
