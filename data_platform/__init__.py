"""A data-mesh platform as one Dagster code location: contracts, write-audit-publish, a graph derived from IO."""
