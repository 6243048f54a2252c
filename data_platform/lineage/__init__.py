"""Where columns come from: one graph over SQL and every engine, and what was made of which snapshots.

Belongs here: the edge model, one extractor per kind of producer, the graph over all datasets, impact, OpenLineage events.
Does not: Dagster, how rows are read or published (lakehouse/), what is printed (cli/). An extractor that does not
understand something says so with an opaque edge; it never guesses and never raises into a run.
"""

from data_platform.lineage.model import ANY, Kind, Lineage, Origin, base, opaque, through

__all__ = ["ANY", "Kind", "Lineage", "Origin", "base", "opaque", "through"]
