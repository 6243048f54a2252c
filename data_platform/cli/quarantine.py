"""`dp quarantine`: the rows that rules refused; see them, run them through the contract again, throw them away."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data_platform.cli.output import (
    Format,
    FormatOption,
    console,
    errors,
    examples,
    fail,
    print_json,
    print_table,
    progress,
)
from data_platform.cli.project import DatasetArgument, DomainOption, all_contracts, contract_of

if TYPE_CHECKING:
    from data_platform.contracts import Contract
    from data_platform.lakehouse.quarantine import Waiting
    from data_platform.lakehouse.replay import Replay

app = typer.Typer(
    no_args_is_help=True, help="Quarantine: rows that rules refused; see them, replay them, discard them."
)
PartitionOption = Annotated[
    list[str] | None,
    typer.Option("--partition", help="As `dp quarantine ls` spells it; several by several options. Default: all."),
]
RuleOption = Annotated[str, typer.Option("--rule", help="Only rows that this rule refused.")]


@app.command("ls", epilog=examples("dp quarantine ls", "dp quarantine ls --domain ads --format json"))
def quarantine_ls(domain: DomainOption = "", output: FormatOption = Format.TABLE) -> None:
    """List what waits: rows per dataset, partition and rule (a row may break several), and since when."""
    from data_platform.lakehouse import current_lakehouse
    from data_platform.lakehouse.quarantine import waiting, with_quarantine
    from data_platform.lakehouse.settle import settle

    with progress("Looking into the quarantines"):
        lakehouse, found = current_lakehouse(), {}
        chosen = [each for each in all_contracts().values() if not domain or each.domain == domain]
        for contract in with_quarantine(lakehouse, chosen):
            settle(lakehouse, contract)
            if there := waiting(lakehouse, contract):
                found[contract.dataset] = there
    if output is Format.JSON:
        print_json({dataset: _waiting_as_json(there) for dataset, there in found.items()})
    elif not found:
        console.print("Nothing waits in quarantine.", style="green")
    else:
        rows = [
            (dataset, each.partition or None, each.rows, _rules(each), each.since)
            for dataset, there in found.items()
            for each in there.values()
        ]
        print_table(("dataset", "partition", "rows", "rules", "since"), rows)


@app.command(
    "show",
    epilog=examples(
        "dp quarantine show ads.listings",
        "dp quarantine show ads.listings --partition 2026-11-08 --rule types --limit 50",
    ),
)
def quarantine_show(
    dataset: DatasetArgument,
    partition: PartitionOption = None,
    rule: RuleOption = "",
    limit: Annotated[int, typer.Option(min=0, help="How many rows to show, oldest first.")] = 10,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show rows that wait, why, and what was done to others: replayed, discarded, expired. Sensitive values are masked."""
    from data_platform.lakehouse import current_lakehouse
    from data_platform.lakehouse.quarantine import handlings, rows_waiting

    with progress("Reading the rows that wait"):
        lakehouse, contract = current_lakehouse(), contract_of(dataset)
        there = _there(contract, partition, rule)
        rows = rows_waiting(lakehouse, contract, partition, rule, limit) if limit else []
        done = [each for each in handlings(lakehouse, contract) if each.operation != "relabel"]
    if output is Format.JSON:
        shown: list[dict[str, Any]] = [asdict(row) | {"since": row.since.isoformat()} for row in rows]
        handled = [asdict(each) | {"at": each.at.isoformat()} for each in done]
        print_json({"waiting": _waiting_as_json(there), "rows": shown, "handled": handled})
        return
    asked = sum(each.rules.get(rule, 0) if rule else each.rows for each in there.values())
    console.print(f"{dataset}: {asked:,} row(s) wait" + (f" because of {rule}" if rule else ""), markup=False)
    if rows:
        cells = [
            (
                row.partition or None,
                row.since,
                "\n".join(f"{name}: {reason}" for name, reason in zip(row.rules, row.reasons, strict=True)),
                ", ".join(f"{name}={value}" for name, value in row.values.items()),
            )
            for row in rows
        ]
        print_table(("partition", "since", "why", "row"), cells, title=f"The first {len(rows)}")
    if done:
        acts = [
            (each.operation, each.at, each.who, sum(each.rows.values()), _few(each.rows), each.rule, each.reason)
            for each in done
        ]
        print_table(("what", "when", "who", "rows", "partitions", "rule", "reason"), acts, title="What was done")


