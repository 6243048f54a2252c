"""The lakehouse: one Iceberg catalog and the tables in it, opened only when first used."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from data_platform.contracts import Contract
from data_platform.lakehouse.errors import LakehouseError
from data_platform.settings import Settings

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

CATALOG = "platform"
ATTEMPTS = 5
TABLE_PROPERTIES = {
    "format-version": "2",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    # pyiceberg's own retry would append again without deleting again; `commit.py` starts afresh instead.
    "commit.retry.num-retries": "0",
}


def table_properties(contract: Contract) -> dict[str, str]:
    """Bounds of partition columns are kept whole: cut to 16 characters, as is Iceberg's way, they would not tell
    partitions with long names apart, and replacing one would read the files of others."""
    columns = contract.partitioning.columns if contract.partitioning else ()
    return TABLE_PROPERTIES | {f"write.metadata.metrics.column.{column}": "full" for column in columns}


@dataclass(frozen=True)
class Lakehouse:
    """Where datasets live. Building one touches nothing; the catalog is reached at the first read or write."""

    settings: Settings

    @cached_property
    def catalog(self) -> Catalog:
        uri, warehouse = self.settings.catalog, self.settings.warehouse
        if uri == "glue":
            properties = {"type": "glue"}
        elif uri.startswith(("http://", "https://")):
            properties = {"type": "rest", "uri": uri}
        elif uri.startswith("sqlite:"):
            self.settings.home.mkdir(parents=True, exist_ok=True)
            separator = "&" if "?" in uri else "?"
            properties = {"type": "sql", "uri": f"{uri}{separator}timeout=60"}  # writers wait for each other
        elif uri.startswith("postgresql"):
            properties = {"type": "sql", "uri": uri}
        else:
            raise LakehouseError(
                f"DATA_PLATFORM_CATALOG is {uri!r}; it must be sqlite:///file, postgresql+psycopg://..., https://... "
                "or glue"
            )
        return _opened(**properties, warehouse=warehouse)

    def location(self, contract: Contract) -> str:
        """The table's folder, known before there is a table."""
        return f"{self.settings.warehouse.rstrip('/')}/{contract.domain}/{contract.name}"

    def table(self, contract: Contract) -> Table:
        """The dataset's table, made or changed to follow its contract."""
        from pyiceberg.exceptions import NamespaceAlreadyExistsError, TableAlreadyExistsError
        from sqlalchemy.exc import IntegrityError

        from data_platform.lakehouse.schema import follow, iceberg_schema, partition_spec

        schema = iceberg_schema(contract.columns)
        for _ in range(ATTEMPTS):
            if (table := self.existing_table(contract.dataset)) is not None:
                follow(table, contract)
                return table
            try:
                self.catalog.create_namespace_if_not_exists(contract.domain)
                return self.catalog.create_table(
                    contract.dataset,
                    schema,
                    location=self.location(contract),
                    partition_spec=partition_spec(contract, schema),
                    properties=table_properties(contract),
                )
            except (NamespaceAlreadyExistsError, TableAlreadyExistsError, IntegrityError):
                continue  # another process made the same namespace or table
        raise LakehouseError(f"{contract.dataset}: the table can neither be made nor found; look at the catalog.")

    def existing_table(self, dataset: str) -> Table | None:
        """The table if the dataset was ever published, else None."""
        from pyiceberg.exceptions import NoSuchTableError

        try:
            return self.catalog.load_table(dataset)
        except NoSuchTableError:
            return None


def _opened(**properties: str) -> Catalog:
    from pyiceberg.catalog import load_catalog
    from sqlalchemy.exc import DBAPIError

    for pause in (0.1, 0.2, 0.4):
        try:
            return load_catalog(CATALOG, **properties)
        except DBAPIError:  # another process may be making the catalog's own tables
            time.sleep(pause)
    return load_catalog(CATALOG, **properties)


def current_lakehouse() -> Lakehouse:
    """The lakehouse that the environment names; the same object as long as the environment says the same."""
    return _lakehouse(Settings.from_environment())


@lru_cache
def _lakehouse(settings: Settings) -> Lakehouse:
    return Lakehouse(settings)
