"""What the UI shows about a dataset: columns before the first run; rows, bytes, snapshot and a preview after each."""

from __future__ import annotations

from contextlib import closing
from typing import Any
from urllib.parse import quote

import dagster as dg

from data_platform.contracts import MASK, Column, Contract, Policy, Rule
from data_platform.contracts.rules import condition
from data_platform.datasets.described import references, short
from data_platform.datasets.signature import Signature
from data_platform.lakehouse import Lakehouse, Publication, ReadPlan
from data_platform.lakehouse.duck import connect
from data_platform.lineage import Lineage
from data_platform.lineage.graph import Node, edge, picture_of
from data_platform.lineage.model import Origins
from data_platform.lineage.render import svg
from data_platform.markdown import table
from data_platform.quality.sql import files, identifier

PREVIEW_ROWS, PREVIEW_WIDTH, MOST_PLOTTED = 5, 30, 10
MOST_DRAWN = 60
"""Of how many columns the lineage is drawn and listed: it is kept with every materialization."""


def asset_key(dataset: str) -> dg.AssetKey:
    """`ads.listings` is the asset `ads/listings`."""
    return dg.AssetKey(dataset.split("."))


def owners(contract: Contract) -> list[str]:
    """As Dagster writes them: people by their address, teams by `team:`."""
    return [*contract.owners, *([f"team:{contract.team}"] if contract.team else [])]


def tags(contract: Contract) -> dict[str, str]:
    return dict.fromkeys(contract.tags, "") | {"visibility": contract.visibility, "size": contract.size}


def kinds(signature: Signature) -> set[str]:
    """What it is stored as, made with and made from: what the UI has icons for, of which it takes three."""
    made_with = [signature.engine.name] if signature.engine else []
    made_from = [type(each.files.format).__name__.lower() for each in signature.files]
    return {"iceberg", *made_with, *made_from[:1]}


def column_schema(contract: Contract) -> dg.TableSchema:
    """Columns with type, description, constraints and sensitivity, from the contract alone."""
    rules: dict[str, list[Rule]] = {}
    for rule in contract.rules:
        if len(rule.columns) == 1 and rule.kind not in ("required", "type"):
            rules.setdefault(rule.columns[0], []).append(rule)
    return dg.TableSchema(
        [
            dg.TableColumn(
                column.name,
                str(column.type),
                column.description or None,
                dg.TableColumnConstraints(
                    nullable=not column.required,
                    unique=column.unique or contract.primary_key == (column.name,),
                    other=[condition(rule) for rule in rules.get(column.name, ())],
                ),
                tags=_marks(column),
            )
            for column in contract.columns
        ]
    )


def _marks(column: Column) -> dict[str, str]:
    """What is out of the ordinary about a column."""
    marked = {"classification": column.classification} if column.classification != "internal" else {}
    return marked | ({"pii": column.pii} if column.pii else {})


def definition_metadata(contract: Contract, code: str = "", file: str = "", line: int = 1) -> dict[str, Any]:
    """What is known before any run; `file` and `line` are where the producer's function is, `code` where the project's
    files are on the web."""
    metadata: dict[str, Any] = {
        "dagster/column_schema": column_schema(contract),
        "dagster/table_name": contract.dataset,
        "contract_version": contract.version,
        "visibility": contract.visibility,
        "size": contract.size,
    }
    if contract.file:
        metadata["contract"] = dg.MetadataValue.path(short(contract.file))
    if (places := references(contract, file, line, code)) is not None:
        metadata["dagster/code_references"] = places
    if contract.retention:
        metadata["retention_days"] = contract.retention.days
    if contract.unchecked:
        metadata["not_checked"] = dg.MetadataValue.md(_not_checked(contract))
    return metadata


def _not_checked(contract: Contract) -> str:
    """The promises nobody here evaluates, as a table: they are shown, and never among the checks that passed."""
    rows = [(each.name, each.text, each.engine or "people") for each in contract.unchecked]
    return table(("promise", "text", "checked by"), rows)


