"""`dp provenance`: where published rows come from, back to the sources, and whether they are what their inputs make."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text
from rich.tree import Tree

from data_platform.cli.output import console, fail, print_json, progress
from data_platform.cli.project import ColumnArgument, column_of, definitions, only_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from data_platform.contracts import Contract
    from data_platform.lakehouse.publications import Recorded
    from data_platform.lineage.chain import Link
    from data_platform.operations.verification import Verification

SHOWN = 8
"""Publications of a dataset, and files, that a tree has."""


class Form(StrEnum):
    TREE = "tree"
    JSON = "json"


def provenance(
    asked: ColumnArgument,
    partition: Annotated[str, typer.Option("--partition", "-p", help="Only this partition; default: all.")] = "",
    at: Annotated[
        int | None, typer.Option("--at", metavar="SNAPSHOT", help="As of this snapshot; default: now.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Make the rows again from the recorded inputs, and compare.")
    ] = False,
    form: Annotated[
        Form, typer.Option("--format", help="A tree for people, JSON with everything for programs.")
    ] = Form.TREE,
) -> None:
    """Say where published rows come from: which run, code and contract made them, of which snapshots of which inputs,
    and so on back to the sources.

    With a column, only the inputs and columns that it depends on. With --verify the recorded input snapshots are read
    again, the rows made again where nobody sees them, and compared with those published; exit code 1 where they differ.
    """
    from data_platform.lakehouse import current_lakehouse
    from data_platform.lineage.chain import chain

    contract, column = column_of(asked)
    chosen = only_of(contract, partition)
    with progress("Reading what is recorded"):
        found = chain(current_lakehouse(), contract.dataset, chosen, at, column)
    if not found.made_by:
        fail("; ".join(found.unknown) or f"nothing is published of {contract.dataset}")
    verified = _verified(contract, _visible(found, chosen), at) if verify else []
    if form is Form.JSON:
        checks = {"verified": [_verification_as_json(each) for each in verified]} if verify else {}
        print_json(_as_json(found) | checks)
    else:
        console.print(_tree(found), soft_wrap=True)
        for each in verified:
            _print(each)
    if any(not each.holds for each in verified):
        raise typer.Exit(1)


def _verified(contract: Contract, shown: Sequence[Recorded], at: int | None) -> list[Verification]:
    from data_platform.lakehouse import current_lakehouse
    from data_platform.operations.verify import verify

    defs = definitions()
    with progress("Making the rows again", len(shown)) as advance:
        return list(verify(current_lakehouse(), defs, contract, shown, at, advance))


def _visible(found: Link, chosen: Sequence[str] | None) -> list[Recorded]:
    """Of the chain's first link, what is visible of the partitions chosen: not what that was made from of the same
    dataset."""
    newest: dict[str, Recorded] = {}
    for each in found.made_by:  # the visible ones come first
        newest.setdefault(each.partition, each)
    return [each for name, each in newest.items() if chosen is None or name in chosen]


def _tree(link: Link, tree: Tree | None = None, seen: set[Any] | None = None) -> Tree:
    """As a tree; a dataset that is read twice in the same way has its own inputs only the first time."""
    seen = set() if seen is None else seen
    title = Text(link.dataset, style="bold")
    if link.columns:
        title.append(f" ({', '.join(link.columns)})", style="not bold")
    branch = tree.add(title) if tree is not None else Tree(title)
    publications = list(link.publications.values())
    for records in publications[-SHOWN:]:
        branch.add(Text(_said(records), style="dim" if tree is not None else ""))
    if (left := len(publications) - SHOWN) > 0:
        branch.add(Text(f"and {left:,} earlier publications; --format json has all", style="dim"))
    for why in link.unknown:
        branch.add(Text(why, style="yellow"))
    for why in link.opaque:
        branch.add(Text(f"not known column by column: {why}", style="yellow"))
    files = list(_files(link))
    for file in files[:SHOWN]:
        branch.add(Text(file, style="dim"))
    if (left := len(files) - SHOWN) > 0:
        branch.add(Text(f"and {left:,} more files; --format json has all", style="dim"))
    known = (link.dataset, link.columns, tuple(link.publications))
    if link.inputs and known in seen:
        branch.add(Text("its inputs as above", style="dim"))
        return branch
    seen.add(known)
    for each in link.inputs:
        _tree(each, branch, seen)
    if link.made_by and not files and not link.inputs and not any(each.inputs for each in link.made_by):
        branch.add(Text("read from outside the platform", style="dim"))
    return branch


def _said(records: Sequence[Recorded]) -> str:
    """One publication in a line."""
    one, rows = records[0], sum(each.rows for each in records)
    refused = sum(each.quarantined for each in records)
    names = [each.partition for each in records if each.partition]
    words = [
        f"{names[0]} .. {names[-1]} ({len(names)})" if len(names) > 1 else "".join(names),
        f"{rows:,} rows" + (f" ({refused:,} quarantined)" if refused else ""),
        f"snapshot {one.snapshot_id}",
        f"{one.at:%Y-%m-%d %H:%M:%S}",
        f"run {one.run_id[:8]}" if one.run_id else "",
        one.engine,
        f"contract {one.contract_version}",
        f"code {one.code_version}" if one.code_version else "",
        f"revision {one.revision[:10]}{'+' if one.revision.endswith('+') else ''}" if one.revision else "",
    ]
    return "  ".join(filter(None, words))


def _files(link: Link) -> Iterator[str]:
    seen = {each.name: each for record in link.made_by for each in record.files}
    for each in seen.values():
        yield f"file {each.name}, {each.size:,} bytes" + (f", sha256 {each.sha256[:12]}" if each.sha256 else "")


def _print(found: Verification) -> None:
    style = "green" if found.holds else "red"
    console.print(Text(found.sentence, style=style), soft_wrap=True)
    for note in found.notes:
        console.print(Text(f"  {note}", style="yellow"), soft_wrap=True)
    for line in found.differences:
        console.print(Text(f"  {line}"), soft_wrap=True)


def _as_json(link: Link) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "dataset": link.dataset,
        "columns": list(link.columns),
        "unknown": list(link.unknown),
        "opaque": list(link.opaque),
        "publications": [
            {name: value for name, value in asdict(each).items() if name != "lineage"}
            for records in link.publications.values()
            for each in records
        ],
        "inputs": [_as_json(each) for each in link.inputs],
    }


def _verification_as_json(found: Verification) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(found) | {"holds": found.holds, "sentence": found.sentence}
