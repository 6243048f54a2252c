"""A data-mesh platform: contracts, write-audit-publish on Iceberg, and a graph derived from IO, as one Dagster code location."""
