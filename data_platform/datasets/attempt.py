"""From pinned inputs and files to a publication: call the function, stage what it returns, publish.

Where files land, one that fits nothing must not cost the others: what a refused frame is made of is then tried file by
file, the culprits are set aside, and the rest is tried again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dagster as dg

from data_platform.datasets.landing import Delivery, Only
from data_platform.datasets.preconditions import Preconditions, inputs_read
from data_platform.datasets.producer import Producer
from data_platform.datasets.signature import FileInput
from data_platform.engines import FRAMES, Rows, engine_of, stage_rows
from data_platform.engines.in_process import InProcess
from data_platform.files import FileError
from data_platform.files.landing import Landing
from data_platform.files.landing.contents import Landed
from data_platform.files.landing.folder import Folder
from data_platform.files.read import read
from data_platform.files.reading import Reading
from data_platform.files.source import locate
from data_platform.lakehouse import (
    Lakehouse,
    LakehouseError,
    Provenance,
    Publication,
    StructureError,
    publish,
)
from data_platform.lakehouse.prepare import prepare
from data_platform.lakehouse.provenance import FileRead
from data_platform.lakehouse.publish import tidy
from data_platform.lakehouse.refusals import keep_frame
from data_platform.lineage import Lineage, facet
from data_platform.lineage.capture import Capture
from data_platform.lineage.given import Given
from data_platform.quality.audit import RuleError

if TYPE_CHECKING:
    import pyarrow as pa

    from data_platform.lakehouse import Staged
    from data_platform.quality.policy import Verdict

SAMPLE = 1000
"""How many rows are kept of a file that fits nothing."""
HASHED = 1 << 30
"""Up to how many bytes of plain source files are hashed for the record."""


@dataclass
class _Frame:
    """What the function returned: its rows, which engine's they are, and where its columns come from."""

    rows: Rows | None = None
    engine: str = ""
    lineage: Lineage | None = None