def lineage_metadata(contract: Contract, lineage: Lineage) -> dict[str, Any]:
    """Where the columns come from: for Dagster's API the direct edges; for people a table of all of them, and a picture
    (the UI shows a picture of more than 1,000 characters when one clicks). Nothing for what is made of nothing here."""
    if not lineage.used():
        return {}
    direct = {
        name: [dg.TableColumnDep(asset_key(dataset), column) for dataset, column in sorted(_direct(origins))]
        for name, origins in lineage.columns.items()
    }
    picture = quote(svg(picture_of(contract.dataset, lineage), MOST_DRAWN), safe=" ='/:;,.()-+*")
    return {
        "dagster/column_lineage": dg.TableColumnLineage({name: deps for name, deps in direct.items() if deps}),
        "lineage": dg.MetadataValue.md(f"![Where the columns come from](<data:image/svg+xml,{picture}>)"),
        "lineage_columns": dg.MetadataValue.table(_origins(lineage)),
    }


def _direct(origins: Origins) -> set[tuple[str, str]]:
    return {(each.dataset, each.column) for each in origins if each.kind.is_direct}


def _origins(lineage: Lineage) -> list[dg.TableRecord]:
    """A row per column, and one for what decides which rows there are."""
    shown = [*list(lineage.columns.items())[:MOST_DRAWN]]
    if lineage.rows:
        shown.append(("(which rows there are)", lineage.rows))
    if (left := len(lineage.columns) - MOST_DRAWN) > 0:
        shown.append((f"({left} more columns)", frozenset()))
    return [dg.TableRecord({"column": name, "comes from": _words(origins)}) for name, origins in shown]


def _words(origins: Origins) -> str:
    """`ads.listings.price (aggregation, window), ...`"""
    ways: dict[str, list[str]] = {}
    for each in sorted(origins):
        ways.setdefault(f"{each.dataset}.{each.column}", []).append(edge(each, Node("")).how)
    return ", ".join(f"{name} ({', '.join(dict.fromkeys(how))})" for name, how in ways.items()) or "-"


def publication_metadata(contract: Contract, publication: Publication) -> dict[str, Any]:
    """What is the same for every partition of a publication."""
    return {
        "snapshot_id": str(publication.snapshot_id),
        "bytes": publication.bytes,
        "publish_seconds": round(publication.seconds, 3),
        "contract_version": contract.version,
    }


def row_counts(contract: Contract, publication: Publication, partition: str) -> dict[str, Any]:
    """The row count, the rows refused, and the percentage that broke each rule which let the others through, as numbers
    that the UI plots over time."""
    name = "dagster/partition_row_count" if contract.partitioning else "dagster/row_count"
    counts = {name: publication.rows[partition], "quarantined": publication.quarantined.get(partition, 0)}
    (verdict,) = [each for each in publication.verdicts if each.partition == partition]
    tolerated = [o for o in verdict.outcomes if o.rule.is_row_rule and o.rule.on_failure.policy is not Policy.BLOCK]
    return counts | {
        f"failing_percent/{each.rule.name}": round(100 * each.metric / each.rows, 3) if each.rows else 0.0
        for each in tolerated[:MOST_PLOTTED]
    }


def profile(publication: Publication) -> dg.MetadataValue | None:
    """What each column holds, where one partition was published: of several the numbers are in the metrics dataset."""
    if len(publication.published) != 1 or not (columns := publication.profiles.get(publication.published[0])):
        return None
    rows = []
    for name, each in columns.items():
        distinct = "" if each.distinct is None else f"{each.distinct:,}"
        bounds = [(bound or "")[:40] for bound in (each.minimum, each.maximum)]
        rows.append((name, f"{each.nulls:,}", distinct, *bounds))
    shown = table(("column", "nulls", "distinct (about)", "min", "max"), rows, right=(1, 2))
    return dg.MetadataValue.md(f"{shown}\n\nOf all rows that were audited, refused ones included.")


def preview(lakehouse: Lakehouse, contract: Contract, plan: ReadPlan) -> dg.MetadataValue | None:
    """A few published rows as a table; sensitive columns are masked in the query, so their values are never read."""
    if not plan.files:
        return None
    masked = {column.name for column in contract.columns if column.is_sensitive}
    select = ", ".join(
        f"'{MASK}' AS {identifier(column.name)}"
        if column.name in masked
        else f"left(CAST({identifier(column.name)} AS VARCHAR), {PREVIEW_WIDTH}) AS {identifier(column.name)}"
        for column in contract.columns
    )
    with closing(connect(lakehouse.settings.warehouse)) as connection:
        rows = connection.execute(f"SELECT {select} FROM {files(plan.files[:1])} LIMIT {PREVIEW_ROWS}").fetchall()
    return dg.MetadataValue.md(
        table(contract.column_names, (["" if each is None else each for each in row] for row in rows))
    )
