"""`dp landing`: the files that landed; what became of each, and taking refused ones back in."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from data_platform.cli.output import Format, FormatOption, console, examples, fail, print_json, print_table
from data_platform.cli.project import DatasetArgument, all_contracts, complete_dataset, contract_of, definitions
from data_platform.settings import Settings

if TYPE_CHECKING:
    from data_platform.files.landing import Landing
    from data_platform.files.landing.contents import Landed
    from data_platform.files.landing.folder import Folder
    from data_platform.files.landing.ledger import Ledger

app = typer.Typer(no_args_is_help=True, help="Landing zones: the files that landed, and what became of them.")
FileArgument = Annotated[str, typer.Argument(metavar="FILE", help="Its path or name, as `dp landing ls` shows it.")]


class Shown(StrEnum):
    LANDED, INGESTED, REFUSED, DUPLICATE = "landed", "ingested", "refused", "duplicate"
    FORGOTTEN, GONE = "forgotten", "gone"


StateOption = Annotated[Shown | None, typer.Option("--state", help="Only files of which this became.")]


@app.command(
    "ls",
    epilog=examples("dp landing ls", "dp landing ls shop.orders --state refused", "dp landing ls --format json"),
)
def landing_ls(
    dataset: Annotated[str, typer.Argument(help="Only of this one.", autocompletion=complete_dataset)] = "",
    state: StateOption = None,
    limit: Annotated[int, typer.Option(min=1, help="How many files of a dataset to show, latest first.")] = 100,
    output: FormatOption = Format.TABLE,
) -> None:
    """List the files that landed, latest first: state, partitions, rows, and the run or the reason.

    It tells what sensor and runs have seen; `dp landing check` looks at the folders themselves.
    """
    names = [contract_of(dataset).dataset] if dataset else list(all_contracts())
    found = {name: files for name in names if (files := _files(name, state))}
    if output is Format.JSON:
        print_json({name: [asdict(each) | {"state": shown} for each, shown, _ in of] for name, of in found.items()})
        return
    if not found:
        console.print(f"No file {state or 'has landed'}.", style="green")
    for name, of in found.items():
        title = name + (f": the latest {limit:,} of {len(of):,} (--limit)" if len(of) > limit else "")
        rows = [_row(*each) for each in of[:limit]]
        print_table(("file", "landed", "state", "partitions", "rows", "hash", "run or reason"), rows, title=title)


@app.command("check", epilog=examples("dp landing check", "dp landing check shop.orders --format json"))
def landing_check(
    dataset: Annotated[str, typer.Argument(help="Only of this one.", autocompletion=complete_dataset)] = "",
    output: FormatOption = Format.TABLE,
) -> None:
    """Look at the folders now, and say which partitions are to be published and which files would be set aside.

    Nothing is moved or published.

    Exit code: 0 nothing would be set aside, 1 something would.
    """
    from data_platform.files.landing.arrivals import look
    from data_platform.files.landing.contents import contents, pending

    settings, contracts, found = Settings.from_environment(), all_contracts(), {}
    for name, landing in _landings(dataset).items():
        folder, ledger = _place(name, landing)
        with ledger.held():
            seen = look(landing, contract_of(name, contracts), settings.files, ledger)
            wanted = pending(contents(ledger.files(), landing.keep), ledger.published())
        found[name] = {
            "folder": folder.at(folder.pattern),
            "new": seen.new,
            "pending": list(wanted),
            "unsettled": list(seen.unsettled),
            "bad": {file.path: reason for file, reason in seen.rejected},
        }
    if output is Format.JSON:
        print_json(found)
    elif not found:
        console.print("No dataset has a landing zone.")
    else:
        rows = [
            (name, each["folder"], each["new"], ", ".join(map(str, each["pending"])) or "-", len(each["unsettled"]))
            for name, each in found.items()
        ]
        print_table(("dataset", "files", "new", "to publish", "still written"), rows)
        bad = [(name, path, why) for name, each in found.items() for path, why in each["bad"].items()]
        if bad:
            print_table(("dataset", "file", "would be set aside because"), bad)
    raise typer.Exit(1 if any(each["bad"] for each in found.values()) else 0)


@app.command("retry", epilog=examples("dp landing retry shop.orders orders-2026-11-01.csv"))
def landing_retry(dataset: DatasetArgument, file: FileArgument) -> None:
    """Take a refused file back in, after the contract was mended, say: it counts as landed, and is tried again."""
    folder, back = take_back_in(dataset, _landing(dataset), file)
    console.print(f"{folder.at(back.path)} is tried again: {_next(dataset, back)}", markup=False, soft_wrap=True)


def take_back_in(dataset: str, landing: Landing, file: str) -> tuple[Folder, Landed]:
    """Undo a refusal, and close the alert about it."""
    from data_platform.alerts import resolve
    from data_platform.files.landing.contents import State
    from data_platform.files.landing.refusal import chosen, take_back

    folder, ledger = _place(dataset, landing)
    with ledger.held():
        refused = [each for each in ledger.files() if each.state is State.REFUSED]
        back = take_back(folder, ledger, chosen(refused, file))
    resolve(dataset, back.path, back.hash, home=Settings.from_environment().home)
    return folder, back


@app.command("forget", epilog=examples("dp landing forget shop.orders orders-2026-11-01.csv"))
def landing_forget(
    dataset: DatasetArgument,
    file: FileArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Let a file count no more: what was made from it is published again without its rows. The file stays where it is."""
    from data_platform.files.landing.contents import State
    from data_platform.files.landing.refusal import chosen, forget

    _, ledger = _place(dataset, _landing(dataset))
    with ledger.held():
        known = [each for each in ledger.files() if each.state in (State.LANDED, State.INGESTED)]
        found = chosen(known, file)
        if not yes and not typer.confirm(f"Publish {', '.join(found.partitions) or dataset} without {found.path}?"):
            console.print("Nothing was changed.")
            return
        for each in known:
            if each.identity == found.identity:
                forget(ledger, each)
    console.print(f"{found.path} counts no more: {_next(dataset, found)}", markup=False, soft_wrap=True)


