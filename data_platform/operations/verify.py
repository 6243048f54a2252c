"""Proof that published rows are what their recorded inputs make: they are made again from the same snapshots, where
nobody sees them, and compared row for row."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import dagster as dg

from data_platform.contracts import Contract, OnFailure, Policy
from data_platform.contracts.model import Rule
from data_platform.contracts.partitions import WHOLE
from data_platform.datasets.partitions import partitions_read, to_dagster
from data_platform.datasets.producer import Producer
from data_platform.datasets.signature import Input
from data_platform.files.landing.folder import Folder
from data_platform.lakehouse import Lakehouse, ReadPlan, Staged, plan_read
from data_platform.lakehouse.compare import Difference, compare
from data_platform.lakehouse.duck import connect, limit
from data_platform.lakehouse.prepare import prepare
from data_platform.lakehouse.provenance import REPLAY
from data_platform.lakehouse.publications import Recorded, filled, outline
from data_platform.lakehouse.publish import tidy
from data_platform.operations.again import made_again, producer_of
from data_platform.operations.verification import Verification
from data_platform.revision import revision

if TYPE_CHECKING:
    from data_platform.warehouse.project import Project


def verify(
    lakehouse: Lakehouse,
    definitions: dg.Definitions,
    contract: Contract,
    shown: Sequence[Recorded],
    at: int | None = None,
    advance: Callable[[int], object] = lambda by: None,
) -> Iterator[Verification]:
    """Make the rows of these publications (visible in the snapshot `at`, or now) again and compare them.

    What was published together is made together again, as it was.
    """
    everything = outline(lakehouse, [contract.dataset])
    groups: dict[str, list[Recorded]] = {}
    for each in shown:
        groups.setdefault(each.publication, []).append(each)
    for publication, records in groups.items():
        whole = filled(lakehouse, [each for each in everything if each.publication == publication])
        yield from _Proof(lakehouse, definitions, contract, whole, records, at).verifications()
        advance(len(records))


class _Unprovable(Exception):
    """Why the rows cannot be made again."""


@dataclass
class _Proof:
    """One publication (`whole`: all its partitions), of which some partitions are to be verified."""

    lakehouse: Lakehouse
    definitions: dg.Definitions
    contract: Contract
    whole: Sequence[Recorded]
    records: Sequence[Recorded]
    at: int | None
    notes: list[str] = field(default_factory=list)

    def verifications(self) -> Iterator[Verification]:
        problem, found = "", dict[str, Difference]()
        try:
            found = self._differences()
        except _Unprovable as why:
            problem = str(why)
        if any(not each.rounding for each in found.values()):
            self._suspect()
        for each in self.records:
            yield Verification(
                each.dataset,
                each.partition,
                each.publication,
                each.snapshot_id,
                each.rows,
                problem,
                found.get(each.partition),
                tuple(self.notes),
            )

    def _differences(self) -> dict[str, Difference]:
        producer, project = self._producer()
        self._note(producer)
        plans = {each.name: self._pinned(each) for each in producer.signature.inputs}
        partitions = [each.partition for each in self.whole] if self.contract.partitioning else [WHOLE]
        try:
            staged = made_again(producer, plans, partitions, self.lakehouse, self.definitions, project)
        except Exception as error:  # whatever the producer's own code raises
            cause = error.__cause__ or error
            raise _Unprovable(f"making the rows again failed: {type(cause).__name__}: {cause}") from error
        try:
            return self._compared(producer, staged, partitions)
        finally:
            tidy(self.lakehouse, staged.folder, set())

    def _compared(self, producer: Producer, staged: Staged, partitions: Sequence[str]) -> dict[str, Difference]:
        scratch = self.lakehouse.settings.home / "spill" / f"verify-{uuid.uuid4().hex}"
        folders = (staged.folder, str(scratch / "refused"))
        inputs = [each for record in self.whole for each in record.inputs]
        contract = replace(self.contract, rules=_moving(self.contract.rules))
        wanted = [each.partition for each in self.records]
        try:
            prepared = prepare(
                self.lakehouse,
                staged,
                contract,
                partitions,
                folders,
                str(scratch),
                {"_run_id": "", "_contract_version": contract.version},
                others=producer.contracts,
                inputs=list({each.dataset: each for each in inputs}.values()),
            )
            chosen = wanted if contract.partitioning else None
            published = plan_read(self.lakehouse, contract, (), chosen, self.at, allow_missing=True)
            with closing(connect(self.lakehouse.settings.warehouse)) as connection:
                limit(connection, str(scratch))
                return compare(connection, contract, published.files, prepared.good, wanted)
        except Exception as error:  # a data file that is gone or damaged, a contract that refuses the rows now
            raise _Unprovable(str(error)) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _producer(self) -> tuple[Producer, Project | None]:
        one, found = self.records[0], producer_of(self.definitions, self.contract.dataset)
        if one.engine == REPLAY:
            before = next((str(each.snapshot_id) for each in one.inputs if each.dataset == one.dataset), "")
            raise _Unprovable(
                f"rows came back from quarantine by a replay; what they joined can be verified: --at {before}"
            )
        if found is None:
            raise _Unprovable("nothing here makes it")
        if found[0].signature.landing is not None:
            raise _Unprovable("it is made of files that landed, which are not kept by snapshot")
        if not one.code_version:
            raise _Unprovable("it was not made by the platform's own producer")
        return found

    def _pinned(self, read: Input) -> ReadPlan:
        """The input as it was read."""
        dataset, columns = read.reads.dataset, read.reads.columns
        found = [each for record in self.whole for each in record.inputs if each.dataset == dataset]
        same = [each for each in found if not columns or set(each.columns) == set(columns)] or found
        if not same or same[0].snapshot_id is None:  # nothing was there to be read
            wanted = tuple(read.contract.column(name) for name in columns) or read.contract.columns
            return ReadPlan(dataset, wanted, (), None, (), 0, 0)
        snapshot_id, table = same[0].snapshot_id, self.lakehouse.existing_table(dataset)
        if table is None or table.snapshot_by_id(snapshot_id) is None:
            raise _Unprovable(
                f"the snapshot {snapshot_id} of {dataset}, which it was made from, has expired. Where its rows come from "
                "is still recorded, but they cannot be made again"
            )
        keys = [to_dagster(self.contract, each.partition) for each in self.whole] if self.contract.partitioning else []
        wanted = partitions_read(read.mapping, self.contract, keys, read.contract)
        return plan_read(self.lakehouse, read.contract, columns, wanted, snapshot_id, allow_missing=True)

    def _note(self, producer: Producer) -> None:
        """What is not as it was when the rows were made, or was read from no snapshot."""
        one, signature = self.records[0], producer.signature
        if producer.code_version != one.code_version:
            self.notes.append(
                f"the code has changed since: it was {one.code_version}, now it is {producer.code_version}"
            )
        if self.contract.version != one.contract_version:
            self.notes.append(
                f"the contract has changed since: it was {one.contract_version}, now it is {self.contract.version}"
            )
        if signature.resources:
            self.notes.append(
                f"{', '.join(signature.resources)} cannot be pinned: what it says was extracted again, as it is today"
            )
        if signature.config:
            self.notes.append("the run's configuration is not recorded: made again with the defaults")
        for each in {each.name: each for each in one.files if each.sha256}.values():
            root, _, name = each.name.rpartition("/")
            if not (folder := Folder(root, name)).listing(name):
                self.notes.append(f"the file {each.name}, which it was made from, is gone")
            elif folder.hash_of(name) != each.sha256:
                self.notes.append(f"the file {each.name}, which it was made from, has other content now")

    def _suspect(self) -> None:
        """What else a difference may come from."""
        was, now = self.records[0].revision, revision(self.lakehouse.settings)
        if was != now:
            self.notes.append(f"the project was at revision {was or 'unknown'}, now it is at {now or 'unknown'}")


def _moving(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules that move rows to the quarantine; no other has a say in what the published rows are."""
    return tuple(
        replace(rule, on_failure=OnFailure(Policy.QUARANTINE))
        for rule in rules
        if rule.on_failure.policy is Policy.QUARANTINE and rule.is_row_rule
    )
