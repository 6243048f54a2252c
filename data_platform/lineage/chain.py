"""Where published rows come from: the publications that made them, those whose rows they were made from, and so on back
to the sources, by the snapshots that were recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data_platform.lakehouse import Lakehouse
from data_platform.lakehouse.publications import Recorded, filled, outline
from data_platform.lakehouse.quarantine import SUFFIX
from data_platform.lineage.facet import from_json
from data_platform.lineage.model import ANY, Lineage

if TYPE_CHECKING:
    from pyiceberg.table import Table


@dataclass(frozen=True, slots=True)
class Link:
    """A dataset in the chain. `columns` are those that the rows further on were made from (none: all); `made_by` the
    publications of those partitions, by partition; `unknown` says, for what no record says where it comes from, why.
    `opaque` are the reasons why columns could not be told apart, so that all are followed.
    """

    dataset: str
    columns: tuple[str, ...]
    made_by: tuple[Recorded, ...]
    unknown: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()
    inputs: tuple[Link, ...] = ()

    @property
    def publications(self) -> dict[str, list[Recorded]]:
        """The records by publication, in the order of their partitions."""
        found: dict[str, list[Recorded]] = {}
        for each in sorted(self.made_by, key=lambda each: each.partition):
            found.setdefault(each.publication, []).append(each)
        return found


Reads = dict[int | None, set[str] | None]
"""What is read of a dataset: by snapshot, its partitions (None: all)."""


def chain(
    lakehouse: Lakehouse,
    dataset: str,
    partitions: Collection[str] | None = None,
    snapshot_id: int | None = None,
    column: str = "",
) -> Link:
    """Where the rows of a dataset (of some of its partitions; as of a snapshot, or now) come from; with a column, only
    the inputs and columns that its recorded lineage names."""
    read: Reads = {snapshot_id: set(partitions) if partitions is not None else None}
    return _Past(lakehouse).link(dataset, read, (column,) if column else ())


@dataclass
class _Past:
    """What is recorded: all of it in outline, the rest as it is come to."""

    lakehouse: Lakehouse
    _known: dict[str, list[Recorded]] = field(default_factory=dict)
    _tables: dict[str, Table | None] = field(default_factory=dict)
    _lineages: dict[str, Lineage] = field(default_factory=dict)

    def link(self, dataset: str, read: Reads, columns: Sequence[str]) -> Link:
        if dataset.endswith(SUFFIX):
            origin = dataset.removesuffix(SUFFIX)
            return Link(dataset, (), (), (f"rows that the rules of {origin} refused before; it has their own runs",))
        made_by, unknown = self._makers(dataset, read)
        wanted: dict[str, tuple[Reads, set[str]]] = {}
        opaque: dict[str, None] = {}
        for each in made_by:
            lineage = self._lineage(each)
            used = _used(lineage, columns)
            if columns and lineage is not None:
                opaque |= dict.fromkeys(why for name, why in lineage.opaque.items() if name in ("", *columns))
            for one in each.inputs:
                if one.dataset == dataset:
                    continue  # its own earlier rows are among `made_by`
                mine = None if used is None else {name for name, of in used if of == one.dataset}
                if mine is not None and not mine:
                    continue
                reads, names = wanted.setdefault(one.dataset, ({}, set()))
                names |= set(one.columns) if mine is None or ANY in mine else mine
                _add(reads, one.snapshot_id, one.partitions)
        inputs = [self.link(name, reads, sorted(names)) for name, (reads, names) in sorted(wanted.items())]
        return Link(dataset, tuple(columns), tuple(made_by), tuple(unknown), tuple(opaque), tuple(inputs))

    def _makers(self, dataset: str, read: Reads) -> tuple[list[Recorded], list[str]]:
        """The publications of what is read, and of what they were made from of the same dataset; and what is unknown."""
        found: dict[tuple[str, str], Recorded] = {}
        unknown: dict[str, None] = {}
        left = list(read.items())
        while left:
            snapshot_id, partitions = left.pop()
            shown = self._shown(dataset, snapshot_id)
            if not shown:
                unknown[_unknown(dataset, snapshot_id)] = None
            if partitions is not None and (missing := sorted(partitions - shown.keys())) and shown:
                named = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
                unknown[f"nothing is recorded of {dataset} {named} at snapshot {snapshot_id or 'now'}"] = None
            chosen = shown if partitions is None else partitions & shown.keys()
            new = [shown[each] for each in chosen if (shown[each].publication, each) not in found]
            for each in filled(self.lakehouse, new) if new else ():
                found[each.publication, each.partition] = each
                own = (one for one in each.inputs if one.dataset == dataset)
                left += [(one.snapshot_id, {*one.partitions} or None) for one in own]
        return list(found.values()), list(unknown)

    def _shown(self, dataset: str, snapshot_id: int | None) -> Mapping[str, Recorded]:
        from data_platform.lakehouse.visible import visible  # pyiceberg: a second to import

        if not self._known:
            for each in outline(self.lakehouse):
                self._known.setdefault(each.dataset, []).append(each)
        if dataset not in self._tables:
            self._tables[dataset] = self.lakehouse.existing_table(dataset)
        return visible(self._tables[dataset], self._known.get(dataset, ()), snapshot_id)

    def _lineage(self, each: Recorded) -> Lineage | None:
        """The column lineage of a publication, None where it is not recorded."""
        if each.lineage and each.lineage not in self._lineages:
            self._lineages[each.lineage] = from_json(each.lineage)
        return self._lineages.get(each.lineage)


def _used(lineage: Lineage | None, columns: Iterable[str]) -> set[tuple[str, str]] | None:
    """The input columns (column, dataset) that any of these columns depends on; None where all are followed."""
    if lineage is None or not columns:
        return None
    return {(column, dataset) for name in columns for dataset, column in lineage.used(name)}


def _add(reads: Reads, snapshot_id: int | None, partitions: Sequence[str]) -> None:
    known = reads.get(snapshot_id, set())
    reads[snapshot_id] = None if known is None or not partitions else known | set(partitions)


def _unknown(dataset: str, snapshot_id: int | None) -> str:
    if snapshot_id is None:
        return f"nothing is recorded of {dataset}"
    return f"nothing is recorded of {dataset} at snapshot {snapshot_id}"