@dataclass
class Attempt:
    """One step's producer with all that it is called with; `delivered` is what its landing zone has, if it reads one.

    `lineage` says where the columns of what was published last come from; None before.
    """

    producer: Producer
    context: dg.AssetExecutionContext
    config: Mapping[str, Any]
    met: Preconditions
    lakehouse: Lakehouse
    partitions: Sequence[str]
    delivered: Delivery | None = None
    sources: tuple[FileRead, ...] = ()
    unfit: list[tuple[Sequence[str], pa.Table, Sequence[str]]] = field(default_factory=list)
    """Of each file that fits nothing: its partitions, some rows, and why."""
    lineage: Lineage | None = None

    def publish(self) -> Publication:
        """Raises StructureError where the frame does not fit, FileError where a file cannot be read, RuleError where a
        rule cannot be evaluated, and dagster's Failure for what is no frame, or where there is nothing to publish."""
        while True:
            if self.delivered is not None and not self.delivered.partitions:
                raise dg.Failure(self.delivered.undelivered, allow_retries=False)
            try:
                publication = self._publish()
            except (dg.Failure, RuleError):
                raise
            except Exception as error:  # whatever the producer's own code raises
                if self.delivered is None or not self._without_culprits(self.delivered, error):
                    raise
            else:
                self._keep_unfit()
                return publication

    def stage(self) -> Staged:
        """What the function makes, staged and nothing more: the files are the caller's to remove."""
        with Reading() as reading:
            return self._staged(_Frame(), reading)

    def _without_culprits(self, delivered: Delivery, error: Exception) -> bool:
        """Whether files were set aside because of the error, so that the rest is worth another try."""
        if isinstance(error, FileError) and delivered.check():
            return True
        is_lakehouse = isinstance(error, LakehouseError) and not isinstance(error, StructureError)
        certain = isinstance(error, FileError | StructureError)
        return not is_lakehouse and delivered.set_aside_culprits(self._fault, certain=certain)

    def _publish(self) -> Publication:
        contract, delivered = self.producer.contract, self.delivered
        partitions = delivered.partitions if delivered else tuple(self.partitions)
        with Reading() as reading, self._kept(partitions) as frame:
            staged = self._staged(frame, reading)
            self.context.log.info(f"Staged {staged.rows:,} rows in {len(staged.files)} file(s)")
            self.lineage = frame.lineage
            publication = publish(
                self.lakehouse,
                staged,
                contract,
                partitions,
                self._provenance(frame, partitions),
                others=self.producer.contracts,
                on_step=lambda step: self.context.log.debug(f"Reached: {step}"),
            )
        if delivered:
            delivered.settle(publication, self._blocks)
        return publication

    def _keep_unfit(self) -> None:
        """Of files set aside enough is kept, too: after the publication of the others, which drops what was kept."""
        import duckdb

        for partitions, rows, problems in self.unfit:
            sample = InProcess(duckdb.from_arrow(rows)).sample
            keep_frame(self.lakehouse, self.producer.contract, partitions, sample, problems, self.context.run_id)

    def _provenance(self, frame: _Frame, partitions: Sequence[str]) -> Provenance:
        return Provenance(
            self.context.run_id,
            self.producer.code_version,
            frame.engine,
            inputs_read(self.producer, self.met, self.partitions, partitions),
            self.sources + (self.delivered.trace if self.delivered else ()),
            step=str(self.context.op_execution_context.op_handle),
            lineage=facet.to_json(frame.lineage) if frame.lineage else "",
        )

    @contextmanager
    def _kept(self, partitions: Sequence[str]) -> Iterator[_Frame]:
        """Of a frame that turns out not to fit, enough is kept to say which contract it would fit."""
        frame = _Frame()
        try:
            yield frame
        except StructureError as refused:
            if frame.rows is not None:
                run_id, contract = self.context.run_id, self.producer.contract
                keep_frame(self.lakehouse, contract, partitions, frame.rows.sample, refused.problems, run_id)
            raise

    def _staged(self, frame: _Frame, reading: Reading, only: Only | None = None) -> Staged:
        """What the function makes of its inputs (of what landed, `only` this), staged."""
        contract = self.producer.contract
        arguments = self._arguments(reading, only)
        with Capture(
            Given(p.dataset, tuple(p.names), arguments[n], p.files) for n, p in self.met.plans.items()
        ) as seen:
            made = self.producer.function(**arguments)
        del arguments  # no frame is held longer than the function holds it
        engine = engine_of(type(made))
        if engine is None:
            raise dg.Failure(
                f"{contract.dataset} returned {type(made).__name__}; return one of {', '.join(FRAMES)}",
                allow_retries=False,
            )
        frame.lineage = seen.lineage_of(made, contract.column_names, self.producer.lineage)
        if seen.failure:
            self.context.log.warning(f"{contract.dataset}: {seen.failure}")
        del seen
        frame.engine, frame.rows = engine.name, engine.rows(made, self.lakehouse)
        return stage_rows(frame.rows, contract, self.lakehouse)

    def _arguments(self, reading: Reading, only: Only | None) -> dict[str, Any]:
        signature = self.producer.signature
        engines = {each.name: each.engine for each in signature.inputs}
        frames = {name: engines[name].read(plan, self.lakehouse) for name, plan in self.met.plans.items()}
        frames |= {each.name: self._from_files(each, reading, only) for each in signature.files}
        given = {name: getattr(self.context.resources, name) for name in signature.resources}
        context = {"context": self.context} if signature.takes_context else {}
        return frames | given | dict(self.config) | context

    def _from_files(self, source: FileInput, reading: Reading, only: Only | None) -> Any:
        contract = self.producer.contract
        if isinstance(source.files, Landing):
            assert self.delivered is not None
            return source.engine.convert(self.delivered.frame(reading, only))
        types = {column.name: column.type for column in contract.columns}
        paths = locate(source.files.location, self.lakehouse.settings.files)
        self.sources = _traces(paths)
        return source.engine.convert(read(paths, source.files.format, types, reading=reading))

    def _fault(self, file: Landed) -> str:
        """What is wrong with a file alone, '' where nothing is: whatever it breaks, no rule has a say in it."""
        try:
            self._verdicts([file], file.partitions)
        except FileError as error:
            return str(error)
        except StructureError as refused:
            named = self.delivered and self.delivered.landing.partition == "name"
            said = f" (its name says {file.partitions[0]})" if named and file.partitions else ""
            return "; ".join(refused.problems) + said
        except (dg.Failure, RuleError, LakehouseError):
            raise
        except Exception as error:  # whatever the producer's own code raises
            return f"the producer fails with it: {type(error).__name__}: {error}"
        return ""

    def _blocks(self, file: Landed, partition: str) -> bool:
        """Whether a partition would be blocked if this were its only new file."""
        assert self.delivered is not None
        try:
            return bool(self._verdicts(self.delivered.before(partition, file), (partition,)))
        except Exception:  # what only the other files made fit; it is published or blocked already
            return True

    def _verdicts(self, files: Sequence[Landed], partitions: Sequence[str]) -> Sequence[Verdict]:
        """What would become of these partitions made of these files alone, where that blocks; nothing is published."""
        contract, lakehouse = self.producer.contract, self.lakehouse
        frame = _Frame()
        with Reading() as reading:
            try:
                staged = self._staged(frame, reading, Only(partitions, files))
            except StructureError as refused:
                if frame.rows is not None:
                    self.unfit.append((partitions, frame.rows.first(SAMPLE), refused.problems))
                raise
        folders = (staged.folder, f"{staged.folder}-refused")
        spill = lakehouse.settings.home / "spill" / staged.folder.rpartition("/")[2]
        try:
            stamp = {"_run_id": self.context.run_id, "_contract_version": contract.version}
            inputs = tuple(plan.trace for plan in self.met.plans.values())
            others = self.producer.contracts
            found = prepare(
                lakehouse, staged, contract, partitions, folders, str(spill), stamp, others=others, inputs=inputs
            )
            return [each for each in found.verdicts if each.blocked]
        finally:
            shutil.rmtree(spill, ignore_errors=True)
            for folder in folders:
                tidy(lakehouse, folder, set())


def _traces(paths: Sequence[str]) -> tuple[FileRead, ...]:
    """Plain source files for the record, hashed where that takes no time to speak of."""
    found, left = [], HASHED
    for path in paths:
        root, _, name = path.rpartition("/")
        folder = Folder(root, name)
        size = there.size if (there := folder.listing(name)) else 0
        left -= size
        found.append(FileRead(path, size, folder.hash_of(name) if there and left >= 0 else ""))
    return tuple(found)