def _next(dataset: str, file: Landed) -> str:
    of = f" --partition {file.partitions[0]}" if file.partitions and file.partitions[0] else ""
    return f"the sensor publishes what follows from that, or do it now: `dp materialize {dataset}{of}`"


def _landings(dataset: str = "") -> dict[str, Landing]:
    """The landing zones by dataset."""
    from data_platform.datasets import Dataset

    if dataset:
        contract_of(dataset)
    known = [each for each in definitions().assets or () if isinstance(each, Dataset)]
    return {
        each.contract.dataset: landing
        for each in known
        if (landing := each.producer.signature.landing) is not None and dataset in ("", each.contract.dataset)
    }


def _landing(dataset: str) -> Landing:
    found = _landings(dataset)
    if dataset not in found:
        fail(f"{dataset} has no landing zone: its producer reads no Landing(...)")
    return found[dataset]


def _place(dataset: str, landing: Landing) -> tuple[Folder, Ledger]:
    from data_platform.files.landing.folder import Folder
    from data_platform.files.landing.ledger import Ledger

    settings = Settings.from_environment()
    return Folder.of(landing.location, settings.files), Ledger(settings.home, dataset)


def _files(dataset: str, state: Shown | None) -> list[tuple[Landed, str, str]]:
    """Files, latest first, each with what became of it and the run or reason."""
    from data_platform.files.landing.contents import State, duplicates
    from data_platform.files.landing.ledger import Ledger

    files = Ledger(Settings.from_environment().home, dataset).files()
    twice, found = duplicates(files), []
    for each in sorted(files, key=lambda file: (file.landed_at, file.path), reverse=True):
        shown, why = str(each.state), each.run_id[:8] and f"run {each.run_id[:8]}"
        if each.state is State.REFUSED:
            why = each.reason
        elif (each.path, each.hash) in twice:
            shown, why = Shown.DUPLICATE, f"same as {twice[each.path, each.hash]}"
        elif not each.present and each.state is State.LANDED:
            shown, why = Shown.GONE, "taken away before it was ingested"
        elif not each.present:
            why += ", not there any more"
        if state in (None, shown):
            found.append((each, str(shown), why))
    return found


def _row(file: Landed, state: str, why: str) -> tuple[object, ...]:
    cut = file.partitions
    partitions = f"{cut[0]} .. {cut[-1]} ({len(cut)})" if len(cut) > 2 else ", ".join(filter(None, cut)) or None
    at, rows = datetime.fromisoformat(file.landed_at), file.rows if file.rows >= 0 else None
    return file.path, at, state, partitions, rows, file.hash[:12], why
