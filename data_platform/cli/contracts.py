"""`dp contracts`: are contracts right."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data_platform.cli.from_pandera import contracts_from_pandera
from data_platform.cli.output import console, examples, fail, print_json
from data_platform.cli.project import DOMAINS
from data_platform.cli.suggest import contracts_suggest

if TYPE_CHECKING:
    from data_platform.contracts import Finding

app = typer.Typer(
    no_args_is_help=True, help="Contracts: check them, draft one from a pandera model, let one follow its data."
)
app.command(
    "from-pandera",
    epilog=examples("dp contracts from-pandera shop.models:Orders --dataset shop.orders --owner ana@market.example"),
)(contracts_from_pandera)
app.command(
    "suggest",
    epilog=examples(
        "dp contracts suggest ads.listings  # why the last publication was refused, and the patch",
        "dp contracts suggest ads.listings --write",
        "dp contracts suggest ads.listings --from 'new/*.csv'  # before they come",
    ),
)(contracts_suggest)


class FindingFormat(StrEnum):
    TABLE = "table"
    JSON = "json"
    GITHUB = "github"


@app.command(
    "check",
    epilog=examples(
        "dp contracts check",
        "dp contracts check data_platform/domains/ads --format json",
        "dp contracts check --format github  # in a pull request",
        "dp contracts check --standard-only theirs.odcs.yaml",
    ),
)
def contracts_check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders; default: all domains.")] = None,
    output: Annotated[
        FindingFormat, typer.Option("--format", help="For people, for programs, or as annotations of a pull request.")
    ] = FindingFormat.TABLE,
    standard_only: Annotated[
        bool,
        typer.Option(
            "--standard-only",
            help="Any ODCS document (3.0 to 3.2): hold it to the standard and its meaning alone, not to this platform's "
            "norms (naming, domains, owners, file names, one dataset per file, our customProperties).",
        ),
    ] = False,
) -> None:
    """Check contracts: the ODCS standard first, then their meaning.

    All findings come at once, each with its place (file:line:column), its code, what is wrong and how to mend it.

    Exit code: 0 all hold, 1 there are findings, 2 a wrong call or nothing to check.
    """
    from data_platform.contracts.catalog import check
    from data_platform.contracts.files import contracts_in, documents_in

    asked = paths or [DOMAINS]
    if absent := [path for path in asked if not path.exists()]:
        fail(f"no such file or folder: {', '.join(map(str, absent))}", 2)
    files = list(dict.fromkeys(documents_in(asked) if standard_only else contracts_in(asked)))
    if not files:
        what = "ODCS document (*.odcs.yaml, or kind: DataContract)" if standard_only else "contract (contracts/*.yaml)"
        fail(f"no {what} in {', '.join(map(str, asked))}", 2)
    findings = check(files, standard_only=standard_only)
    match output:
        case FindingFormat.JSON:
            fields = ("file", "line", "column", "code", "message", "fix")
            print_json([{name: getattr(each, name) for name in fields} for each in findings])
        case FindingFormat.GITHUB:
            for finding in findings:
                print(_annotation(finding))  # noqa: T201 # not through the console: colour would hide the command
            _summary(findings, len(files))
        case FindingFormat.TABLE:
            for finding in findings:
                console.print(str(finding), style="red", markup=False, soft_wrap=True)
            _summary(findings, len(files))
    raise typer.Exit(1 if findings else 0)


def _summary(findings: Sequence[Finding], files: int) -> None:
    contracts = f"{files} contract{'s' if files > 1 else ''}"
    if not findings:
        console.print(f"{contracts}, no findings.", style="green")
        return
    wrong = len({finding.file for finding in findings})
    console.print(f"{len(findings)} finding{'s' if len(findings) > 1 else ''} in {wrong} of {contracts}.", style="red")


def _annotation(finding: Finding) -> str:
    """A finding as a workflow command of GitHub Actions, its file relative to where it runs."""
    file = Path(finding.file).absolute()
    shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    place = {"file": shown.as_posix(), "line": finding.line, "col": finding.column, "title": finding.code}
    properties = ",".join(f"{name}={_escaped(str(value), ',:')}" for name, value in place.items())
    fix = f" Fix: {finding.fix}" if finding.fix else ""
    return f"::error {properties}::{_escaped(finding.message + fix)}"


def _escaped(text: str, separators: str = "") -> str:
    """Text as a workflow command carries it: line ends and what separates its parts as percent and hexadecimal."""
    return "".join(f"%{ord(each):02X}" if each in f"%\r\n{separators}" else each for each in text)
