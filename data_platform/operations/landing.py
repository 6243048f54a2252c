"""Folders in which files land, watched: a run for every partition whose files are not what was published last.

Which folders there are is what producers say they read. A tick opens only files that are new; what a run has to do is
not said here: it looks again, and takes what there is by then. So a tick that is repeated, or lost, changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from data_platform.alerts import notify
from data_platform.contracts import Contract
from data_platform.contracts.partitions import STEP, start_of
from data_platform.datasets import Dataset
from data_platform.datasets.landing import file_alert
from data_platform.datasets.metadata import asset_key
from data_platform.datasets.partitions import range_tags, to_dagster
from data_platform.files.landing import Landing
from data_platform.files.landing.arrivals import is_open, look
from data_platform.files.landing.contents import Landed, contents, fingerprint, pending
from data_platform.files.landing.folder import Folder
from data_platform.files.landing.ledger import Ledger
from data_platform.files.landing.refusal import Refusal, refuse
from data_platform.lakehouse import Lakehouse, current_lakehouse
from data_platform.operations.launch import PARTITION_TAG

INTERVAL = 30
BUDGET = 30.0
"""Seconds between ticks, and for looking in one (Dagster ends it after 60); the next goes on from there."""
RUNS, TOGETHER = 20, 100
"""How many runs a tick asks for of one dataset, and how many days or hours in a row are one run."""
ATTEMPTS = 3
"""How many runs may fail on the same files before a person has to look."""
DATASET_TAG, CONTENT_TAG = "data_platform/landing", "data_platform/landing_content"


def landing_sensors(datasets: Sequence[Dataset]) -> list[dg.SensorDefinition]:
    """One sensor for all datasets that land as files, on from the start; none where there are none."""
    watched = {each.contract.dataset: each for each in datasets if each.producer.signature.landing}
    if not watched:
        return []

    @dg.sensor(
        name="landing",
        minimum_interval_seconds=INTERVAL,
        default_status=dg.DefaultSensorStatus.RUNNING,
        asset_selection=dg.AssetSelection.assets(*(asset_key(name) for name in watched)),
        description=f"Publishes files as they land: {', '.join(watched)}.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        ends, last, lakehouse = time.monotonic() + BUDGET, context.cursor or "", current_lakehouse()
        requests, events, notes = list[dg.RunRequest](), list[dg.AssetObservation](), list[str]()
        for name in sorted(watched, key=lambda name: (name <= last, name)):
            try:
                seen = watch(watched[name], lakehouse, context.instance, ends - time.monotonic())
            except OSError as error:  # one folder that cannot be read must not stop the others
                context.log.error(f"{name}: its landing zone cannot be read: {error}")
                notes.append(f"{name}: {error}")
            else:
                requests += seen.requests
                events += seen.observations
                notes += [f"{name}: {note}" for note in seen.notes]
            last = name
            if time.monotonic() > ends:
                break
        why = None if requests or events else dg.SkipReason("; ".join(notes) or "nothing new has landed")
        return dg.SensorResult(requests, why, cursor=last, asset_events=events)

    return [sensor]


@dataclass(frozen=True, slots=True)
class Watched:
    """What a tick has to say of one dataset."""

    requests: tuple[dg.RunRequest, ...] = ()
    observations: tuple[dg.AssetObservation, ...] = ()
    notes: tuple[str, ...] = ()


def watch(asset: Dataset, lakehouse: Lakehouse, instance: dg.DagsterInstance, seconds: float) -> Watched:
    """Look at one landing zone for no longer than about `seconds`, and say what has to run. Raises OSError."""
    contract, landing = asset.contract, asset.producer.signature.landing
    assert landing is not None
    ledger = Ledger(lakehouse.settings.home, contract.dataset)
    with ledger.held(wait=False) as alone:
        if not alone:
            return Watched(notes=("a run is at work; its files come next",))
        found = look(landing, contract, lakehouse.settings.files, ledger, seconds=seconds)
        refused = list(_set_aside(found.rejected, landing, contract, lakehouse, ledger))
        files, published = ledger.files(), ledger.published()
    notes = [f"{len(found.unsettled)} file(s) may still be written"] if found.unsettled else []
    notes += [f"{found.unread:,} file(s) are looked at in the next tick"] if found.unread else []
    wanted = pending(contents(files, landing.keep), published)
    if early := [partition for partition in wanted if not is_open(contract, partition)]:
        notes.append(f"{', '.join(early[:3])}: the partition is not over yet")
    wanted = {partition: content for partition, content in wanted.items() if partition not in early}
    observations = tuple(_observed(contract, each) for each in refused)
    if wanted and (going := _going(instance, contract)):
        return Watched((), observations, (*notes, f"run {going} is going; {len(wanted)} partition(s) come after it"))
    requests = []
    for partitions in together(contract, list(wanted))[:RUNS]:
        request = _request(instance, contract, partitions, fingerprint(wanted[each] for each in partitions))
        if request is None:
            notes.append(f"{partitions[0]}: {ATTEMPTS} runs failed; find out why, then materialize it by hand")
        else:
            requests.append(request)
    return Watched(tuple(requests), observations, tuple(notes))


def together(contract: Contract, partitions: Sequence[str]) -> list[list[str]]:
    """Partitions as runs: days or hours in a row are one (up to TOGETHER), anything else is by itself."""
    keys = contract.partitioning.keys if contract.partitioning else ()
    if len(keys) != 1 or keys[0].granularity == "static":
        return [[each] for each in partitions]
    step, ordered = STEP[keys[0].granularity], sorted(partitions)
    runs = [ordered[:1]] if ordered else []
    for before, each in pairwise(ordered):
        follows = start_of(keys[0], each) - start_of(keys[0], before) == step
        if follows and len(runs[-1]) < TOGETHER:
            runs[-1].append(each)
        else:
            runs.append([each])
    return runs


def _request(
    instance: dg.DagsterInstance, contract: Contract, partitions: Sequence[str], content: str
) -> dg.RunRequest | None:
    """The run for these partitions with this content; None where enough of them failed."""
    made = instance.get_runs_count(dg.RunsFilter(tags={DATASET_TAG: contract.dataset, CONTENT_TAG: content}))
    if made >= ATTEMPTS:
        return None
    tags = {DATASET_TAG: contract.dataset, CONTENT_TAG: content}
    first, last = to_dagster(contract, partitions[0]), to_dagster(contract, partitions[-1])
    if contract.partitioning and first == last:
        tags[PARTITION_TAG] = first
    elif contract.partitioning:
        tags |= range_tags(first, last)
    key = f"{contract.dataset}:{content}:{made}"
    return dg.RunRequest(run_key=key, asset_selection=[asset_key(contract.dataset)], tags=tags)


def _going(instance: dg.DagsterInstance, contract: Contract) -> str:
    """The run that takes files of this dataset at the moment, or is about to; '' for none."""
    filters = dg.RunsFilter(tags={DATASET_TAG: contract.dataset}, statuses=NOT_FINISHED_STATUSES)
    return next((run.run_id[:8] for run in instance.get_runs(filters, limit=1)), "")


def _set_aside(
    rejected: Sequence[tuple[Landed, str]], landing: Landing, contract: Contract, lakehouse: Lakehouse, ledger: Ledger
) -> Iterator[Landed]:
    """Files of which no partition can be told: there is no run that they could be part of."""
    folder = Folder.of(landing.location, lakehouse.settings.files)
    done = [each for file, reason in rejected for each in refuse(folder, ledger, Refusal(file, reason, "file"))]
    if done:
        alerts = [file_alert(contract, each, folder.at(each.aside)) for each in done]
        notify(contract, (), run_id="", home=lakehouse.settings.home, files=alerts)
    yield from done


def _observed(contract: Contract, file: Landed) -> dg.AssetObservation:
    return dg.AssetObservation(
        asset_key(contract.dataset),
        description=f"{file.path} is set aside: {file.reason}",
        metadata={"file": file.path, "sha256": file.hash, "aside": file.aside, "reason": file.reason},
    )
