"""One edge model for every producer: output column <- input column, and how.

Kinds and their names are those of the OpenLineage column lineage facet, version 1-2-0
(https://openlineage.io/docs/spec/facets/dataset-facets/column_lineage_facet); OPAQUE is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

ANY = "*"
"""As a column: any of those that were read. Only of OPAQUE origins."""


class Kind(StrEnum):
    """How an input column is used. The first three are direct: its values are in the output's values."""

    IDENTITY = "IDENTITY"
    TRANSFORMATION = "TRANSFORMATION"
    AGGREGATION = "AGGREGATION"
    JOIN = "JOIN"
    GROUP_BY = "GROUP_BY"
    FILTER = "FILTER"
    SORT = "SORT"
    WINDOW = "WINDOW"
    CONDITIONAL = "CONDITIONAL"
    OPAQUE = "OPAQUE"
    """It may be used, in any way: nobody could look inside."""

    @property
    def is_direct(self) -> bool:
        return self in (Kind.IDENTITY, Kind.TRANSFORMATION, Kind.AGGREGATION)


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """An input column and how it is used; `masking` where its values cannot be told from the output's (a hash);
    `reason` says why it is OPAQUE, '' for every other kind."""

    dataset: str
    column: str
    kind: Kind
    masking: bool = False
    reason: str = ""


Origins = frozenset[Origin]
NOTHING: Origins = frozenset()


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where the columns of a dataset (or of any relation on the way to it) come from.

    `columns` has every output column; one without origins is made of constants, or counts rows. `rows` is what decides
    which rows there are, and so concerns every column: filters, join keys, grouping, sorting.
    """

    columns: Mapping[str, Origins]
    rows: Origins = NOTHING

    def edges(self) -> Iterator[tuple[str, Origin]]:
        """Every edge, in a fixed order; those of `rows` have the output ''."""
        for name, origins in self.columns.items():
            yield from ((name, origin) for origin in sorted(origins))
        yield from (("", origin) for origin in sorted(self.rows))

    @property
    def opaque(self) -> dict[str, str]:
        """Why, by output column, where the lineage is not known ('': which rows there are)."""
        return {output: origin.reason for output, origin in self.edges() if origin.kind is Kind.OPAQUE}

    def used(self, output: str = "") -> frozenset[tuple[str, str]]:
        """The input columns (dataset, column) that an output depends on in any way; '' for all outputs."""
        chosen = self.columns.values() if not output else (self.columns.get(output, NOTHING),)
        return frozenset((each.dataset, each.column) for origins in (*chosen, self.rows) for each in origins)


def base(dataset: str, columns: Iterable[str]) -> Lineage:
    """A dataset as it is read: every column comes from itself."""
    return Lineage({name: frozenset([Origin(dataset, name, Kind.IDENTITY)]) for name in columns})


def opaque(columns: Iterable[str], datasets: Iterable[str], reason: str) -> Lineage:
    """Output columns of which nothing is known but the datasets that were read."""
    unknown = frozenset(Origin(dataset, ANY, Kind.OPAQUE, reason=reason) for dataset in datasets)
    return Lineage(dict.fromkeys(columns, unknown), unknown)


def through(origins: Iterable[Origin], kind: Kind, *, masking: bool = False, reason: str = "") -> Origins:
    """What the origins of a value are after the value was used in this way.

    Identity changes nothing; a transformation leaves aggregations what they are; what was indirect stays indirect in any
    direct use; an indirect use makes all of it indirect, of that kind; OPAQUE (with its `reason`) stays.
    """
    return frozenset(_through(each, kind, masking, reason) for each in origins)


def _through(origin: Origin, kind: Kind, masking: bool, reason: str) -> Origin:
    origin = replace(origin, masking=origin.masking or masking) if masking else origin
    if origin.kind is Kind.OPAQUE or kind is Kind.IDENTITY:
        return origin
    if kind is Kind.OPAQUE:
        return replace(origin, kind=kind, reason=reason)
    if not kind.is_direct:
        return replace(origin, kind=kind)
    if origin.kind is Kind.IDENTITY or (origin.kind is Kind.TRANSFORMATION and kind is Kind.AGGREGATION):
        return replace(origin, kind=kind)
    return origin
