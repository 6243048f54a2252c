"""What lies in a dataset's folders and has not been written to for a while, whether it is needed or not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from data_platform.contracts import Contract
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.journal import JOURNALS, waiting_folder
from data_platform.lakehouse.quarantine import quarantine_contract
from data_platform.lakehouse.refusals import FOLDER as REFUSED
from data_platform.lakehouse.storage import filesystem

PUBLICATION = re.compile(r"[0-9a-f]{32}(-refused)?")
"""The name of a publication's own folder."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file (or a local folder: without `bytes`) and when it was last written to; `group` is its publication's."""

    path: str
    group: str
    bytes: int | None
    at: datetime

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]


def aged(lakehouse: Lakehouse, contract: Contract, before: datetime) -> list[Entry]:
    """What nobody has written to since `before`; each is as old as the youngest of its publication, in all folders.

    Data files of the dataset and its quarantine, the manifests of both and their lists, and what may be half written: a
    refusal without its record, a journal's rows.
    """
    places = [lakehouse.location(each) for each in (contract, quarantine_contract(contract))]
    refused = f"{lakehouse.settings.warehouse.rstrip('/')}/{REFUSED}/{contract.dataset}"
    found = [entry for place in places for entry in _listed(lakehouse, f"{place}/data")]
    lists = [entry for place in places for entry in _listed(lakehouse, f"{place}/metadata")]
    found += [entry for entry in lists if entry.path.endswith(".avro")]
    kept = _listed(lakehouse, refused)
    whole = {entry.folder for entry in kept if entry.path.endswith("/refusal.json")}  # these have a time of their own
    found += [entry for entry in kept if not whole & {entry.path, entry.folder}]
    if contract.dataset in JOURNALS:
        waiting = _listed(lakehouse, waiting_folder(lakehouse, contract.dataset))
        found += [entry for entry in waiting if entry.path.endswith(".part")]
    newest: dict[str, datetime] = {}
    for entry in found:
        newest[entry.group] = max(entry.at, newest.get(entry.group, entry.at))
    return [entry for entry in found if newest[entry.group] < before]


def _listed(lakehouse: Lakehouse, root: str) -> list[Entry]:
    """What is below a folder, as it is now."""
    files, local = filesystem(lakehouse.settings.warehouse), "://" not in root
    files.invalidate_cache(root)
    told: Mapping[str, Mapping[str, Any]] = files.find(root, withdirs=local, detail=True) if files.exists(root) else {}
    top, found = root.removeprefix("s3://"), []
    for path, info in told.items():
        if path != top:
            first = path.removeprefix(f"{top}/").partition("/")[0]
            group = first if PUBLICATION.fullmatch(first) else path
            at = datetime.fromtimestamp(info["mtime"], UTC) if local else info["LastModified"]
            found.append(Entry(path, group, info["size"] if info["type"] == "file" else None, at))
    return found
