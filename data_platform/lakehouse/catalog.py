"""The lakehouse: one Iceberg catalog and the tables in it, opened only when first used."""

from __future__ import annotations

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
TABLE_PROPERTIES = {
    "format-version": "2",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}


@dataclass(frozen=True)
class Lakehouse:
    """Where datasets live. Building one touches nothing; the catalog is reached at the first read or write."""

    settings: Settings

    @cached_property
    def catalog(self) -> Catalog:
        from pyiceberg.catalog import load_catalog

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
                f"DATA_PLATFORM_CATALOG is {uri!r}; it must be sqlite:///file, postgresql+psycopg://..., https://... or glue"
            )
        return load_catalog(CATALOG, **properties, warehouse=warehouse)

    def location(self, contract: Contract) -> str:
        """The table's folder, known before there is a table."""
        return f"{self.settings.warehouse.rstrip('/')}/{contract.domain}/{contract.name}"

    def table(self, contract: Contract) -> Table:
        """The dataset's table, made or changed to follow its contract."""
        from pyiceberg.exceptions import NamespaceAlreadyExistsError, TableAlreadyExistsError

        from data_platform.lakehouse.schema import follow, iceberg_schema, partition_spec

        table = self.existing_table(contract.dataset)
        if table is None:
            schema = iceberg_schema(contract.columns)
            for attempt in (1, 2):  # another process may be making the same namespace or table
                try:
                    self.catalog.create_namespace_if_not_exists(contract.domain)
                    return self.catalog.create_table(
                        contract.dataset,
                        schema,
                        location=self.location(contract),
                        partition_spec=partition_spec(contract, schema),
                        properties=TABLE_PROPERTIES,
                    )
                except (NamespaceAlreadyExistsError, TableAlreadyExistsError):
                    if attempt == 2:
                        break
            table = self.catalog.load_table(contract.dataset)
        follow(table, contract)
        return table

    def existing_table(self, dataset: str) -> Table | None:
        """The table if the dataset was ever published, else None."""
        from pyiceberg.exceptions import NoSuchTableError

        try:
            return self.catalog.load_table(dataset)
        except NoSuchTableError:
            return None


def current_lakehouse() -> Lakehouse:
    """The lakehouse that the environment names; the same object as long as the environment says the same."""
    return _lakehouse(Settings.from_environment())


@lru_cache
def _lakehouse(settings: Settings) -> Lakehouse:
    return Lakehouse(settings)
