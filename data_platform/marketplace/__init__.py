"""The example's outside world: a marketplace's monolith database and its event tracker.

Here: a real PostgreSQL, its schema, the simulator that lives the marketplace's days, and the two Dagster
resources that read both. Not here: datasets, contracts, anything of the platform; nothing in it imports another room.
The example domains under `data_platform/domains/` may import `resources`; nobody else needs this package.
"""
