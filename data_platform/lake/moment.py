"""What `at` may be: a moment, a snapshot, a tag; for all datasets read, or per dataset."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import TypeAlias

from data_platform.contracts import Contract
from data_platform.lake.errors import LakeError
from data_platform.lakehouse import Lakehouse

Moment: TypeAlias = datetime | date | str | int
At: TypeAlias = Moment | Mapping[str, Moment] | None
"""A moment (a datetime, a date, or either as ISO 8601 text; midnight UTC where no time is said), a snapshot's id, or a
tag. Snapshots are of one dataset: of several, `{"ads.listings": 123, ...}` says which is whose."""


def at_of(lakehouse: Lakehouse, contract: Contract, at: At, datasets: int = 1) -> int | str | None:
    """The snapshot or tag to read of one dataset out of `datasets`; None for the current one.

    Raises LakeError for a snapshot's id that could be anybody's, LakehouseError for a moment before the first
    publication.
    """
    if isinstance(at, Mapping):
        at = {name.lower(): moment for name, moment in at.items()}.get(contract.dataset.lower())
    elif isinstance(at, int) and datasets > 1:
        raise LakeError(
            f"{at} is a snapshot of one dataset, and the query reads {datasets}; give a moment, or (in Python) "
            f"at={{{contract.dataset!r}: {at}}}"
        )
    moment = _moment(at)
    if isinstance(moment, datetime):
        from data_platform.lakehouse.moments import snapshot_at

        return snapshot_at(lakehouse, contract, moment)
    return moment


def _moment(at: Moment | None) -> datetime | int | str | None:
    match at:
        case datetime():
            return at if at.tzinfo else at.replace(tzinfo=UTC)
        case date():
            return datetime.combine(at, time(), UTC)
        case str() if at.isdecimal() and len(at) > 8:  # no date: Iceberg's ids have up to 19 digits
            return int(at)
        case str():
            try:
                return _moment(datetime.fromisoformat(at))
            except ValueError:
                return at
    return at
