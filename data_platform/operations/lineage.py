"""This project's column graph: of SQL what its text says, of the rest what the last publications recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType

from data_platform.contracts import Contract
from data_platform.lakehouse import Lakehouse
from data_platform.lakehouse.publications import lineages as recorded_lineages
from data_platform.lakehouse.publications import outline
from data_platform.lineage.facet import from_json
from data_platform.lineage.graph import Graph
from data_platform.lineage.model import Lineage, Origin, opaque
from data_platform.warehouse.manifest import models, static_lineage

NOT_RUN = "it has not run yet"


def written(contracts: Mapping[str, Contract]) -> Graph:
    """What is known without any run and without loading a function: of SQL datasets everything, of others nothing."""
    reads = {name: model.reads for name, model in models().items()}
    return Graph({name: each.column_names for name, each in contracts.items()}, static_lineage(), reads)


def graph(lakehouse: Lakehouse, contracts: Mapping[str, Contract], domains: ModuleType) -> Graph:
    """The graph over all datasets. One that was never published is opaque, but for what its function declares."""
    sql = written(contracts)
    lineages, reads = dict[str, Lineage](), dict[str, Iterable[str]]()
    known = recorded_lineages(lakehouse)
    for each in outline(lakehouse, with_inputs=True):  # newest first
        if each.published and each.publication in known and each.dataset not in lineages and each.dataset in contracts:
            lineages[each.dataset] = from_json(known[each.publication])
            reads[each.dataset] = [read.dataset for read in each.inputs]
    lineages |= sql.lineages
    reads |= sql.reads
    made_here = {name for name, each in contracts.items() if not each.external}
    if made_here - lineages.keys():
        for name, (lineage, inputs) in _declared(contracts, domains).items():
            if name not in lineages:
                lineages[name], reads[name] = lineage, inputs
    return Graph(sql.columns, lineages, reads)


def _declared(contracts: Mapping[str, Contract], domains: ModuleType) -> dict[str, tuple[Lineage, Sequence[str]]]:
    """What is known of a Python dataset before it runs: which columns it reads, and what it declares itself."""
    from data_platform.datasets.build import datasets_of  # loads all functions: seconds

    found = {}
    for each in datasets_of(domains):
        producer = each.producer
        columns, reads = producer.contract.column_names, [one.reads for one in producer.signature.inputs]
        unknown = opaque(columns, [read.dataset for read in reads], NOT_RUN)
        known: Mapping[str, frozenset[Origin]] = producer.lineage
        lineage = Lineage({name: known.get(name, unknown.columns[name]) for name in columns}, unknown.rows)
        found[producer.contract.dataset] = lineage, [read.dataset for read in reads]
    return found
