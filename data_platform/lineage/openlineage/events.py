"""The events of a producer's run: START before it begins, then COMPLETE, FAIL or ABORT. Imports the client."""

from __future__ import annotations

from datetime import datetime

import openlineage.client.client  # noqa: F401 - the sender needs it next: whoever imports ahead has both
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState, set_producer

from data_platform.lakehouse.provenance import Provenance
from data_platform.lineage.openlineage import names
from data_platform.lineage.openlineage.dataset_facets import read_facets, table_facets, version, written_facets
from data_platform.lineage.openlineage.execution import Ending, Execution
from data_platform.lineage.openlineage.job_facets import job_facets
from data_platform.lineage.openlineage.outsiders import folders_read
from data_platform.lineage.openlineage.run_facets import run_facets
from data_platform.settings import Settings

PRODUCER = "urn:data-platform"
"""Who makes these events, unless the settings say where the project's code is."""


def start(execution: Execution, provenance: Provenance, settings: Settings) -> RunEvent:
    """`provenance` says what will be read."""
    return _event(RunState.START, execution, execution.began, provenance, None, settings)


def end(execution: Execution, ending: Ending, settings: Settings) -> RunEvent:
    state = RunState.ABORT if ending.aborted else RunState.FAIL if ending.error else RunState.COMPLETE
    return _event(state, execution, ending.at, ending.provenance, ending, settings)


def _event(
    state: RunState,
    execution: Execution,
    at: datetime,
    provenance: Provenance,
    ending: Ending | None,
    settings: Settings,
) -> RunEvent:
    set_producer(settings.code or PRODUCER)  # each facet asks for it as it is made
    dataset = execution.contract.dataset
    run = names.run_id(execution.orchestrated, execution.step, dataset, execution.attempt)
    of_dataset, of_output = written_facets(execution, ending)
    written = OutputDataset(
        names.NAMESPACE, dataset, facets=table_facets(execution.contract, settings) | of_dataset, outputFacets=of_output
    )
    return RunEvent(
        eventType=state,
        eventTime=at.isoformat(),
        run=Run(run, run_facets(execution, provenance, ending)),
        job=Job(names.NAMESPACE, dataset, job_facets(execution, provenance, settings)),
        inputs=[*_inputs(execution, provenance, settings), *folders_read(provenance.files, execution.source.landing)],
        outputs=[written],
    )


def _inputs(execution: Execution, provenance: Provenance, settings: Settings) -> list[InputDataset]:
    """One per dataset: what is read twice is named once."""
    found: dict[str, InputDataset] = {}
    for each in provenance.inputs:
        contract = execution.contracts.get(each.dataset)
        facets = table_facets(contract, settings, each.columns) if contract else {}
        found.setdefault(
            each.dataset,
            InputDataset(
                names.NAMESPACE,
                each.dataset,
                facets=facets | version(each.snapshot_id),
                inputFacets=read_facets(each, contract.partitioning if contract else None),
            ),
        )
    return list(found.values())
