"""What a publication leaves in the journal PUBLICATIONS: by partition, what became of it and where its rows come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from data_platform import clock
from data_platform.contracts import Contract
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.journal import PUBLICATIONS, leave
from data_platform.lakehouse.metrics import about_rule
from data_platform.lakehouse.provenance import NAMED, InputRead, Provenance
from data_platform.lakehouse.publications import NAMES
from data_platform.quality.policy import Verdict

if TYPE_CHECKING:
    import pyarrow as pa


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


def note(
    lakehouse: Lakehouse,
    contract: Contract,
    publication: str,
    verdicts: Sequence[Verdict],
    provenance: Provenance,
    written: Written,
) -> None:
    """Journal a publication (see `journal.leave`)."""

    def rows() -> list[dict[str, Any]]:
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
        return [shared | _about(each, provenance, written) for each in verdicts]

    leave(lakehouse, PUBLICATIONS, contract.dataset, publication, rows, _schema)


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