@app.command(
    "replay",
    epilog=examples(
        "dp quarantine replay ads.listings",
        "dp quarantine replay ads.listings --rule price_minimum --partition 2026-11-08",
    ),
)
def quarantine_replay(
    dataset: DatasetArgument,
    partition: PartitionOption = None,
    rule: RuleOption = "",
    output: FormatOption = Format.TABLE,
) -> None:
    """Run rows that wait through the contract of today; those that pass join their partition, the rest waits on.

    All partitions are published in one snapshot; replaying twice changes nothing the second time.

    Exit code: 0 done, 1 a partition is blocked or its last publication unfinished (it was left as it is).
    """
    from data_platform.lakehouse import current_lakehouse
    from data_platform.lakehouse.replay import replay

    with progress("Running them through the contract of today"):
        contract = contract_of(dataset)
        there = _there(contract, partition, rule)
        if not there and output is Format.TABLE:
            console.print(f"Nothing waits in the quarantine of {dataset}.", style="green", markup=False)
            return
        done = replay(current_lakehouse(), contract, partition, rule, others=all_contracts(), who=getpass.getuser())
    why = _why_not(done)
    if output is Format.JSON:
        names = ("dataset", "publication_id", "merged", "withdrawn", "waiting", "snapshot_id")
        print_json({name: getattr(done, name) for name in names} | {"left_alone": why})
    else:
        rows = [
            (
                name or None,
                done.merged.get(name, 0),
                done.withdrawn.get(name, 0),
                done.waiting[name] if name in done.waiting else there[name].rows,
                why.get(name, ""),
            )
            for name in sorted({*done.waiting, *done.unfinished})
        ]
        print_table(("partition", "merged", "withdrawn", "waiting", ""), rows)
        if done.withdrawn:
            console.print("Withdrawn are published rows that the contract of today refuses.")
    raise typer.Exit(1 if why else 0)


@app.command(
    "discard",
    epilog=examples(
        'dp quarantine discard ads.listings --reason "test data of ticket 7"',
        'dp quarantine discard ads.listings --partition 2026-11-08 --rule types --reason "..." --yes',
    ),
)
def quarantine_discard(
    dataset: DatasetArgument,
    reason: Annotated[str, typer.Option(help="Why; kept with what was discarded, by whom and when.")],
    partition: PartitionOption = None,
    rule: RuleOption = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Throw rows that wait away, for good. `dp quarantine show` keeps the record: who, when, how many, why."""
    from data_platform.lakehouse import current_lakehouse
    from data_platform.lakehouse.discard import discard

    if not reason.strip():
        fail("a discard needs a reason: it is all that will be left of the rows", 2)
    contract = contract_of(dataset)
    there = _there(contract, partition, rule)
    count = sum(each.rules.get(rule, 0) if rule else each.rows for each in there.values())
    if count and not yes and not typer.confirm(f"Discard {count:,} row(s) of {dataset} for good?", err=True):
        errors.print("Nothing was discarded.")
        return
    gone = {}
    if count:
        gone = discard(current_lakehouse(), contract, partition, rule, reason=reason, who=getpass.getuser())
    if output is Format.JSON:
        print_json({"dataset": dataset, "discarded": gone})
    elif not count:
        console.print(f"Nothing waits in the quarantine of {dataset}.", style="green", markup=False)
    else:
        rows = sum(gone.values())
        console.print(f"Discarded {rows:,} row(s) of {len(gone)} partition(s) of {dataset}.", markup=False)


def _there(contract: Contract, partitions: Sequence[str] | None, rule: str) -> dict[str, Waiting]:
    """What waits of what was asked for; ends the command where no such partition or rule can be."""
    from data_platform.contracts.partitions import split
    from data_platform.lakehouse import current_lakehouse
    from data_platform.lakehouse.quarantine import waiting
    from data_platform.lakehouse.settle import settle

    for partition in partitions or ():
        if contract.partitioning is None:
            fail(f"{contract.dataset} has no partitions")
        split(contract.partitioning, partition)
    settle(current_lakehouse(), contract)
    there = waiting(current_lakehouse(), contract, partitions)
    reasons = {name for each in there.values() for name in each.rules}
    if rule and rule not in reasons | {each.name for each in contract.rules}:
        fail(f"{contract.dataset} has no rule {rule!r}; rows wait because of: {', '.join(sorted(reasons)) or 'none'}")
    return {name: each for name, each in there.items() if not rule or rule in each.rules}


def _why_not(done: Replay) -> dict[str, str]:
    """Why partitions were left as they are."""
    why = dict.fromkeys(done.unfinished, "its last publication is under way or died: materialize it again, then replay")
    for verdict in done.verdicts:
        blocking = [f"{each.rule.name}: {each.reason}" for each in verdict.outcomes if each.action == "block"]
        if blocking:
            why[verdict.partition] = f"blocked: {'; '.join(blocking)}"
    return why


def _few(partitions: Iterable[str]) -> str | None:
    names = [each for each in partitions if each]
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "") or None


def _rules(there: Waiting) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in there.rules.items())


def _waiting_as_json(there: dict[str, Waiting]) -> dict[str, Any]:
    return {
        name: {"rows": each.rows, "rules": dict(each.rules), "since": each.since.isoformat()}
        for name, each in there.items()
    }
