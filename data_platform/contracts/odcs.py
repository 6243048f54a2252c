"""An ODCS file as our `Contract`: YAML, then the standard's JSON schema, then the official model, then ours.

This is the one way in. It reports everything wrong at once, and a contract with a finding is not built.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from data_platform.contracts import lint
from data_platform.contracts.errors import Finding
from data_platform.contracts.fit import check_rules
from data_platform.contracts.implied import PlacedColumn, column_rules, key_rule, type_rules
from data_platform.contracts.keys import Part, in_order, partition_key, partition_part, partitioning, primary_part
from data_platform.contracts.levels import service_levels
from data_platform.contracts.model import SENSITIVITIES, Column, Contract, OnFailure, Partitioning, Rule, Unchecked
from data_platform.contracts.norms import DEFAULT, Norms
from data_platform.contracts.odcs_types import column_type
from data_platform.contracts.official import official as read_official
from data_platform.contracts.properties import COLUMN, DATASET, Given, on_failure, own_properties, text
from data_platform.contracts.quality_entries import quality_rules
from data_platform.contracts.relationships import Relationships
from data_platform.contracts.report import Report
from data_platform.contracts.said import Place
from data_platform.contracts.yaml_source import Path, Source, YamlError

if TYPE_CHECKING:
    from open_data_contract_standard.model import Description, OpenDataContractStandard, SchemaObject, SchemaProperty


def read(
    content: str, file: str, *, domain: str = "", digest: str = "", norms: Norms = DEFAULT
) -> tuple[Contract | None, list[Finding]]:
    """The contract in `content`, or None and what is wrong with it.

    `file` is where it was found, for messages and to compare its name; `domain` the folder's domain, '' for none;
    `norms` are the project's for names."""
    try:
        source = Source(content)
    except YamlError as error:
        return None, [Finding(file, error.line, error.column, error.code, error.message, error.fix)]
    report = Report(file, source, norms)
    official = read_official(report, source.document)
    contract = None
    if official is not None and lint.is_one_dataset(report, official):
        contract = _Reader(report, official, (official.schema_ or [])[0], ("schema", 0)).contract(file, digest)
        lint.check_identity(report, official, contract, file, domain)
    return (contract if report.is_clean else None), report.findings()


def judge(content: str, file: str) -> list[Finding]:
    """What is wrong with a document by the standard and its meaning alone, whoever wrote it for whatever platform.

    It may have several objects, and promises about the fields of nested columns."""
    try:
        source = Source(content)
    except YamlError as error:
        return [Finding(file, error.line, error.column, error.code, error.message, error.fix)]
    report = Report(file, source, None)
    official = read_official(report, source.document)
    if official is not None:
        for position, schema in enumerate(official.schema_ or ()):
            _Reader(report, official, schema, ("schema", position)).contract(file, "")
            for nested, place in _nested(schema, ("schema", position)):
                _Reader(report, official, nested, place).parts()
    return report.findings()


def _nested(of: SchemaObject | SchemaProperty, place: Path) -> Iterator[tuple[SchemaProperty, Path]]:
    """The parts of an object's columns that have fields of their own, at any depth."""
    for position, prop in enumerate(of.properties or ()):
        path = (*place, "properties", position)
        parts = ((prop, path), (prop.items, (*path, "items")), (prop.map and prop.map.value, (*path, "map", "value")))
        for part, at in parts:
            if part is not None and part.properties:
                yield part, at
                yield from _nested(part, at)


