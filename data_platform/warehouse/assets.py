"""The models as Dagster assets: one multi-asset per partitioning, each of whose models can be chosen alone."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from data_platform.datasets.dataset import io_manager
from data_platform.datasets.dependencies import dependencies
from data_platform.datasets.partitions import partitions_definition
from data_platform.datasets.producer import Producer
from data_platform.lineage.model import Lineage
from data_platform.settings import Settings
from data_platform.warehouse.alone import run_tests
from data_platform.warehouse.manifest import Model, models, static_lineage
from data_platform.warehouse.producers import producers
from data_platform.warehouse.project import Project, current_project, is_dbt_installed
from data_platform.warehouse.step import build
from data_platform.warehouse.translator import IO_MANAGER, asset_spec, check_specs

log = logging.getLogger(__name__)

INSTALL = "pip install 'data-platform[dbt]'"


class Warehouse(dg.AssetsDefinition):
    """The models of one partitioning: Dagster's assets, made of dbt's."""

    producers: Sequence[Producer]
    models: Mapping[str, Model]
    project: Project

    def evaluate_tests(
        self, producer: Producer, names: Collection[str], chosen: Sequence[str] = ()
    ) -> Iterator[dg.AssetCheckResult]:
        """The results of those of dbt's tests that have one of these names, on what is published."""
        model = self.models[producer.contract.dataset]
        tests = [test for test in model.tests if test.name in names]
        for tested in run_tests(producer, model, self.project, tests, chosen):
            yield tested.result(producer.key)


def warehouse_assets(project: Project | None = None) -> list[Warehouse]:
    """All models as assets. Raises DefinitionError for whatever is wrong with them."""
    project = project or current_project()
    if left_out := absent(project):
        log.warning("%d SQL datasets can be read but not built, for dbt is not installed: %s", len(left_out), INSTALL)
    if left_out or not project.marts:
        return []
    settings = Settings.from_environment()
    known, lineages = models(project), static_lineage(project)
    made = producers(known, lineages, project, settings.checks)
    return [_assets(name, several, known, lineages, project, settings) for name, several in groups(made.values())]


def absent(project: Project | None = None) -> frozenset[str]:
    """The datasets that this installation has a contract and a model for, but no dbt to build with."""
    project = project or current_project()
    return frozenset(() if is_dbt_installed() else project.marts)


def groups(made: Iterable[Producer]) -> Iterator[tuple[str, list[Producer]]]:
    """The models that can share a step, and its name: those partitioned alike, as long as all of them choose the
    partitions of what they read alike. Dagster knows one mapping per step and dataset read."""
    groups: list[tuple[list[Producer], dict[dg.AssetKey, dg.PartitionMapping | None]]] = []
    for producer in made:
        mappings = {dep.asset_key: dep.partition_mapping for dep in dependencies(producer)}
        for members, known in groups:
            alike = members[0].contract.partitioning == producer.contract.partitioning
            if alike and all(known.get(key, mapping) == mapping for key, mapping in mappings.items()):
                members.append(producer)
                known.update(mappings)
                break
        else:
            groups.append(([producer], mappings))
    counts: dict[str, int] = {}
    for members, _ in groups:
        name = _step_name(members[0])
        counts[name] = number = counts.get(name, 0) + 1
        yield (f"{name}_{number}" if number > 1 else name), members


def _step_name(producer: Producer) -> str:
    keys = producer.contract.partitioning.keys if producer.contract.partitioning else ()
    cut = [{"day": "daily", "hour": "hourly"}.get(key.granularity, f"by_{key.column}") for key in keys]
    return "__".join(["dbt", *(cut or ["whole"])])


def _assets(
    name: str,
    made: Sequence[Producer],
    known: Mapping[str, Model],
    lineages: Mapping[str, Lineage],
    project: Project,
    settings: Settings,
) -> Warehouse:
    specs = [
        asset_spec(each, known[each.contract.dataset], lineages[each.contract.dataset], settings.code) for each in made
    ]
    checks = [spec for each in made for spec in check_specs(each, known[each.contract.dataset])]
    partitioning = made[0].contract.partitioning

    def compute(context: dg.AssetExecutionContext) -> Iterator[Any]:
        yield from build(made, known, project, context)

    compute.__annotations__ = {"context": dg.AssetExecutionContext}  # Dagster reads types, not their names
    assets = dg.multi_asset(
        name=name,
        specs=specs,
        check_specs=checks,
        can_subset=True,
        op_tags={"data_platform/tool": "dbt"},  # see operations/preload.py
        partitions_def=partitions_definition(partitioning),
        backfill_policy=dg.BackfillPolicy.single_run() if partitioning else None,
        resource_defs={IO_MANAGER: io_manager(project.contracts)},
    )(compute)
    assets.__class__ = Warehouse  # multi_asset has no way to say which class it builds
    assets.producers, assets.models, assets.project = made, known, project  # type: ignore[attr-defined]
    return assets  # type: ignore[return-value]
