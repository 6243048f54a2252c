"""What became of every publication and where its rows come from: the journal PUBLICATIONS, a row per partition.

The snapshots of a table say the same more briefly, and only as long as they are kept.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from data_platform import clock
from data_platform.contracts import Contract
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.duck import connect
from data_platform.lakehouse.journal import JOURNALS, PUBLICATIONS, leave, reading
from data_platform.lakehouse.metrics import about_rule
from data_platform.lakehouse.provenance import NAMED, FileRead, InputRead, Provenance
from data_platform.quality.policy import Verdict
from data_platform.quality.sql import files as parquet
from data_platform.quality.sql import identifier, identifiers, text

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """What a publication wrote: good and quarantined rows by partition, its snapshot (None where all were blocked), the
    bytes of its files, and how long it took, as a whole and up to each step."""

    rows: Mapping[str, int]
    quarantined: Mapping[str, int]
    snapshot_id: int | None
    bytes: int
    seconds: float
    durations: Mapping[str, float]


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
LONG = ("durations", "inputs", "files", "rules", "lineage")


def note(
    lakehouse: Lakehouse,
    contract: Contract,
    publication: str,
    verdicts: Sequence[Verdict],
    provenance: Provenance,
    written: Written,
) -> None:
    """Journal a publication; a failure is logged, for the publication has taken place."""
    if contract.dataset in JOURNALS:
        return
    try:
        shared = {
            "at": clock.now(),
            "dataset": contract.dataset,
            "publication": publication,
            "run_id": provenance.run_id,
            "step": provenance.step,
            "code_version": provenance.code_version,
            "revision": provenance.revision,
            "contract_version": contract.version,
            "engine": provenance.engine,
            "bytes": written.bytes,
            "seconds": written.seconds,
            "durations": list(written.durations.items()),
            "files": [
                {"name": each.name, "size": each.size, "sha256": each.sha256} for each in provenance.files[:NAMED]
            ],
            "lineage": provenance.lineage,
        }
        rows = [shared | _about(each, provenance, written) for each in verdicts]
        leave(lakehouse, PUBLICATIONS, contract.dataset, publication, rows, _schema())
    except Exception as error:  # whatever it is: the rows are published, and nobody should produce them again for it
        log.warning("%s: where publication %s comes from could not be kept: %s", contract.dataset, publication, error)


def _about(verdict: Verdict, provenance: Provenance, written: Written) -> dict[str, Any]:
    partition = verdict.partition
    return {
        "partition": partition,
        "published": not verdict.blocked,
        "snapshot_id": None if verdict.blocked else written.snapshot_id,
        "rows": 0 if verdict.blocked else written.rows[partition],
        "quarantined": 0 if verdict.blocked else written.quarantined.get(partition, 0),
        "inputs": [_input(each) for each in made_from(provenance.inputs, partition)],
        "rules": [about_rule(outcome) for outcome in verdict.outcomes],
    }


def made_from(inputs: Sequence[InputRead], partition: str) -> list[InputRead]:
    """The inputs as one of the partitions that were produced is made from them."""
    return [
        replace(each, partitions=each.by_partition.get(partition, each.partitions), by_partition={})
        for each in inputs
        if each.by_partition.get(partition) != ()  # nothing was there for it: it is no input
    ]


def _input(read: InputRead) -> dict[str, Any]:
    return {
        "dataset": read.dataset,
        "snapshot_id": read.snapshot_id,
        "partitions": list(read.partitions),
        "columns": list(read.columns),
    }


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


def outline(lakehouse: Lakehouse, datasets: Iterable[str] | None = None) -> list[Recorded]:
    """The same without what takes long to read of a long past: `durations`, `inputs`, `files`, `rules`, `lineage`."""
    return _read(lakehouse, datasets, [name for name in NAMES if name not in LONG])


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
    if "inputs" not in row:
        return Recorded(**row, durations={}, inputs=(), files=(), rules=(), lineage="")
    row["inputs"] = tuple(
        InputRead(each["dataset"], each["snapshot_id"], tuple(each["partitions"]), tuple(each["columns"]))
        for each in row["inputs"]
    )
    row["files"] = tuple(FileRead(**each) for each in row["files"])
    row["rules"] = tuple(row["rules"])
    return Recorded(**row)


def _schema() -> pa.Schema:
    import pyarrow as pa

    word, number, names = pa.string(), pa.int64(), pa.list_(pa.string())
    read = {"dataset": word, "snapshot_id": number, "partitions": names, "columns": names}
    file = {"name": word, "size": number, "sha256": word}
    rule = {"rule": word, "kind": word, "columns": word, "measured": pa.float64(), "failing_rows": number}
    rule |= {"failing_percent": pa.float64(), "action": word, "reason": word}
    types = dict.fromkeys(NAMES, word) | {
        "at": pa.timestamp("us", "UTC"),
        "snapshot_id": number,
        "published": pa.bool_(),
        "rows": number,
        "quarantined": number,
        "bytes": number,
        "seconds": pa.float64(),
        "durations": pa.map_(word, pa.float64()),
        "inputs": pa.list_(pa.struct(list(read.items()))),
        "files": pa.list_(pa.struct(list(file.items()))),
        "rules": pa.list_(pa.struct(list(rule.items()))),
    }
    return pa.schema(list(types.items()))