class _Reader:
    """Reads one dataset's parts in turn; what one part needs of another is kept on the way."""

    def __init__(
        self, report: Report, official: OpenDataContractStandard, schema: SchemaObject | SchemaProperty, place: Path
    ):
        self.report, self.official, self.schema, self.place = report, official, schema, place
        places = (((), official.customProperties), (self.place, self.schema.customProperties))
        self.own = own_properties(report, DATASET, *places)
        self.explicit = on_failure(report, self.own.get("onFailure"))
        self.default = self.explicit or OnFailure()
        self.dataset = f"{official.domain or ''}.{self.schema.name}"

    def contract(self, file: str, digest: str) -> Contract:
        official, schema, own = self.official, self.schema, self.own
        columns, key, cut, rules, unchecked = self.parts()
        lint.check_columns(self.report, columns, self.place)
        team = official.team
        retention, freshness = service_levels(self.report, official.slaProperties or [])
        return Contract(
            domain=official.domain or "",
            name=schema.name or "",
            version=official.version or "",
            columns=tuple(placed.column for placed in columns),
            description=_description(schema.description, official.description),
            primary_key=key,
            rules=tuple(rules),
            unchecked=tuple(unchecked),
            partitioning=cut,
            owners=lint.owners(self.report, team),
            team=(team.name or "") if team is not None and not isinstance(team, list) else "",
            tags=tuple(dict.fromkeys((*(official.tags or ()), *(schema.tags or ())))),
            status=official.status or "active",
            visibility=text(own, "visibility", "private"),
            clearance=text(own, "clearance", "internal"),
            size=text(own, "size", "S"),
            external=text(own, "producer") == "external",
            unknown_columns=text(own, "unknownColumns", "refuse"),
            on_failure=self.default,
            retention=retention,
            freshness=freshness,
            file=file,
            digest=digest,
        )

    def parts(
        self,
    ) -> tuple[list[PlacedColumn], tuple[str, ...], Partitioning | None, list[Rule], list[Unchecked]]:
        """The columns, the primary key, the partitioning, the rules and the promises that nobody here checks."""
        columns, key, cut = self._columns(self.schema.properties or [])
        rules, unchecked = self._promises(columns, key)
        check_rules(self.report, self.dataset, {placed.column.name: placed.column.type for placed in columns}, rules)
        return columns, key, cut, rules, unchecked

    def _columns(
        self, props: Sequence[SchemaProperty]
    ) -> tuple[list[PlacedColumn], tuple[str, ...], Partitioning | None]:
        """The columns, the primary key and the partitioning."""
        columns: list[PlacedColumn] = []
        primary: list[Part] = []
        cutting: dict[str, tuple[Part, Column, Given]] = {}
        for position, prop in enumerate(props):
            path = (*self.place, "properties", position)
            own = own_properties(self.report, COLUMN, (path, prop.customProperties))
            column = self._column(path, prop, own)
            columns.append(PlacedColumn(column, path, on_failure(self.report, own.get("onFailure"))))
            if part := primary_part(self.report, path, prop):
                primary.append(part)
            if part := partition_part(self.report, path, prop, own.get("partitionBy")):
                cutting[column.name] = (part, column, own["partitionBy"])
        key = in_order(self.report, primary, "primary")
        order = in_order(self.report, [part for part, _, _ in cutting.values()], "partition")
        keys = [partition_key(self.report, *cutting[name][1:]) for name in order]
        return columns, key, partitioning(self.report, self.place, keys)

    def _promises(self, columns: Sequence[PlacedColumn], key: tuple[str, ...]) -> tuple[list[Rule], list[Unchecked]]:
        """All rules, and the promises that nobody here checks."""
        rules = type_rules(columns, self.place, self.explicit)
        rules += key_rule(key, self.place, self.default, text(self.own, "keepFirst"))
        unchecked: list[Unchecked] = []
        plain = [placed.column for placed in columns]
        relationships, names = Relationships(self.report, self.official.schema_ or ()), set[str]()

        def read(of: SchemaObject | SchemaProperty, place: Place) -> None:
            found, texts = quality_rules(self.report, place, of.quality)
            related = relationships.rules(place, of.relationships, names)
            rules.extend([*found, *(each for each in related if isinstance(each, Rule))])
            unchecked.extend([*texts, *(each for each in related if isinstance(each, Unchecked))])

        for prop, placed in zip(self.schema.properties or (), columns, strict=True):
            implied = column_rules(self.report, prop, placed, self.default)
            is_key = key == (placed.column.name,)  # which says already that it is unique
            rules += [rule for rule in implied if not is_key or rule.path[-1] != "unique"]
            read(prop, Place(self.dataset, plain, placed.column.name, placed.path, placed.policy or self.default))
        read(self.schema, Place(self.dataset, plain, "", self.place, self.default))
        return rules, unchecked

    def _column(self, path: Path, prop: SchemaProperty, own: dict[str, Given]) -> Column:
        classification = prop.classification or "internal"
        if classification not in SENSITIVITIES:
            lint.unknown(self.report, "C407", (*path, "classification"), classification, SENSITIVITIES)
        if prop.semanticType == "measure":
            fix = "leave it out, or make it a column of the dataset"
            self.report.add("C403", (*path, "semanticType"), "a measure is computed on reading, not stored", fix)
        return Column(
            name=prop.name or "",
            type=column_type(self.report, path, prop),
            required=bool(prop.required or prop.primaryKey),
            unique=bool(prop.unique),
            description=(prop.description or "").strip(),
            classification=classification,
            pii=text(own, "piiCategory"),
            tags=tuple(prop.tags or ()),
            id=prop.id or "",
        )


def _description(of_schema: str | None, of_contract: Description | None) -> str:
    """What the dataset is, and below it how to use it and what it cannot do, as Markdown; empty where nothing says it."""
    told = of_contract.model_dump() if of_contract else {}
    what = (of_schema or told.get("purpose") or "").strip()
    notes = [f"**{name.capitalize()}:** {told[name].strip()}" for name in ("usage", "limitations") if told.get(name)]
    return "\n\n".join([what, *notes]) if what else ""
