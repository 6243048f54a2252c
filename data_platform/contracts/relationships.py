"""ODCS `relationships` as foreign keys: which column each reference means, in this contract or another.

`listings.listing_id` is a dataset of this domain, `ads.listings.listing_id` one of another;
`schema/<id>/properties/<id>` is a place in this file, `../../ads/contracts/listings.yaml#/schema/...` in another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from data_platform.contracts.files import FOLDER
from data_platform.contracts.model import BY_ID, Reference, Rule, Unchecked
from data_platform.contracts.naming import slug
from data_platform.contracts.properties import RELATIONSHIP, on_failure, own_properties, text
from data_platform.contracts.report import Report
from data_platform.contracts.rules import KINDS
from data_platform.contracts.said import Place
from data_platform.contracts.yaml_source import Path

if TYPE_CHECKING:
    from open_data_contract_standard.model import Relationship, SchemaObject, SchemaProperty

_Part = TypeVar("_Part", "SchemaObject", "SchemaProperty")
KIND = "foreign_key"


class _Unusable(Exception):
    """A reference that is no column we can look into: code, what, and how to mend it."""


class _Elsewhere(Exception):
    """A reference into a document that is not part of this project."""


@dataclass(frozen=True, slots=True)
class Relationships:
    """Reads the relationships of one document, whose datasets are `schemas`."""

    report: Report
    schemas: Sequence[SchemaObject]

    def rules(self, place: Place, entries: Sequence[Relationship] | None, taken: set[str]) -> list[Rule | Unchecked]:
        """The foreign keys in one place, and relationships that nobody here can check. `taken` are the names of those
        before, and takes up these."""
        made = []
        for at, entry in enumerate(entries or ()):
            path = (*place.path, "relationships", at)
            try:
                made.append(self._rule(place, path, entry, taken))
            except _Unusable as wrong:
                code, message, fix = wrong.args
                self.report.add(code, (*path, "to"), message, fix)
            except _Elsewhere as elsewhere:
                name = slug(entry.id or "") or slug(f"{place.column}_{KIND}")
                made.append(Unchecked(name, f"foreign key to {elsewhere}"))
        return made

    def _rule(self, place: Place, path: Path, entry: Relationship, taken: set[str]) -> Rule:
        parents = [self._column(place, each) for each in _listed(entry.to)]
        children = [self._column(place, each) for each in _listed(entry.from_)]
        if not children:
            children = [(place.dataset, place.column)]
        if odd := next((each for each in children if each[0] != place.dataset), None):
            fix = f"name columns of {place.dataset}, or move the relationship to {odd[0]}"
            raise _Unusable("C520", f"`from` is {'.'.join(odd)}, which is not here", fix)
        if len({dataset for dataset, _ in parents}) != 1 or len(children) != len(parents):
            message = f"{len(children)} columns cannot stand for {', '.join('.'.join(each) for each in parents)}"
            raise _Unusable("C520", message, "pair each column with one of the same dataset")
        columns = tuple(column for _, column in children)
        keys = tuple(column for _, column in parents)
        own = own_properties(self.report, RELATIONSHIP, (path, entry.customProperties))
        parent = parents[0][0]
        return Rule(
            name=_name(entry, columns, parent, taken),
            kind=KIND,
            columns=columns,
            arguments={"columns": keys},
            on_failure=on_failure(self.report, own.get("onFailure")) or place.default,
            dimension=KINDS[KIND].dimension,
            reads=(Reference(parent, keys, text(own, "partitions", "all")),),
            path=(*path, "to"),
        )

    def _column(self, place: Place, reference: str) -> tuple[str, str]:
        """The dataset and the column a reference means."""
        file, is_elsewhere, inside = reference.rpartition("#")
        domain, _, _ = place.dataset.partition(".")
        if not is_elsewhere and "/" not in reference:
            names = reference.split(".")
            if len(names) > 3 or (len(names) == 3 and names[0] in {schema.name for schema in self.schemas}):
                raise _nested(reference)
            return (f"{domain}.{names[0]}" if len(names) == 2 else ".".join(names[:2])), names[-1]
        section, schema_id, *steps = inside.strip("/").split("/")
        if section != "schema" or len(steps) < 2 or steps[0] != "properties":
            fix = "write `table.column`, or `schema/<id>/properties/<id>`"
            raise _Unusable("C520", f"{reference!r} is not a column", fix)
        if len(steps) > 2:
            raise _nested(reference)
        if is_elsewhere:
            return _dataset_of(file, domain, reference), BY_ID + steps[1]
        schema = _of_id(self.schemas, schema_id)
        prop = _of_id(schema.properties or [], steps[1]) if schema is not None else None
        if schema is None or prop is None:
            fix = "correct the id; another contract's is `<its file>.yaml#/schema/...`"
            raise _Unusable("C520", f"this file has no {reference!r}", fix)
        return f"{domain}.{schema.name}", prop.name or ""


def _listed(references: str | list[str] | None) -> list[str]:
    return [references] if isinstance(references, str) else references or []


def _of_id(parts: Sequence[_Part], id_: str) -> _Part | None:
    """The part with an id; where none has it, the one of that name."""
    return next((part for part in parts if part.id == id_), None) or next(
        (part for part in parts if part.name == id_), None
    )


def _dataset_of(file: str, domain: str, reference: str) -> str:
    """The dataset whose contract a relative path leads to: `<name>.yaml` beside this one, or in another domain's
    folder."""
    if file.startswith(("http://", "https://")):
        raise _Elsewhere(reference)
    path = PurePosixPath(file)
    *folders, _ = (part for part in path.parts if part != ".")
    match folders:
        case []:
            return f"{domain}.{path.stem}"
        case [*_, other, last] if last == FOLDER and other != "..":
            return f"{other}.{path.stem}"
    fix = f"write `<domain>.{path.stem}.<column>`"
    raise _Unusable("C514", f"{file!r} does not lead to a domain's {FOLDER}/", fix)


def _nested(reference: str) -> _Unusable:
    fix = "relate columns, which may be `table.column` or `domain.table.column`"
    return _Unusable("C405", f"{reference!r} is a nested field, which is not audited by this version", fix)


def _name(entry: Relationship, columns: Sequence[str], parent: str, taken: set[str]) -> str:
    """The relationship's id, else its columns; two of the same columns are told apart by the dataset they point to."""
    usual = f"{'_'.join(columns)}_{KIND}"
    if usual in taken:
        usual = f"{'_'.join(columns)}_{parent.rpartition('.')[2]}_{KIND}"
    name = slug(entry.id or "") or usual
    taken.add(name)
    return name
