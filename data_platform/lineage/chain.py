"""Where published rows come from: the publications that made them, those whose rows they were made from, and so on back
to the sources, by the snapshots that were recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data_platform.contracts.partitions import WHOLE
from data_platform.lakehouse import InputRead, Lakehouse
from data_platform.lakehouse.publications import Recorded, filled, outline
from data_platform.lakehouse.quarantine import SUFFIX
from data_platform.lineage.facet import from_json
from data_platform.lineage.model import ANY, Lineage

if TYPE_CHECKING:
    from data_platform.lakehouse.visible import Visible


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
Key = tuple[str, str]
"""A publication and one of its partitions."""


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
    _tables: dict[str, Visible] = field(default_factory=dict)
    _filled: dict[Key, Recorded] = field(default_factory=dict)
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
                if one.dataset == dataset or one.snapshot_id is None:
                    continue  # its own earlier rows are among `made_by`; without a snapshot nothing was there
                mine = None if used is None else {name for name, of in used if of == one.dataset}
                if mine is not None and not mine:
                    continue
                reads, names = wanted.setdefault(one.dataset, ({}, set()))
                names |= set(one.columns) if mine is None or ANY in mine else mine
                reads[one.snapshot_id] = (reads.get(one.snapshot_id) or set()) | named_in(one)
        inputs = [self.link(name, reads, sorted(names)) for name, (reads, names) in sorted(wanted.items())]
        there = tuple(each for each in inputs if each.made_by or each.unknown)  # of others nothing was there to be read
        return Link(dataset, tuple(columns), tuple(made_by), tuple(unknown), tuple(opaque), there)

    def _makers(self, dataset: str, read: Reads) -> tuple[list[Recorded], list[str]]:
        """The publications of what is read, and of what they were made from of the same dataset; and what is unknown."""
        found: dict[Key, Recorded] = {}
        unknown: dict[str, None] = {}
        left, visible = list(read.items()), self._visible(dataset)
        while left:
            snapshot_id, partitions = left.pop()
            if not visible.any(snapshot_id):
                unknown[_unknown(dataset, snapshot_id)] = None
                continue
            if partitions is None:
                shown = dict(visible.all(snapshot_id))
            else:
                seen = {each: visible.of(each, snapshot_id) for each in partitions}
                shown = {name: each for name, each in seen.items() if each is not None}
                if missing := sorted(partitions - shown.keys() - {WHOLE}):
                    named = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
                    unknown[f"nothing is recorded of {dataset} {named} at snapshot {snapshot_id or 'now'}"] = None
            for each in self._full(
                [each for each in shown.values() if (each.publication, each.partition) not in found]
            ):
                found[each.publication, each.partition] = each
                own = (one for one in each.inputs if one.dataset == dataset and one.snapshot_id is not None)
                left += [(one.snapshot_id, named_in(one)) for one in own]
        return list(found.values()), list(unknown)

    def _visible(self, dataset: str) -> Visible:
        from data_platform.lakehouse.visible import Visible  # pyiceberg: a second to import

        if not self._known:
            for each in outline(self.lakehouse):
                self._known.setdefault(each.dataset, []).append(each)
        if dataset not in self._tables:
            table = self.lakehouse.existing_table(dataset)
            self._tables[dataset] = Visible(table, self._known.get(dataset, ()))
        return self._tables[dataset]

    def _full(self, outlined: Sequence[Recorded]) -> list[Recorded]:
        """With all that is recorded; a dataset may be come to on several ways."""
        if new := [each for each in outlined if (each.publication, each.partition) not in self._filled]:
            self._filled |= {(each.publication, each.partition): each for each in filled(self.lakehouse, new)}
        keys = [(each.publication, each.partition) for each in outlined]
        found = [self._filled[key] for key in keys if key in self._filled]
        return sorted(found, key=lambda each: each.at, reverse=True)

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


def named_in(read: InputRead) -> set[str]:
    """The partitions that were read: where none is named, a dataset that has no partitions; or nothing, for none of
    those that were asked for was there."""
    return {*read.partitions} or {WHOLE}


def _unknown(dataset: str, snapshot_id: int | None) -> str:
    if snapshot_id is None:
        return f"nothing is recorded of {dataset}"
    return f"nothing is recorded of {dataset} at snapshot {snapshot_id}"
