"""Where a dataset runs, from its contract's size and what it is made with; and what it can have there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

from data_platform.contracts import Contract
from data_platform.datasets.deferred import Deferred
from data_platform.datasets.producer import Producer
from data_platform.datasets.signature import Signature
from data_platform.deployment import Launcher, current_deployment


def launcher_of(producer: Producer) -> Launcher:
    """Where a dataset's step has its work done."""
    launcher = _launcher(producer.contract, producer.signature)
    return Launcher(conf=current_deployment().conf) if launcher.is_remote and producer.stays else launcher


def _launcher(contract: Contract, signature: Signature) -> Launcher:
    """The row of the size for what is made with Spark; all else runs in the step's own process."""
    return current_deployment().launcher(contract.size) if uses_spark(signature) else Launcher()


def uses_spark(signature: Signature) -> bool:
    made_with = (signature.engine, *(each.engine for each in (*signature.inputs, *signature.files)))
    return any(each is not None and each.name == "spark" for each in made_with)


def launch_problems(function: Callable[..., Any], contract: Contract, signature: Signature) -> Iterator[str]:
    """What the function asks for that it could not have where its size runs it, each with the fix."""
    launcher = _launcher(contract, signature)
    if not launcher.is_remote:
        return
    there = f"size {contract.size} runs by {launcher.kind}, in a job outside Dagster's process"
    for name in sorted(set(signature.resources) - {*_sessions(function)}):
        yield (
            f"parameter {name}: {there}, which has no Dagster resources but Spark's session (SparkSessionResource); take "
            "run config (a dg.Config) instead, or choose a size that runs in process"
        )
    if signature.landing is not None:
        yield (
            f"its landing zone: {there}, and what lands is taken in by Dagster; land the files in a dataset of size S, "
            "and read that"
        )
    if function.__module__ == "__main__":
        yield f"its function is defined in a script or notebook: {there}, which imports it; move it into a module"


def _sessions(function: Callable[..., Any]) -> Iterator[str]:
    """The parameters that ask for Spark's session, which a job has too."""
    from data_platform.datasets.spark import SparkSessionResource  # which asks this module where a step runs

    for name, hint in get_type_hints(function, localns=Deferred(function)).items():
        if isinstance(hint, type) and issubclass(hint, SparkSessionResource):
            yield name
