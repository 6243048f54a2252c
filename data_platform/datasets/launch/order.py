"""What a step asks of its job: all that the job needs to know, as JSON in the context of Dagster Pipes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import dagster as dg

from data_platform.contracts import Contract
from data_platform.datasets.launch.as_json import Json, plan_from_json, plan_to_json
from data_platform.datasets.preconditions import Preconditions
from data_platform.datasets.producer import Producer
from data_platform.lakehouse import Lakehouse
from data_platform.revision import DIRTY, revision


@dataclass(frozen=True, slots=True)
class Order:
    """The dataset and `module` of the function; `partitions` in the contract's spelling; `plans` (pinned, as JSON) and
    run `config` by parameter; the versions of the code and of all `contracts` concerned; the `warehouse` to publish in.
    `parent` is the process without which the job is to end, 0 where it is on another machine."""

    dataset: str
    module: str
    partitions: tuple[str, ...]
    plans: Mapping[str, Json]
    config: Mapping[str, Json]
    run_id: str
    step: str
    code_version: str
    revision: str
    contracts: Mapping[str, str]
    warehouse: str
    parent: int = 0

    @classmethod
    def of(
        cls,
        producer: Producer,
        context: dg.AssetExecutionContext,
        config: Mapping[str, Any],
        met: Preconditions,
        lakehouse: Lakehouse,
        partitions: Sequence[str],
        *,
        is_here: bool,
    ) -> Self:
        return cls(
            producer.contract.dataset,
            producer.function.__module__,
            tuple(partitions),
            {name: plan_to_json(plan) for name, plan in met.plans.items()},
            {name: each.model_dump(mode="json") for name, each in config.items()},
            context.run_id,
            str(context.op_execution_context.op_handle),
            producer.code_version,
            revision(lakehouse.settings),
            {each.dataset: _version(each) for each in _concerned(producer)},
            lakehouse.settings.warehouse,
            os.getpid() if is_here else 0,
        )

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        return cls(**{**told, "partitions": tuple(told["partitions"])})

    def to_json(self) -> Json:
        return asdict(self)

    def preconditions(self, producer: Producer) -> Preconditions:
        """The pinned plans again."""
        contracts = {each.name: each.contract for each in producer.signature.inputs}
        return Preconditions({name: plan_from_json(told, contracts[name]) for name, told in self.plans.items()})

    def arguments(self, producer: Producer) -> dict[str, Any]:
        """The run config again, by parameter."""
        return {name: kind(**self.config[name]) for name, kind in producer.signature.config.items()}

    def differences(self, producer: Producer, lakehouse: Lakehouse) -> Iterator[str]:
        """Why this process must not do it: what it has is not what the step has, each with both and the fix."""
        deploy = "deploy the same code to both"
        if producer.code_version != self.code_version:
            yield (
                f"the function of {self.dataset} is version {producer.code_version} there, and {self.code_version} in "
                f"Dagster; {deploy}"
            )
        here = revision(lakehouse.settings)
        clean = here and self.revision and not (here + self.revision).count(DIRTY)
        if clean and here != self.revision:
            yield f"the project's revision is {here} there, and {self.revision} in Dagster; {deploy}"
        found = {each.dataset: _version(each) for each in _concerned(producer)}
        for name, version in self.contracts.items():
            if (there := found.get(name, "none")) != version:
                yield f"the contract of {name} is {there} there, and {version} in Dagster; {deploy}"
        if lakehouse.settings.warehouse != self.warehouse:
            yield (
                f"the warehouse is {lakehouse.settings.warehouse} there, and {self.warehouse} in Dagster; set "
                "DATA_PLATFORM_WAREHOUSE and DATA_PLATFORM_CATALOG of the job (`env` in deployment.yaml)"
            )


def _concerned(producer: Producer) -> list[Contract]:
    """Its own contract, and those of what it reads."""
    return [producer.contract, *(each.contract for each in producer.signature.inputs)]


def _version(contract: Contract) -> str:
    """The version, and the file's digest: a contract may change without a new version."""
    return f"{contract.version} ({contract.digest[:12]})" if contract.digest else contract.version
