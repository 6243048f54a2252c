"""`dp contracts from-pandera`: a contract to start from, for who has a pandera model already."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from data_platform.cli.output import errors, fail


def contracts_from_pandera(
    model: Annotated[str, typer.Argument(help="module:Model, a DataFrameModel or DataFrameSchema.")],
    dataset: Annotated[str, typer.Option(help="What to call it: domain.name.")] = "",
    owner: Annotated[list[str] | None, typer.Option(help="Who answers for it: an e-mail address.")] = None,
    out: Annotated[Path | None, typer.Option(help="The file to write; default: print it.")] = None,
) -> None:
    """Draft a contract from a pandera model of pandas, Polars or PySpark.

    What a contract cannot say is listed on stderr, and kept in it as a promise in words (`type: text`).
    """
    from data_platform.contracts.pandera.schema import draft, load

    if dataset and dataset.count(".") != 1:
        fail(f"{dataset!r} is no dataset's name; write domain.name", 2)
    if out and out.exists():
        fail(f"{out} is there already; remove it or choose another file", 2)
    sys.path.insert(0, "")  # as `python -m` does: the model is in the folder one works in
    drafted = draft(load(model), dataset, owner or [])
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(drafted.yaml(model), "utf-8")
    else:
        print(drafted.yaml(model), end="")  # noqa: T201
    for each in drafted.to_do:
        errors.print(f"to do: {each}", style="yellow", markup=False, soft_wrap=True)
