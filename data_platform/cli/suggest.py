"""`dp contracts suggest`: what would make a contract accept the rows it refused."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data_platform.cli import project
from data_platform.cli.output import Format, FormatOption, console, errors, fail, print_json, progress, table
from data_platform.cli.project import DatasetArgument, contract_of

if TYPE_CHECKING:
    from data_platform.contracts import Contract, Finding
    from data_platform.drift import Evidence, Suggestion


def contracts_suggest(
    dataset: DatasetArgument,
    files: Annotated[
        list[str] | None,
        typer.Option(
            "--from", help="Look at these files instead, read as the dataset reads its own; several by several."
        ),
    ] = None,
    partition: Annotated[
        list[str] | None,
        typer.Option("--partition", help="Only what was refused of this partition; several by several."),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Change the file, if all contracts hold then.")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Print the smallest change of a contract that accepts the rows it refused, as a patch.

    It looks at what the last refusals kept (of a blocked publication, or of a frame that does not fit) and at the rows in
    quarantine, or at files that are to come. The rows concerned, what each change means to readers, and what no change can
    accept (duplicate keys, say) are told on stderr, so that stdout is the patch alone. Sensitive values are masked, and
    never suggested.

    Exit code: 0 the change accepts everything, or nothing was refused; 1 something remains, or --write was refused.
    """
    from data_platform.drift import apply, kept_evidence, suggest
    from data_platform.lakehouse import current_lakehouse

    contract, lakehouse = contract_of(dataset), current_lakehouse()
    with ExitStack() as stack:
        advance = stack.enter_context(progress("Reading the refused rows"))
        if files:
            evidence = [_in_files(contract, files, Path(stack.enter_context(TemporaryDirectory())))]
        else:
            evidence = stack.enter_context(kept_evidence(lakehouse, contract, partition or None))
        advance(0, label="Looking for the smallest change")
        found = suggest(Path(contract.file), evidence, _may_widen(contract))
        told = [each.source for each in evidence]
    wrong: list[Finding] = []
    if write and found.patch:
        from data_platform.contracts.catalog import check

        wrong = apply(found, lambda: check([project.DOMAINS]))
    if output is Format.JSON:
        print_json(_as_json(contract, found, told, written=write and bool(found.patch) and not wrong))
    else:
        _print(contract, found, evidence, write and not wrong)
    if wrong:
        fail("not written, for these findings would be new:\n" + "\n".join(map(str, wrong)))
    raise typer.Exit(1 if found.remaining else 0)


def _may_widen(contract: Contract) -> Any:
    """Before the first publication there is no table that would have to follow."""
    from data_platform.lakehouse import current_lakehouse
    from data_platform.lakehouse.schema import widens

    if current_lakehouse().existing_table(contract.dataset) is None:
        return lambda before, after: True
    return widens


def _in_files(contract: Contract, files: list[str], scratch: Path) -> Evidence:
    """Files as the dataset's producer reads them, or as they seem to be written where it reads none; read once."""
    import duckdb

    from data_platform.drift import Evidence
    from data_platform.files.detect import detect
    from data_platform.files.read import read
    from data_platform.files.reading import Reading
    from data_platform.files.source import locate
    from data_platform.quality.sql import text

    paths = [path for each in files for path in locate(each, str(Path.cwd()))]
    form = _format_of(contract.dataset) or detect(paths[0])
    copy = scratch / "rows.parquet"
    with Reading() as reading:
        rows = read(paths, form, {column.name: column.type for column in contract.columns}, reading=reading)
        rows.query("frame", f"COPY (SELECT * FROM frame) TO {text(str(copy))} (FORMAT parquet)")
    rows = duckdb.connect().read_parquet(str(copy))
    return Evidence(f"{len(paths)} file(s), {paths[0]}" + (", ..." if len(paths) > 1 else ""), rows, is_whole=True)


def _format_of(dataset: str) -> Any:
    """The format that the dataset's producer says its files have."""
    from data_platform.cli.project import definitions
    from data_platform.datasets.dataset import Dataset

    for asset in definitions().assets or ():
        if isinstance(asset, Dataset) and asset.contract.dataset == dataset and asset.producer.signature.files:
            return asset.producer.signature.files[0].files.format
    return None


def _print(contract: Contract, found: Suggestion, evidence: list[Evidence], write: bool) -> None:
    if not evidence:
        errors.print(f"Nothing of {contract.dataset} was refused, and nothing waits in quarantine.", style="green")
        return
    for each in evidence:
        cut = _few(each.partitions)
        errors.print(f"{contract.dataset}: {each.source}{f' ({cut})' if cut else ''}", markup=False)
    if found.concerns:
        rows = [
            (each.what, each.rows, _few(each.partitions) or None, "\n".join(map(_row, each.examples)) or None)
            for each in found.concerns
        ]
        errors.print(table(("refused for", "rows", "partitions", "such as"), rows, title="The rows"))
    if found.changes:
        changed = [
            (each.column, each.what, "BREAKING" if each.is_breaking else "compatible", each.readers)
            for each in found.changes
        ]
        title = f"What would accept them: version {found.version[0]} becomes {found.version[1]}"
        errors.print(table(("column", "change", "for readers", "which means"), changed, title=title))
    if found.remaining:
        left = [(each.column or None, each.rule or None, each.why, each.fix) for each in found.remaining]
        errors.print(table(("column", "rule", "what", "what to do"), left, title="No change of the contract accepts"))
    if not found.patch:
        errors.print("The contract as it is now needs no change.", style="green")
        return
    for line in found.patch.splitlines():
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
        console.print(line, style=style, markup=False, soft_wrap=True)
    if not write:
        errors.print(f"Apply it with `git apply`, or dp contracts suggest {contract.dataset} --write", style="green")
        return
    waiting = " Rows in quarantine: " + f"dp quarantine replay {contract.dataset}." if _waits(evidence) else ""
    errors.print(f"Written. Materialize {contract.dataset} again.{waiting}", style="green", markup=False)


def _waits(evidence: list[Evidence]) -> bool:
    return any(each.source.endswith("quarantine") for each in evidence)


def _row(values: Any) -> str:
    return ", ".join(f"{name}={value if len(value) <= 40 else value[:39] + '…'}" for name, value in values.items())


def _few(partitions: tuple[str, ...]) -> str:
    return ", ".join(partitions[:3]) + (f" and {len(partitions) - 3} more" if len(partitions) > 3 else "")


def _as_json(contract: Contract, found: Suggestion, sources: list[str], *, written: bool) -> dict[str, Any]:
    return {
        "dataset": contract.dataset,
        "file": str(found.file),
        "evidence": sources,
        "version": {"before": found.version[0], "after": found.version[1]},
        "changes": [
            {name: getattr(each, name) for name in ("column", "kind", "what", "level", "is_breaking", "readers")}
            for each in found.changes
        ],
        "remaining": [
            {"column": each.column, "rule": each.rule, "why": each.why, "fix": each.fix} for each in found.remaining
        ],
        "rows": [
            {name: getattr(each, name) for name in ("what", "rows", "partitions", "examples")}
            for each in found.concerns
        ],
        "patch": found.patch,
        "written": written,
    }
