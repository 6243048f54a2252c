"""Where state lives and which catalog is used: the one place that reads the environment.

| variable                  | meaning                                                           | default             |
|---------------------------|-------------------------------------------------------------------|---------------------|
| `DATA_PLATFORM_HOME`      | all state: lakehouse, Dagster's instance, source systems, cache   | `.platform`         |
| `DATA_PLATFORM_WAREHOUSE` | a folder or `s3://bucket/prefix`                                  | `<home>/warehouse`  |
| `DATA_PLATFORM_CATALOG`   | `sqlite:///file`, `postgresql+psycopg://...`, `https://` or `glue` | `<home>/catalog.db` |
| `DATA_PLATFORM_CHECKS`    | asset checks per `rule`, `column` or `dataset`                    | `rule`              |

Further Iceberg properties (credentials, S3 endpoint, ...) come from pyiceberg's own variables,
`PYICEBERG_CATALOG__PLATFORM__<KEY>`, so that no secret passes through this project.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
GRANULARITIES = ("rule", "column", "dataset")


@dataclass(frozen=True, slots=True)
class Settings:
    """`home` is absolute; `warehouse` is an absolute path or an `s3://` URI; `catalog` is a URI or `glue`."""

    home: Path
    warehouse: str
    catalog: str
    checks: str = "rule"

    @classmethod
    def at(cls, home: Path, *, warehouse: str = "", catalog: str = "", checks: str = "rule") -> Settings:
        """Settings with all state under `home`; ValueError for an unknown granularity."""
        if checks not in GRANULARITIES:
            raise ValueError(f"DATA_PLATFORM_CHECKS is {checks!r}; it must be one of {', '.join(GRANULARITIES)}")
        home = home.expanduser().resolve()
        if warehouse and "://" not in warehouse:
            warehouse = str(Path(warehouse).expanduser().resolve())
        return cls(home, warehouse or str(home / "warehouse"), catalog or f"sqlite:///{home / 'catalog.db'}", checks)

    @classmethod
    def from_environment(cls) -> Settings:
        return cls.at(
            Path(os.environ.get("DATA_PLATFORM_HOME") or PROJECT / ".platform"),
            warehouse=os.environ.get("DATA_PLATFORM_WAREHOUSE", ""),
            catalog=os.environ.get("DATA_PLATFORM_CATALOG", ""),
            checks=os.environ.get("DATA_PLATFORM_CHECKS") or "rule",
        )
