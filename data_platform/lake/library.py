"""All that one reader may see of a lakehouse: find, read, ask."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from data_platform.contracts import Contract, Contracts
from data_platform.engines import Engine
from data_platform.lake.errors import LakeError, LeftOut
from data_platform.lake.moment import At, at_of
from data_platform.lake.page import ContractPage, page_of
from data_platform.lake.query import Answer, answer, held_back, named_datasets
from data_platform.lake.reader import Reader
from data_platform.lakehouse import Lakehouse, ReadPlan, current_lakehouse, plan_read
from data_platform.settings import PROJECT, Settings

if TYPE_CHECKING:
    import polars as pl

DOMAINS = PROJECT / "data_platform" / "domains"
FRAMES = {  # what a reader calls a frame -> what the engines call it
    "polars": "polars.DataFrame",
    "polars-lazy": "polars.LazyFrame",
    "pandas": "pandas.DataFrame",
    "arrow": "pyarrow.Table",
    "duckdb": "duckdb.DuckDBPyRelation",
    "spark": "pyspark.DataFrame",
}
DEFAULT = "polars"
"""Part of every install, shown in a notebook as a table of a few rows with the types under the names, and computed at
once: what is displayed is what was read."""


@dataclass(frozen=True, slots=True)
class Library:
    """The datasets of a lakehouse, as one reader sees them."""

    contracts: Contracts
    lakehouse: Lakehouse
    reader: Reader

    @classmethod
    def current(cls) -> Library:
        """What the environment names: this project's contracts, its lakehouse, and the reader."""
        settings = Settings.from_environment()
        contracts = Contracts.load(DOMAINS, cache=settings.home / "cache")
        return cls(contracts, current_lakehouse(), Reader.of(settings))

    def find(self, dataset: str) -> Contract:
        """The contract of a dataset; LakeError where there is none of that name, or it is not for this reader."""
        by_lower = {name.lower(): name for name in self.contracts}
        if (name := by_lower.get(dataset.lower())) is None:
            meant = [each for each in self.contracts.suggest(dataset) if self.reader.sees(self.contracts[each])]
            hint = f"did you mean {' or '.join(meant)}?" if meant else "`dp datasets ls` lists them"
            raise LakeError(f"there is no dataset {dataset!r}; {hint}")
        if not self.reader.sees(self.contracts[name]):
            raise LakeError(self.reader.turned_away(self.contracts[name]))
        return self.contracts[name]

    def datasets(self) -> pl.DataFrame:
        """The datasets that the reader may see."""
        import polars as pl

        rows = [
            {
                "dataset": each.dataset,
                "description": each.description.partition("\n\n")[0],
                "owner": ", ".join(each.owners),
                "visibility": each.visibility,
                "partitions": " x ".join(key.granularity for key in each.partitioning.keys)
                if each.partitioning
                else "",
                "columns": len(each.columns),
            }
            for each in self.contracts.values()
            if self.reader.sees(each)
        ]
        return pl.DataFrame(rows, schema=["dataset", "description", "owner", "visibility", "partitions", "columns"])

    def contract(self, dataset: str) -> ContractPage:
        """The contract of a dataset, as a page."""
        return page_of(self.find(dataset))

    def read(
        self,
        dataset: str,
        columns: Sequence[str] = (),
        partitions: str | date | Sequence[str | date] | None = None,
        at: At = None,
        frame: str = DEFAULT,
    ) -> Any:
        """Published rows of one dataset; see `lake.read`."""
        engine, contract = _engine(frame), self.find(dataset)
        plan = self.plan(contract, columns, partitions, at)
        _note([self.reader.left_out(contract) if not columns else "", held_back(plan)])
        return engine.read(plan, self.lakehouse)

    def plan(
        self,
        contract: Contract,
        columns: Sequence[str] = (),
        partitions: str | date | Sequence[str | date] | None = None,
        at: At = None,
        datasets: int = 1,
    ) -> ReadPlan:
        """What to read for this reader; LakeError or LakehouseError where that is not there, or not for the reader."""
        if isinstance(columns, str):
            columns = (columns,)
        names = self.reader.choose(contract, columns) or [each.name for each in self.reader.columns(contract)]
        wanted = _partitions(contract, partitions)
        return plan_read(self.lakehouse, contract, names, wanted, at_of(self.lakehouse, contract, at, datasets))

    def sql(
        self,
        query: str,
        params: Sequence[Any] | Mapping[str, Any] | None = None,
        at: At = None,
        frame: str = DEFAULT,
    ) -> Any:
        """The answer to one SELECT; see `lake.sql`."""
        engine, asked = _engine(frame), self.ask(query, params, at)
        _note(asked.notes)
        with asked.computing() as rows:
            return engine.convert(rows)

    def ask(
        self,
        query: str,
        params: Sequence[Any] | Mapping[str, Any] | None = None,
        at: At = None,
        *,
        partitions: Mapping[str, Sequence[str]] | None = None,
        writes: Sequence[str] = (),
    ) -> Answer:
        """The query, ready to be computed. `partitions` narrows datasets; `writes` are files the answer may become."""
        names = {self.find(name).dataset for name in named_datasets(query)}
        if isinstance(at, Mapping) and (unread := {self.find(name).dataset for name in at} - names):
            raise LakeError(f"`at` names {', '.join(sorted(unread))}, which the query does not read")
        plans = [
            (contract, self.plan(contract, (), (partitions or {}).get(contract.dataset), at, len(names)))
            for contract in map(self.contracts.__getitem__, sorted(names))
        ]
        return answer(self.lakehouse, self.reader, query, params, plans, writes)


def _engine(frame: str) -> Engine:
    if frame not in FRAMES:
        raise LakeError(f"{frame!r} is no kind of frame; use one of {', '.join(FRAMES)}")
    return Engine(FRAMES[frame])


def _partitions(contract: Contract, wanted: str | date | Sequence[str | date] | None) -> list[str] | None:
    if wanted is None:
        return None
    if contract.partitioning is None:
        raise LakeError(f"{contract.dataset} is not partitioned; leave out `partitions`")
    several = [wanted] if isinstance(wanted, str | date) else list(wanted)
    return [each.isoformat() if isinstance(each, date) else each for each in several]


def _note(notes: Sequence[str]) -> None:
    """Warn, in the name of whoever called into this room."""
    depth = 1
    while sys._getframe(depth).f_globals.get("__name__", "").startswith(__package__):
        depth += 1
    for note in filter(None, notes):
        warnings.warn(note, LeftOut, stacklevel=depth + 1)
