"""The IO manager: how plain Dagster assets read and write datasets.

They get a frame of the type they annotate, and what they return is published through the same write-audit-publish.
`@dataset` functions need no IO manager: the step plans its own reads and publishes itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from data_platform.contracts import Contract, Policy
from data_platform.contracts.partitions import WHOLE
from data_platform.datasets.partitions import to_contract
from data_platform.datasets.spark import provide_session
from data_platform.engines import FRAMES, engine_of
from data_platform.lakehouse import (
    Provenance,
    Publication,
    current_lakehouse,
    plan_read,
    publish,
)
from data_platform.lakehouse.provenance import InputRead
from data_platform.lineage import facet
from data_platform.lineage.capture import LAZY, Capture
from data_platform.lineage.given import Given


class LakehouseIOManager(dg.IOManager):
    """Reads and writes datasets for plain assets, and lets them read what `@dataset` functions published."""

    def __init__(self, contracts: Mapping[str, Contract]):
        self.contracts = contracts
        self._step = ("", "")
        self._loaded: dict[str, tuple[Given, InputRead]] = {}
        """The inputs of one step, by parameter: what it publishes is made of them."""

    def load_input(self, context: dg.InputContext) -> Any:
        contract = self._contract(context.asset_key)
        engine = engine_of(context.dagster_type.typing_type)
        if engine is None:
            raise dg.DagsterInvariantViolationError(
                f"the input {context.name} of {context.step_context.step.key} needs a frame type as its annotation: "
                f"one of {', '.join(FRAMES)}"
            )
        provide_session(engine)
        partitions = to_contract(contract, context.asset_partition_keys) if context.has_asset_partitions else None
        columns = (context.definition_metadata or {}).get("columns", ())
        several = partitions is not None and len(partitions) > 1  # a window, or all: what there is
        plan = plan_read(current_lakehouse(), contract, columns, partitions, allow_missing=several)
        frame = engine.read(plan, current_lakehouse())
        step = (context.step_context.run_id, context.step_context.step.key)
        if step != self._step:
            self._step, self._loaded = step, {}
        held = frame if engine.frame in LAZY else None
        self._loaded[context.name] = Given(plan.dataset, tuple(plan.names), held, plan.files), plan.trace
        return frame

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        if isinstance(obj, Publication):
            return  # a @dataset function has published already
        contract, engine = self._contract(context.asset_key), engine_of(type(obj))
        if engine is None:
            raise dg.DagsterInvariantViolationError(
                f"{contract.dataset} returned {type(obj).__name__}; return one of {', '.join(FRAMES)}"
            )
        lakehouse = current_lakehouse()
        partitions = to_contract(contract, context.asset_partition_keys) if context.has_asset_partitions else (WHOLE,)
        provenance = self._provenance(context, contract, obj, engine.name)
        staged = engine.stage(obj, contract, lakehouse)
        publication = publish(lakehouse, staged, contract, partitions, provenance, others=self.contracts)
        if publication.blocked:
            failing = [o for v in publication.verdicts for o in v.outcomes if o.action is Policy.BLOCK]
            raise dg.Failure(
                f"{contract.dataset} was blocked: " + "; ".join(f"{o.rule.name}: {o.reason}" for o in failing[:5]),
                allow_retries=False,
            )
        from data_platform.datasets.metadata import publication_metadata

        context.add_output_metadata(publication_metadata(contract, publication))

    def _provenance(self, context: dg.OutputContext, contract: Contract, made: Any, engine: str) -> Provenance:
        mine = self._step == (context.run_id, context.step_key)
        loaded = list(self._loaded.values()) if mine else []
        seen = Capture(given for given, _ in loaded)
        lineage = seen.lineage_of(made, contract.column_names)
        if seen.failure:
            context.log.warning(f"{contract.dataset}: {seen.failure}")
        traces = tuple(trace for _, trace in loaded)
        return Provenance(
            context.run_id, engine=engine, inputs=traces, step=context.step_key, lineage=facet.to_json(lineage)
        )

    def _contract(self, key: dg.AssetKey) -> Contract:
        dataset = ".".join(key.path)
        if dataset not in self.contracts:
            raise dg.DagsterInvariantViolationError(
                f"no contract for the asset {key.to_user_string()}: the lakehouse IO manager stores datasets that have "
                f"one; write contracts/{key.path[-1]}.yaml in the domain {key.path[0]}, or use another IO manager"
            )
        return self.contracts[dataset]
