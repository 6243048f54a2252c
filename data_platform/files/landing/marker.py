"""`Landing(...)`: the folder that a dataset's files are dropped into, said once, where the producer reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from data_platform.contracts import Contract
from data_platform.files.formats import Csv, Format

PARTITION, KEEP = ("rows", "name"), ("all", "latest")
PIECES = ("year", "month", "day", "hour")


@dataclass(frozen=True, slots=True)
class Landing:
    """A typed parameter's annotation: `Annotated[duckdb.DuckDBPyRelation, Landing("landing/shop/orders/*.csv")]`.

    `location` is a path with wildcards, from the folder `DATA_PLATFORM_FILES` unless absolute, or
    `s3://bucket/prefix/*.csv`. A partition is made of all good files that hold rows of it:

    | `partition` | a file belongs to the partitions that                                                       |
    |-------------|---------------------------------------------------------------------------------------------|
    | `rows`      | its rows have: one file may hold several days, and one day may come in several files          |
    | `name`      | its name has: `orders-2026-11-01.csv`, `20261101`, `2026/11/01/05.csv`; `pattern` says where  |

    `pattern` is a regular expression with one named group per partition column, or with `year`, `month`, `day` (and
    `hour`). A partition column that files do not have is filled from the name. Of an unpartitioned dataset `all` files
    together are the content, or the `latest` alone (by the time in its name, else of its last change), where each is
    a full dump. A file is taken when it has not changed for `settle` seconds.
    """

    location: str
    format: Format = field(default_factory=Csv)
    partition: str = "rows"
    pattern: str = ""
    keep: str = "all"
    settle: float = 10

    def problems(self, contract: Contract) -> Sequence[str]:
        """What is wrong with it for this dataset, each with its fix."""
        found = []
        if not any(mark in self.location for mark in "*?["):
            found.append(f"Landing({self.location!r}) names one file; name a folder's files, as in orders/*.csv")
        if self.partition not in PARTITION:
            found.append(f"Landing(partition={self.partition!r}) is unknown; use {' or '.join(PARTITION)}")
        if self.keep not in KEEP:
            found.append(f"Landing(keep={self.keep!r}) is unknown; use {' or '.join(KEEP)}")
        if self.keep == "latest" and contract.partitioning:
            found.append(f'Landing(keep="latest"): {contract.dataset} is partitioned; leave `keep` out')
        if self.partition == "name" and not contract.partitioning:
            found.append(f'Landing(partition="name"): {contract.dataset} is not partitioned; leave `partition` out')
        elif self.partition == "name":
            found += self._pattern_problems(contract)
        elif self.pattern:
            found.append('Landing(pattern=...) is about names; add partition="name", or leave it out')
        return found

    def _pattern_problems(self, contract: Contract) -> Sequence[str]:
        try:
            groups = re.compile(self.pattern).groupindex
        except re.error as error:
            return [f"Landing(pattern={self.pattern!r}) is no regular expression: {error}"]
        keys = contract.partitioning.keys if contract.partitioning else ()
        unsaid = [
            key.column for key in keys if key.column not in groups and (key.granularity == "static" or len(keys) > 1)
        ]
        if {"year", "month", "day"} <= set(groups):
            unsaid = [key.column for key in keys if key.column in unsaid and key.granularity == "static"]
        if unsaid:
            wanted = "".join(f"(?P<{name}>...)" for name in unsaid)
            return [f"Landing(pattern={self.pattern!r}) does not say where {', '.join(unsaid)} is; add {wanted}"]
        if unknown := set(groups) - {key.column for key in keys} - set(PIECES):
            return [f"Landing(pattern=...): {', '.join(sorted(unknown))} is no partition column of {contract.dataset}"]
        return []
