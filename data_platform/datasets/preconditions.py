"""Before the function runs: is there anything to make it from? Derived from what it reads, plus the contract's rules
about inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import dagster as dg

from data_platform.contracts.model import INPUT
from data_platform.contracts.partitions import WHOLE
from data_platform.datasets.partitions import partitions_read, to_contract, to_dagster
from data_platform.datasets.producer import Producer
from data_platform.datasets.results import blocking_reasons
from data_platform.datasets.signature import Input
from data_platform.lakehouse import Lakehouse, ReadPlan, plan_read
from data_platform.lakehouse.evaluate import audit_inputs
from data_platform.lakehouse.provenance import InputRead
from data_platform.quality.policy import Verdict

NAMED = 5
"""How many partitions a sentence names."""


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The pinned inputs by parameter, and what was found: `problems` forbid to run the function, `warnings` do not;
    `verdicts` are those of the rules about inputs (none where there are problems)."""

    plans: Mapping[str, ReadPlan]
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def refusal(self) -> str:
        """Why the function must not run, in one sentence; '' where it may."""
        return "; ".join(self.problems[:NAMED]) or blocking_reasons(self.verdicts)


def examine(producer: Producer, lakehouse: Lakehouse, keys: Sequence[str]) -> Preconditions:
    """Pin the snapshot, files and columns of every input of these partitions (in Dagster's spelling) before any row is
    read, and judge them. Raises RuleError where a rule about inputs cannot be evaluated."""
    plans, problems, warnings = dict[str, ReadPlan](), list[str](), list[str]()
    contract = producer.contract
    for each in producer.signature.inputs:
        wanted = partitions_read(each.mapping, contract, keys, each.contract)
        plan = plan_read(lakehouse, each.contract, each.reads.columns, wanted, each.reads.at, allow_missing=True)
        plans[each.name] = plan
        (problems if each.reads.missing == "refuse" else warnings).extend(_complaints(each, plan, wanted))
    verdicts: tuple[Verdict, ...] = ()
    if contract.rules_at(INPUT) and not problems:
        partitions = to_contract(contract, keys) if contract.partitioning else (WHOLE,)
        traces = [plan.trace for plan in plans.values()]
        verdicts = audit_inputs(lakehouse, contract, partitions, traces, producer.contracts)
    return Preconditions(plans, tuple(problems), tuple(warnings), verdicts)


def inputs_read(
    producer: Producer, met: Preconditions, asked: Sequence[str], made: Sequence[str] | None = None
) -> tuple[InputRead, ...]:
    """The inputs as they were read for the partitions `asked`; where several are `made` (a landing zone may bring others
    than were asked for), also which of an input's partitions each is made from."""
    made = asked if made is None else made
    return tuple(
        _narrowed(each, met.plans[each.name].trace, producer, asked, made) for each in producer.signature.inputs
    )


def _narrowed(
    each: Input, trace: InputRead, producer: Producer, asked: Sequence[str], made: Sequence[str]
) -> InputRead:
    contract, read = producer.contract, each.contract
    if read.partitioning is not None and not trace.partitions:  # nothing was there to be read
        return replace(trace, by_partition=dict.fromkeys(made, ()))
    if len(made) < 2 or each.mapping is None or isinstance(each.mapping, dg.AllPartitionMapping):
        return trace
    there, narrowed = set(trace.partitions), dict[str, tuple[str, ...]]()
    for partition in sorted({*made} & {*asked}):
        wanted = partitions_read(each.mapping, contract, [to_dagster(contract, partition)], read) or ()
        narrowed[partition] = tuple(sorted(there.intersection(wanted)))
    return replace(trace, by_partition={one: of for one, of in narrowed.items() if len(of) < len(there)})


def _complaints(each: Input, plan: ReadPlan, wanted: Sequence[str] | None) -> list[str]:
    """What is wrong with one input, and what to do about it."""
    dataset, refuses = each.reads.dataset, each.reads.missing == "refuse"
    complaints = []
    if plan.blocked:
        then = (
            f"repair it and materialize {dataset} again, or read its last good data with {each.to_skip}"
            if refuses
            else "read with its last good data"
        )
        complaints.append(f"{dataset} is blocked{_named(plan.blocked)}: {then}")
    if gaps := [gap for gap in _gaps(each, plan, wanted) if gap not in plan.blocked]:
        then = (
            f"materialize {dataset} first (or repair what blocks it), or read without with {each.to_skip}"
            if refuses
            else "read without"
        )
        complaints.append(f"{dataset} has no published data{_named(gaps)}: {then}")
    return complaints


def _gaps(each: Input, plan: ReadPlan, wanted: Sequence[str] | None) -> list[str]:
    """Partitions that were never published; for a window only since the first that was: history has a start."""
    if wanted is None:
        return [WHOLE] if plan.snapshot_id is None else []
    found = plan.partitions
    strict = each.reads.partitions == "same" or not found
    return sorted(gap for gap in set(wanted) - set(found) if strict or gap > found[0])


def _named(partitions: Sequence[str]) -> str:
    names = [partition for partition in partitions if partition != WHOLE]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f" for {', '.join(names[:NAMED])}{more}" if names else ""
