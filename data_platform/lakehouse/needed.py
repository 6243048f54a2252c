"""Which files a dataset needs: those that any of its snapshots refers to, and those that a replay has written ahead."""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from pyiceberg.table import StaticTable, Table

from data_platform.contracts import Contract
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.errors import LakehouseError
from data_platform.lakehouse.quarantine import quarantine_contract
from data_platform.lakehouse.settle import debts
from data_platform.lakehouse.storage import filesystem

METADATA = re.compile(r"v?(\d+)\b.*\.metadata\.json")
"""The name of a table's metadata file, which begins with its version."""
AT_ONCE = 8
"""Manifests that are read at the same time."""


def needed(lakehouse: Lakehouse, contract: Contract) -> set[str]:
    """The files, as `plain` spells them, that the dataset's table and its quarantine need now.

    These are the data and delete files, the manifests and their lists of all snapshots that are retained, whichever
    branch or tag they are of, and what a replay has written ahead and not settled. Where the folder knows more than the
    catalog (which was restored from a backup, say, or is another one), the newest metadata there count as well.

    Raises LakehouseError where a table is not in the folder that its contract says.
    """
    versions = [_versions(lakehouse, each) for each in (contract, quarantine_contract(contract))]
    found = {file for table in (*versions[0], *versions[1]) for file in _referenced(table)}
    for table, quarantine in product(*versions):
        found |= {plain(file) for debt in debts(table, quarantine) for files in debt.files.values() for file in files}
    return found


def plain(path: str) -> str:
    """A file's path as the warehouse's file system spells it."""
    return re.sub(r"^(s3[an]?://|file:(//)?)", "", path)


def _versions(lakehouse: Lakehouse, contract: Contract) -> list[Table]:
    """The table as the catalog knows it, and as a newer metadata file does."""
    table, location = lakehouse.existing_table(contract.dataset), lakehouse.location(contract)
    if table is not None and plain(table.location()).rstrip("/") != plain(location):
        raise LakehouseError(
            f"{contract.dataset}: its table is in {table.location()}, not in {location}, so that nothing can be said of "
            "the files there; correct DATA_PLATFORM_WAREHOUSE or DATA_PLATFORM_CATALOG"
        )
    known = _version(table.metadata_location) if table is not None else -1
    files, folder = filesystem(lakehouse.settings.warehouse), f"{location}/metadata"
    files.invalidate_cache(folder)
    there = {path: _version(path) for path in (files.ls(folder, detail=False) if files.exists(folder) else ())}
    newest = max(there.values(), default=-1)
    ahead = [path for path, version in there.items() if version == newest > known]
    scheme = "s3://" if location.startswith("s3://") else ""
    properties = lakehouse.catalog.properties if ahead else {}
    return [
        *([table] if table is not None else []),
        *(StaticTable.from_metadata(f"{scheme}{path}", properties) for path in ahead),
    ]


def _version(path: str) -> int:
    found = METADATA.fullmatch(path.rpartition("/")[2])
    return int(found[1]) if found else -1


def _referenced(table: Table) -> Iterable[str]:
    """The files that the table's snapshots refer to."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        snapshots = table.metadata.snapshots
        lists = pool.map(lambda snapshot: snapshot.manifests(table.io), snapshots)
        manifests = {each.manifest_path: each for several in lists for each in several}
        entries = pool.map(lambda manifest: manifest.fetch_manifest_entry(table.io), manifests.values())
        files = {plain(entry.data_file.file_path) for several in entries for entry in several}
    return files | {plain(path) for path in manifests} | {plain(snapshot.manifest_list) for snapshot in snapshots}
