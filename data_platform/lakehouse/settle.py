"""What two tables that cannot be committed together owe each other: the dataset's and its quarantine's.

A replay takes rows out of the quarantine, their only home, so it commits the dataset's table first. In that snapshot it
writes ahead what becomes of the quarantine; `settle` then does it, whoever calls it first: the replay itself, or, where
that died in between, the next command about the quarantine. Row names tell what others did to the same rows meanwhile.

A publication writes the quarantine first; where it died in between, the quarantine is of a publication that never was.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from pyiceberg.table import Table
from pyiceberg.table.snapshots import ancestors_of

from data_platform.contracts import Contract
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.commit import replace_partitions, touches, written_since
from data_platform.lakehouse.duck import connect, stored
from data_platform.lakehouse.errors import Conflict, LakehouseError
from data_platform.lakehouse.provenance import read_properties, to_properties
from data_platform.lakehouse.publish import tidy
from data_platform.lakehouse.quarantine import publications, quarantine_contract
from data_platform.lakehouse.read import plan_read
from data_platform.lakehouse.restage import BY_PARTITION, CUT
from data_platform.lakehouse.staging import write

ATTEMPTS = 12
KEEPING = ("discard", "expire", "relabel")
"""Operations that leave the rows of a quarantine their names; any other snapshot replaced them by other rows."""


@dataclass(frozen=True, slots=True)
class Debt:
    """What a replay owes to the quarantine: the files of the rows that stay, by partition, made from its snapshot
    `base`. `properties` are those of its own snapshot there."""

    publication: str
    base: int
    files: Mapping[str, Sequence[str]]
    properties: Mapping[str, str]

    def written_ahead(self) -> str:
        return json.dumps({"base": self.base, "files": self.files, "properties": self.properties})


def debts(table: Table, quarantine: Table) -> list[Debt]:
    """Replays whose rows are in the dataset and still in its quarantine; without what was published over since."""
    paid = {known.get("publication") for _, known in publications(quarantine)}
    found: dict[str, Debt] = {}
    for snapshot in ancestors_of(table.current_snapshot(), table.metadata):
        known = read_properties(snapshot.summary.additional_properties if snapshot.summary else {})
        if "replay" in known and (publication := known["publication"]) not in paid | found.keys():
            debt = json.loads(known["replay"])
            over = [each for each in written_since(quarantine, debt["base"]) if each.get("operation") not in KEEPING]
            left = {name: of for name, of in debt["files"].items() if not any(touches(each, [name]) for each in over)}
            if left:
                found[publication] = Debt(publication, debt["base"], left, debt["properties"])
    return list(found.values())


def settle(lakehouse: Lakehouse, contract: Contract) -> None:
    """Take the rows that replays have put into the dataset out of its quarantine; nothing where none is owed."""
    import duckdb

    for _ in range(ATTEMPTS):
        quarantine, owed = _owed(lakehouse, contract)
        if quarantine is None or not owed:
            return
        try:
            _pay(lakehouse, quarantine_contract(contract), quarantine, owed[0])
        except Conflict:
            continue  # somebody else settled it, or changed the quarantine: look again
        except (duckdb.Error, OSError):  # who settles a replay of its own removes what was written ahead
            _, still = _owed(lakehouse, contract)
            if owed[0].publication in {each.publication for each in still}:
                raise
    raise LakehouseError(
        f"{quarantine_contract(contract).dataset}: {ATTEMPTS} commits in a row lost to other writers; run it again."
    )


def _owed(lakehouse: Lakehouse, contract: Contract) -> tuple[Table | None, list[Debt]]:
    """The quarantine, and what is owed to it."""
    table = lakehouse.existing_table(contract.dataset)
    quarantine = lakehouse.existing_table(quarantine_contract(contract).dataset)
    return quarantine, debts(table, quarantine) if table is not None and quarantine is not None else []


def _pay(lakehouse: Lakehouse, beside: Contract, quarantine: Table, debt: Debt) -> None:
    now = quarantine.current_snapshot()
    assert now is not None
    partitions = list(debt.files)
    files = [file for of in debt.files.values() for file in of]
    folder = f"{lakehouse.location(beside)}/data/{uuid.uuid4().hex}"
    with closing(connect(lakehouse.settings.warehouse)) as connection:
        written: tuple[str, ...] = ()
        if files:
            then, still = (
                plan_read(lakehouse, beside, ("_row",), partitions, snapshot, allow_missing=True)
                for snapshot in (debt.base, now.snapshot_id)
            )
            taken = stored(connection, then.columns, then.files)
            if still.files:
                taken = f"{taken} EXCEPT {stored(connection, still.columns, still.files)}"
            rows = f"({stored(connection, beside.columns, files)}) r ANTI JOIN ({taken}) t USING (_row)"
            written = write(connection, f"SELECT r.*, {CUT} FROM {rows}", folder, BY_PARTITION).files
    properties = to_properties({**debt.properties, "partitions": json.dumps(partitions)})
    try:
        replace_partitions(lakehouse.table(beside), beside, partitions, (), written, properties, base=now.snapshot_id)
    except Conflict:
        tidy(lakehouse, folder, set())
        raise


def unfinished(table: Table, quarantine: Table, partitions: Collection[str]) -> set[str]:
    """The partitions whose waiting rows are of a publication that has not come into the dataset's table: it is under
    way, or died half-way. As far back as the table's snapshots reach."""
    snapshots = table.metadata.snapshots
    known = {known.get("publication") for _, known in publications(table)}
    begins = 0 if any(each.parent_snapshot_id is None for each in snapshots) else min(s.timestamp_ms for s in snapshots)
    left, found = set(partitions), set[str]()
    for at, each in publications(quarantine):
        if "operation" in each:
            continue
        mine = left.intersection(json.loads(each.get("partitions", "[]")))
        left -= mine
        if each.get("publication") not in known and at >= begins:
            found |= mine
    return found
