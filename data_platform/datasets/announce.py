"""What a step does, told to the catalog that the settings name (see lineage/openlineage): nothing where they name none."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import ModuleType

import dagster as dg

from data_platform.clock import now
from data_platform.datasets.preconditions import Preconditions
from data_platform.datasets.producer import Producer
from data_platform.files.landing.folder import Folder
from data_platform.lakehouse import Lakehouse, Provenance, Publication
from data_platform.lineage.openlineage import Ending, Execution, Sender, Source
from data_platform.revision import revision


@dataclass
class Announcer:
    """Tells of the executions of one step: each is begun, may be concluded, and ends with the step at the latest."""

    context: dg.AssetExecutionContext
    lakehouse: Lakehouse
    _sender: Sender | None = None
    _open: dict[str, tuple[Execution, Ending]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.lakehouse.settings.openlineage:
            self._sender = Sender(self.lakehouse.settings, self.context.run_id)

    def begin(self, producer: Producer, partitions: Sequence[str], met: Preconditions, source: Source) -> None:
        """Its inputs are pinned; nothing was read yet."""
        if self._sender is None:
            return
        step = str(self.context.op_execution_context.op_handle)
        read = tuple(plan.trace for plan in met.plans.values())
        known = Provenance(self.context.run_id, producer.code_version, inputs=read, step=step)
        known = replace(known, revision=revision(self.lakehouse.settings))
        execution = Execution(
            producer.contract,
            self.context.run_id,
            self.context.job_name,
            step,
            now(),
            self.context.retry_number,
            tuple(each for each in partitions if each),
            source,
            producer.contracts,
        )
        self._open[producer.contract.dataset] = execution, Ending(now(), known, verdicts=met.verdicts)
        self._sender.send(lambda: _events().start(execution, known, self.lakehouse.settings))

    def made(self, publication: Publication) -> None:
        """It has published, or a rule forbade to."""
        if (begun := self._open.get(publication.dataset)) is not None:
            execution, ending = begun
            verdicts = (*ending.verdicts, *publication.verdicts)
            there = replace(ending, provenance=publication.provenance, publication=publication, verdicts=verdicts)
            self._open[publication.dataset] = execution, there

    def end(self, dataset: str, error: str = "", *, stack: str = "", aborted: bool = False) -> None:
        """It is over, well or with an error."""
        if self._sender is not None and (begun := self._open.pop(dataset, None)) is not None:
            execution, ending = begun
            last = replace(ending, at=now(), error=error, stack=stack, aborted=aborted)
            self._sender.send(lambda: _events().end(execution, last, self.lakehouse.settings))

    def end_all(self, error: str, *, stack: str = "", aborted: bool = False) -> None:
        for dataset in list(self._open):
            self.end(dataset, error, stack=stack, aborted=aborted)

    def close(self) -> None:
        """End what is still open, and wait until all is told; not for long (see `Sender`)."""
        for dataset, (_, ending) in list(self._open.items()):
            self.end(dataset, "" if ending.publication else "it was not produced")
        for problem in self._sender.close() if self._sender is not None else ():
            self.context.log.warning(problem)


@contextmanager
def announcing(context: dg.AssetExecutionContext, lakehouse: Lakehouse) -> Iterator[Announcer]:
    """For the length of a step; how that ends is how its executions end."""
    announcer = Announcer(context, lakehouse)
    try:
        yield announcer
    except dg.Failure as failure:  # one of the step's own exits: its description says it all
        announcer.end_all(failure.description or str(failure))
        raise
    except Exception as error:
        announcer.end_all(f"{type(error).__name__}: {error}", stack=traceback.format_exc())
        raise
    except BaseException:  # somebody stopped the run
        announcer.end_all("the run was stopped", aborted=True)
        raise
    finally:
        announcer.close()


def source_of(producer: Producer, base: str) -> Source:
    """Where a function is, and the folder that it takes files from; `base` is where relative ones begin."""
    code = inspect.unwrap(producer.function).__code__
    landing = producer.signature.landing
    folder = Folder.of(landing.location, base).root if landing else ""
    return Source(code.co_filename, code.co_firstlineno, landing=folder)


def _events() -> ModuleType:
    """Imports the client: called by the sender's thread."""
    from data_platform.lineage.openlineage import events

    return events
