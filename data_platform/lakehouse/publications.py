"""What became of every publication and where its rows come from: the journal PUBLICATIONS, a row per partition.

The snapshots of a table say the same more briefly, and only as long as they are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.duck import connect
from data_platform.lakehouse.journal import PUBLICATIONS, reading
from data_platform.lakehouse.provenance import FileRead, InputRead
from data_platform.quality.sql import files as parquet
from data_platform.quality.sql import identifier, identifiers, text


@dataclass(frozen=True, slots=True)
class Recorded:
    """One publication of one partition, as it was recorded.

    `published` is false where a rule blocked it: the partition's earlier rows stayed, and `snapshot_id` is None.
    `bytes`, `seconds` and `durations` (seconds by step) are those of the publication with all its partitions; `inputs`
    have the partitions that this partition was made from. `rules` has each rule's outcome, in the words of the metrics.
    `lineage` is the column lineage as an OpenLineage facet in JSON, '' where unknown.
    """

    at: datetime
    dataset: str
    partition: str
    publication: str
    run_id: str
    step: str
    code_version: str
    revision: str
    contract_version: str
    engine: str
    snapshot_id: int | None
    published: bool
    rows: int
    quarantined: int
    bytes: int
    seconds: float
    durations: Mapping[str, float]
    inputs: tuple[InputRead, ...]
    files: tuple[FileRead, ...]
    rules: tuple[Mapping[str, Any], ...]
    lineage: str


NAMES = tuple(each.name for each in fields(Recorded))
"""The columns of the journal; its contract says what they mean."""
LONG: Mapping[str, Any] = {"durations": {}, "inputs": (), "files": (), "rules": (), "lineage": ""}
"""What takes long to read of a long past, and what stands for it where it is not read."""


def recorded(lakehouse: Lakehouse, datasets: Iterable[str] | None = None, *, current: bool = False) -> list[Recorded]:
    """What is recorded of some datasets (None: of all), newest first.

    With `current`, of each partition only the publication whose rows are visible now.
    """
    if not current:
        return _read(lakehouse, datasets, NAMES)
    from data_platform.lakehouse.visible import visible  # pyiceberg: a second to import

    mine: dict[str, list[Recorded]] = {}
    for each in outline(lakehouse, datasets):
        mine.setdefault(each.dataset, []).append(each)
    shown = [visible(lakehouse.existing_table(dataset), of).values() for dataset, of in mine.items()]
    return filled(lakehouse, [each for some in shown for each in some])


def outline(
    lakehouse: Lakehouse, datasets: Iterable[str] | None = None, *, with_inputs: bool = False
) -> list[Recorded]:
    """The same without what takes long to read of a long past: `durations`, `files`, `rules`, `lineage` and, unless they
    are asked for, `inputs`."""
    wanted = [name for name in NAMES if name not in LONG or (with_inputs and name == "inputs")]
    return _read(lakehouse, datasets, wanted)


def lineages(lakehouse: Lakehouse) -> dict[str, str]:
    """The column lineage by publication, of those that recorded one; publications with the same share one text."""

    def read(waiting: list[str], committed: list[str]) -> list[tuple[str, list[str]]]:
        files = [*waiting, *committed]
        if not files:
            return []
        query = f"SELECT lineage, list(DISTINCT publication) FROM {parquet(files, ', union_by_name=true')}"
        with closing(connect(lakehouse.settings.warehouse)) as connection:
            return connection.execute(f"{query} WHERE lineage <> '' GROUP BY lineage").fetchall()

    return {each: lineage for lineage, of in reading(lakehouse, PUBLICATIONS, None, read) for each in of}


def filled(lakehouse: Lakehouse, outlined: Collection[Recorded]) -> list[Recorded]:
    """These records with all that an outline leaves out, newest first."""
    wanted = {(each.publication, each.partition) for each in outlined}
    found = _read(
        lakehouse,
        {each.dataset for each in outlined},
        NAMES,
        {each.publication for each in outlined},
        {each.at.astimezone(UTC).date() for each in outlined},
    )
    return [each for each in found if (each.publication, each.partition) in wanted]


def _read(
    lakehouse: Lakehouse,
    datasets: Iterable[str] | None,
    names: Sequence[str],
    publications: Collection[str] | None = None,
    days: Collection[date] | None = None,
) -> list[Recorded]:
    """What is recorded, of these columns, newest first; each once, though it may wait and be folded already."""
    chosen = None if datasets is None else sorted(set(datasets))
    conditions = [
        f"{identifier(name)} IN ({', '.join(map(text, values))})"
        for name, values in (("dataset", chosen), ("publication", publications))
        if values
    ]

    def read(waiting: list[str], committed: list[str]) -> list[tuple[Any, ...]]:
        files = [*waiting, *committed]
        if not files or chosen == []:
            return []
        query = f"SELECT {identifiers(names)} FROM {parquet(files, ', union_by_name=true')}"
        query += f" WHERE {' AND '.join(conditions)}" if conditions else ""
        with closing(connect(lakehouse.settings.warehouse)) as connection:
            return connection.execute(f'{query} ORDER BY "at" DESC, publication, "partition"').fetchall()

    rows = reading(lakehouse, PUBLICATIONS, chosen, read, days)
    found = (_recorded(dict(zip(names, row, strict=True))) for row in rows)
    return list({(each.publication, each.partition): each for each in found}.values())


def _recorded(row: dict[str, Any]) -> Recorded:
    row = {**LONG, **row}
    row["inputs"] = tuple(
        InputRead(each["dataset"], each["snapshot_id"], tuple(each["partitions"]), tuple(each["columns"]))
        for each in row["inputs"]
    )
    row["files"] = tuple(FileRead(**each) for each in row["files"])
    row["rules"] = tuple(row["rules"])
    return Recorded(**row)
