"""An ODCS file as our `Contract`: YAML, then the standard's JSON schema, then the official model, then ours.

This is the one way in. It reports everything wrong at once, and a contract with a finding is not built.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from data_platform.contracts import lint
from data_platform.contracts.errors import Finding
from data_platform.contracts.implied import Placed, PlacedColumn, column_rules, key_rule, type_rules
from data_platform.contracts.keys import Part, in_order, partition_key, partition_part, partitioning, primary_part
from data_platform.contracts.levels import service_levels
from data_platform.contracts.model import SENSITIVITIES, Column, Contract, OnFailure, Partitioning
from data_platform.contracts.odcs_types import column_type
from data_platform.contracts.properties import COLUMN, DATASET, Given, on_failure, own_properties, text
from data_platform.contracts.quality_entries import quality_rules
from data_platform.contracts.report import Problem, Report
from data_platform.contracts.yaml_source import Path, Source, YamlError

if TYPE_CHECKING:
    from open_data_contract_standard.model import Description, OpenDataContractStandard, SchemaProperty

SCHEMA: Path = ("schema", 0)


def read(content: str, file: str, *, domain: str = "", digest: str = "") -> tuple[Contract | None, list[Finding]]:
    """The contract in `content`, or None and what is wrong with it.

    `file` is where it was found, for messages and to compare its name; `domain` the folder's domain, '' for none."""
    try:
        source = Source(content)
    except YamlError as error:
        return None, [Finding(file, error.line, error.column, error.code, error.message, error.fix)]
    report = Report(file, source)
    official = _official(report, source.document)
    contract = None
    if official is not None and lint.is_one_dataset(report, official):
        contract = _Reader(report, official).contract(file, digest)
        lint.check_identity(report, official, contract, file, domain)
    return (contract if report.is_clean else None), report.findings()


def _official(report: Report, document: dict[str, Any]) -> OpenDataContractStandard | None:
    """The official package's model of a document, which the JSON schema has to accept first.

    Where only some keys are wrong, the model still reads the rest, so that its meaning is checked, too."""
    from open_data_contract_standard.model import OpenDataContractStandard
    from pydantic import ValidationError

    from data_platform.contracts.standard import problems

    report.against_standard(problems(document))
    known = {field.alias or name for name, field in OpenDataContractStandard.model_fields.items()}
    try:
        return OpenDataContractStandard.model_validate({key: value for key, value in document.items() if key in known})
    except ValidationError as error:
        if report.is_clean:
            report.against_standard([Problem(wrong["loc"], "C209", wrong["msg"]) for wrong in error.errors()])
        return None


class _Reader:
    """Reads one dataset's parts in turn; what one part needs of another is kept on the way."""

    def __init__(self, report: Report, official: OpenDataContractStandard):
        self.report, self.official = report, official
        self.schema = (official.schema_ or [])[0]
        places = (((), official.customProperties), (SCHEMA, self.schema.customProperties))
        self.own = own_properties(report, DATASET, *places)
        self.explicit = on_failure(report, self.own.get("onFailure"))
        self.default = self.explicit or OnFailure()

    def contract(self, file: str, digest: str) -> Contract:
        official, schema, own = self.official, self.schema, self.own
        columns, key, cut, rules = self._columns(schema.properties or [])
        lint.check_columns(self.report, columns, SCHEMA)
        lint.check_rules(self.report, columns, rules)
        team = official.team
        retention, freshness = service_levels(self.report, official.slaProperties or [])
        return Contract(
            domain=official.domain or "",
            name=schema.name or "",
            version=official.version or "",
            columns=tuple(placed.column for placed in columns),
            description=_description(schema.description, official.description),
            primary_key=key,
            rules=tuple(placed.rule for placed in rules),
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

    def _columns(
        self, props: Sequence[SchemaProperty]
    ) -> tuple[list[PlacedColumn], tuple[str, ...], Partitioning | None, list[Placed]]:
        """The columns, the primary key, the partitioning and all rules."""
        columns: list[PlacedColumn] = []
        rules: list[Placed] = []
        primary: list[Part] = []
        cutting: dict[str, tuple[Part, Column, Given]] = {}
        for position, prop in enumerate(props):
            path = (*SCHEMA, "properties", position)
            own = own_properties(self.report, COLUMN, (path, prop.customProperties))
            column = self._column(path, prop, own)
            placed = PlacedColumn(column, path, on_failure(self.report, own.get("onFailure")))
            columns.append(placed)
            rules += column_rules(self.report, prop, placed, self.default)
            rules += quality_rules(self.report, path, column.name, prop.quality, self.default)
            if part := primary_part(self.report, path, prop):
                primary.append(part)
            if part := partition_part(self.report, path, prop, own.get("partitionBy")):
                cutting[column.name] = (part, column, own["partitionBy"])
        key = in_order(self.report, primary, "primary")
        order = in_order(self.report, [part for part, _, _ in cutting.values()], "partition")
        keys = [partition_key(self.report, *cutting[name][1:]) for name in order]
        if len(key) == 1:  # the key says it already
            rules = [placed for placed in rules if placed.path[-1] != "unique" or placed.rule.columns != key]
        dataset = type_rules(columns, SCHEMA, self.explicit)
        dataset += key_rule(key, SCHEMA, self.default, text(self.own, "keepFirst"))
        rules = [*dataset, *rules, *quality_rules(self.report, SCHEMA, "", self.schema.quality, self.default)]
        return columns, key, partitioning(self.report, SCHEMA, keys), rules

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
        )


def _description(of_schema: str | None, of_contract: Description | None) -> str:
    """What the dataset is, and below it how to use it and what it cannot do, as Markdown; empty where nothing says it."""
    told = of_contract.model_dump() if of_contract else {}
    what = (of_schema or told.get("purpose") or "").strip()
    notes = [f"**{name.capitalize()}:** {told[name].strip()}" for name in ("usage", "limitations") if told.get(name)]
    return "\n\n".join([what, *notes]) if what else ""
