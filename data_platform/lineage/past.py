"""All publications that are recorded, who was made from which of them, and which of them a snapshot shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from data_platform.contracts.partitions import WHOLE
from data_platform.lakehouse import InputRead, Lakehouse, LakehouseError
from data_platform.lakehouse.provenance import REPLAY, read_properties
from data_platform.lakehouse.publications import Recorded, lineages, outline
from data_platform.lineage.facet import from_json
from data_platform.lineage.graph import Graph
from data_platform.lineage.model import Lineage, base, opaque

if TYPE_CHECKING:
    from data_platform.lakehouse.visible import Visible


Key = tuple[str, str]
"""A publication, or a dataset, and one of its partitions."""


@dataclass(frozen=True, slots=True)
class Begin:
    """What was asked about: a dataset, one partition of it or all (None), and by partition the publications whose rows
    are meant (None: any)."""

    dataset: str
    partition: str | None
    publications: Mapping[str, str] | None


@dataclass
class Past:
    """All publications that are recorded, and which of them a snapshot shows."""

    lakehouse: Lakehouse
    graph: Graph
    _tables: dict[str, Visible] = field(default_factory=dict)

    @cached_property
    def records(self) -> dict[str, list[Recorded]]:
        found: dict[str, list[Recorded]] = {}
        for each in outline(self.lakehouse, with_inputs=True):
            if each.published:
                found.setdefault(each.dataset, []).append(each)
        return found

    @cached_property
    def _recorded_lineages(self) -> dict[str, str]:
        return lineages(self.lakehouse)

    @cached_property
    def _readers(self) -> dict[Key, list[tuple[Recorded, InputRead]]]:
        """By dataset and partition, who was made from it."""
        found: dict[Key, list[tuple[Recorded, InputRead]]] = {}
        for records in self.records.values():
            for each in records:
                for read in each.inputs:
                    if read.snapshot_id is not None:  # there was nothing to read
                        for partition in read.partitions or (WHOLE,):
                            found.setdefault((read.dataset, partition), []).append((each, read))
        return found

    def readers_of(self, begin: Begin) -> Iterator[tuple[Recorded, InputRead]]:
        """Who was made from the rows that are meant. What cannot be known any more counts as read."""
        if begin.publications is not None:
            wanted = dict(begin.publications)
        elif begin.partition is not None:
            wanted = {begin.partition: ""}
        else:
            wanted = {partition: "" for dataset, partition in self._readers if dataset == begin.dataset}
        for partition, publication in wanted.items():
            for reader, read in self._readers.get((begin.dataset, partition), ()):
                if self._was(read, partition, publication):
                    yield reader, read

    def _was(self, read: InputRead, partition: str, publication: str) -> bool:
        """Whether the partition, when it was read, held the rows of the publication ('': any rows).

        Where no partition is named the whole was read, or none of the partitions asked for was there.
        """
        if not publication and read.partitions:
            return True
        then = self._visible(read.dataset)
        if not then.any(read.snapshot_id):
            return True
        seen = then.of(partition, read.snapshot_id)
        return seen is not None and publication in ("", seen.publication)

    def written(self, dataset: str, partition: str | None, snapshot_id: int | None) -> dict[str, str] | None:
        """By partition, the publication whose rows the snapshot shows; of those that it wrote where none is named."""
        if snapshot_id is None:
            return None
        publication = self._publication(dataset, snapshot_id)
        mine = [each for each in self.records.get(dataset, ()) if each.publication == publication]
        if not mine:
            known = dict.fromkeys(each.snapshot_id for each in self.records.get(dataset, ()))
            last = ", ".join(str(each) for each in list(known)[:5])
            raise LakehouseError(
                f"{dataset}: no publication is recorded that made snapshot {snapshot_id}"
                + (f"; the last recorded are {last}" if last else "")
            )
        if partition is None:
            return {each.partition: publication for each in mine}
        then = self._visible(dataset).of(partition, mine[0].snapshot_id)
        if then is None:
            raise LakehouseError(f"{dataset}: snapshot {snapshot_id} shows no rows of {partition} that are recorded")
        return {partition: then.publication}

    def _publication(self, dataset: str, snapshot_id: int) -> str:
        """One publication is several snapshots, of which the last is recorded."""
        for each in self.records.get(dataset, ()):
            if each.snapshot_id == snapshot_id:
                return each.publication
        table = self.lakehouse.existing_table(dataset)
        snapshot = table.snapshot_by_id(snapshot_id) if table is not None else None
        summary = snapshot.summary.additional_properties if snapshot is not None and snapshot.summary else {}
        return read_properties(summary).get("publication", "")

    def is_visible(self, made: Recorded) -> bool:
        """Whether its rows are those that one sees now."""
        return self._visible(made.dataset).of(made.partition) is made

    def _visible(self, dataset: str) -> Visible:
        from data_platform.lakehouse.visible import Visible  # pyiceberg: a second to import

        if dataset not in self._tables:
            table = self.lakehouse.existing_table(dataset)
            self._tables[dataset] = Visible(table, self.records.get(dataset, ()))
        return self._tables[dataset]

    def columns(self, dataset: str) -> tuple[str, ...]:
        return self.graph.columns.get(dataset, ())

    def lineage(self, made: Recorded) -> Lineage:
        """As it was recorded; else as the graph knows it; else opaque. Rows that a replay brought back, and those that
        they joined, are what they were."""
        if made.engine == REPLAY:
            return base(made.dataset, self.columns(made.dataset))
        if (recorded := self._recorded_lineages.get(made.publication)) is not None:
            return _parsed(recorded)
        if (known := self.graph.lineages.get(made.dataset)) is not None:
            return known
        return opaque(self.columns(made.dataset), [read.dataset for read in made.inputs], "no lineage is recorded")


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Lineage:
    return from_json(text)
