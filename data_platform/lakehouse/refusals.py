"""What is kept of a refusal: why, the columns that came, and a sample of the rows, until the partition is published
(or for KEPT).

One folder per refused publication, `<warehouse>/_refused/<dataset>/<publication>/`: `refusal.json` and `rows.parquet`.
`dp contracts suggest` reads them. Keeping one never makes a refusal fail: what cannot be kept is logged.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from data_platform import clock
from data_platform.contracts import Contract, Policy
from data_platform.contracts.rules import KINDS
from data_platform.lakehouse.bench import Work
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.duck_bench import duck_bench
from data_platform.lakehouse.storage import filesystem
from data_platform.quality.conform import conform

if TYPE_CHECKING:
    from data_platform.lakehouse.prepare import Prepared
    from data_platform.lakehouse.staging import Staged

log = logging.getLogger(__name__)

FOLDER = "_refused"
REFUSING = (Policy.BLOCK, Policy.QUARANTINE)
ROWS = 1_000
"""How many rows are kept of a frame that does not fit, and per rule that refuses rows."""
Sample = Callable[[int, str], Mapping[str, str]]
"""Writes up to so many rows of a frame to a Parquet file; returns the frame's columns, with their DuckDB types."""
KEPT = timedelta(days=30)
"""For how long at most: they are rows like any others, personal data among them."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One publication, or partitions of it, that was refused.

    `problems` are those of the structure; `rules` counts the broken rows by rule and `reasons` says them in
    words; `columns` are those that came, with their DuckDB types; `rows` is a Parquet file of some of the rows, or ''.
    """

    dataset: str
    partitions: tuple[str, ...]
    at: str
    run_id: str
    contract_version: str
    problems: tuple[str, ...] = ()
    rules: Mapping[str, int] | None = None
    reasons: Mapping[str, str] | None = None
    columns: Mapping[str, str] | None = None
    rows: str = ""
    folder: str = ""


def keep_frame(
    lakehouse: Lakehouse,
    contract: Contract,
    partitions: Sequence[str],
    sample: Sample,
    problems: Sequence[str],
    run_id: str,
) -> None:
    """Keep a frame that does not fit the contract: its columns and its first rows."""

    def write(file: str) -> dict[str, Any]:
        return {"problems": tuple(problems), "columns": sample(ROWS, file)}

    _keep(lakehouse, contract, partitions, run_id, write)


def keep_blocked(lakehouse: Lakehouse, contract: Contract, staged: Staged, prepared: Prepared, run_id: str) -> None:
    """Keep some rows of blocked partitions that their rules refuse, those that quarantine included, as they were
    staged."""
    blocked = [verdict for verdict in prepared.verdicts if verdict.blocked]
    found = [each for verdict in blocked for each in verdict.outcomes if each.action in REFUSING]
    counts: dict[str, int] = {}
    for each in found:
        counts[each.rule.name] = counts.get(each.rule.name, 0) + (int(each.metric) if each.metric == each.metric else 0)
    rules = {each.rule.name: each.rule for each in found}
    by_rows = [rule for rule in rules.values() if rule.is_row_rule and KINDS[rule.kind].metric == "rows"]
    files = [file for verdict in blocked for file in prepared.audited[verdict.partition].files]

    def write(file: str) -> dict[str, Any]:
        told = {
            "rules": counts,
            "reasons": {each.rule.name: each.reason for each in found},
            "columns": dict(staged.columns),
        }
        if not by_rows or not files:
            return told | {"rows": ""}
        work = Work(lakehouse, contract, staged, conform(contract, staged.columns))
        with (staged.bench or duck_bench)(work) as bench:
            bench.sample(by_rows, files, ROWS, file)
        return told

    _keep(lakehouse, contract, [verdict.partition for verdict in blocked], run_id, write)


def _keep(
    lakehouse: Lakehouse,
    contract: Contract,
    partitions: Sequence[str],
    run_id: str,
    write: Callable[[str], dict[str, Any]],
) -> None:
    """Write the rows, then the record that names them. Whatever goes wrong is logged: the refusal itself goes on."""
    try:
        forget(lakehouse, contract, partitions)  # the last refusal of a partition is the one that counts
        files = filesystem(lakehouse.settings.warehouse)
        folder = f"{_folder(lakehouse, contract)}/{uuid.uuid4().hex}"
        files.makedirs(folder, exist_ok=True)
        at = clock.now().isoformat()
        told: dict[str, Any] = {"rows": f"{folder}/rows.parquet"} | write(f"{folder}/rows.parquet")
        refusal = Refusal(contract.dataset, tuple(partitions), at, run_id, contract.version, **told)
        _write(files, folder, refusal)
    except Exception as error:
        log.warning("%s: nothing is kept of the refused rows: %s", contract.dataset, error)


def forget(lakehouse: Lakehouse, contract: Contract, partitions: Collection[str]) -> None:
    """Remove what is kept of these partitions: they were published, or refused again. One look where nothing is kept."""
    try:
        files = filesystem(lakehouse.settings.warehouse)
        files.invalidate_cache(_folder(lakehouse, contract))
        if not files.exists(_folder(lakehouse, contract)):
            return
        for refusal in refusals(lakehouse, contract):
            left = tuple(each for each in refusal.partitions if each not in partitions)
            if not left:
                files.rm(refusal.folder, recursive=True)
            elif left != refusal.partitions:
                _write(files, refusal.folder, replace(refusal, partitions=left))
        if not files.ls(_folder(lakehouse, contract), detail=False):
            files.rmdir(_folder(lakehouse, contract))
    except Exception as error:
        log.warning("%s: what is kept of a refusal could not be removed: %s", contract.dataset, error)


def expire(lakehouse: Lakehouse, contract: Contract) -> int:
    """Remove what is kept longer than KEPT, or than the contract retains rows; returns how many refusals that were."""
    since = clock.now() - min(KEPT, contract.retention or KEPT)
    old = [each for each in refusals(lakehouse, contract) if datetime.fromisoformat(each.at) < since]
    for each in old:
        filesystem(lakehouse.settings.warehouse).rm(each.folder, recursive=True)
    return len(old)


def refusals(lakehouse: Lakehouse, contract: Contract) -> list[Refusal]:
    """What is kept of a dataset's refusals, oldest first; records that cannot be read are left out."""
    files, folder = filesystem(lakehouse.settings.warehouse), _folder(lakehouse, contract)
    files.invalidate_cache(folder)
    if not files.exists(folder):
        return []
    found = []
    for each in files.glob(f"{folder}/*/refusal.json"):
        try:
            told = json.loads(files.cat_file(each))
            told |= {"partitions": tuple(told["partitions"]), "problems": tuple(told["problems"])}
            found.append(Refusal(**told))
        except (OSError, ValueError, TypeError, KeyError) as error:
            log.warning("%s cannot be read: %s", each, error)
    return sorted(found, key=lambda refusal: refusal.at)


def _write(files: Any, folder: str, refusal: Refusal) -> None:
    files.pipe_file(f"{folder}/refusal.json", json.dumps(asdict(replace(refusal, folder=folder))).encode())


def _folder(lakehouse: Lakehouse, contract: Contract) -> str:
    return f"{lakehouse.settings.warehouse.rstrip('/')}/{FOLDER}/{contract.dataset}"
