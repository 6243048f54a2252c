"""`dp doctor`: is everything there that the platform needs, and what to do where it is not."""

from __future__ import annotations

from typing import Annotated

import typer

from data_platform.cli import project
from data_platform.cli.output import Format, FormatOption, console, fail, print_json, progress, table

STYLES = {"ok": "green", "warning": "yellow", "problem": "red"}


def doctor(
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Only this check, as the first column names it; several by several."),
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Check what the platform needs: Python, packages, Java, memory, disk, ports, catalog, warehouse, locks, runs, alerts.

    Each line says ok, warning or problem, and what to do. Nothing is changed, and no secret is shown.

    Exit code: 0 all is well but for warnings, 1 there is a problem.
    """
    from data_platform.operations.doctor import CHECKS, Status, diagnose
    from data_platform.settings import Settings

    try:
        settings = Settings.from_environment()
    except ValueError as error:
        fail(f"settings: {error}")
    names = {each.name for each in CHECKS} | {"contracts"}
    if unknown := [each for each in only or () if each not in names]:
        fail(f"there is no check {', '.join(unknown)}; checks are {', '.join(sorted(names))}", 2)
    checks = [each for each in CHECKS if not only or each.name in only]
    with progress("Looking around"):
        found = diagnose(settings, project.DOMAINS if not only or "contracts" in only else None, checks)
    if output is Format.JSON:
        print_json(
            [
                {"check": check.name, "asks": check.asks, "status": each.status, "said": each.said, "fix": each.fix}
                for check, each in found
            ]
        )
    else:
        made = table(("check", "", "found", "what to do"), ())
        made.columns[2].overflow = made.columns[3].overflow = "fold"
        from rich.text import Text

        for check, each in found:
            made.add_row(Text(check.name), Text(each.status, STYLES[each.status]), Text(each.said), Text(each.fix))
        console.print(made)
        counts = [each.status for _, each in found]
        problems, warnings = counts.count(Status.PROBLEM), counts.count(Status.WARNING)
        style = "red" if problems else "yellow" if warnings else "green"
        console.print(f"{len(found)} checks: {problems} problem(s), {warnings} warning(s).", style=style)
    raise typer.Exit(1 if any(each.status == Status.PROBLEM for _, each in found) else 0)
