"""What commands ask about: this project's contracts and Dagster definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from data_platform.cli.output import fail
from data_platform.settings import PROJECT, Settings

if TYPE_CHECKING:
    from dagster import Definitions

    from data_platform.contracts import Contract, Contracts

DOMAINS = PROJECT / "data_platform" / "domains"


def all_contracts() -> Contracts:
    from data_platform.contracts import Contracts

    return Contracts.load(DOMAINS, cache=Settings.from_environment().home / "cache")


def contract_of(dataset: str, contracts: Contracts | None = None) -> Contract:
    """The contract of a dataset named on the command line; ends the command where there is none of that name.
    `contracts` are all, where they are loaded already."""
    contracts = contracts if contracts is not None else all_contracts()
    if dataset not in contracts:
        near = ", ".join(contracts.suggest(dataset))
        fail(f"no dataset {dataset!r}" + (f"; did you mean {near}?" if near else "; `dp datasets ls` lists them"))
    return contracts[dataset]


def column_of(asked: str) -> tuple[Contract, str]:
    """The dataset and the column ('' where none is named) of `domain.name[.column]`; ends the command where there is no
    such dataset or column."""
    dataset, column = ".".join(asked.split(".", 2)[:2]), "".join(asked.split(".", 2)[2:])
    contract = contract_of(dataset)
    if column and column not in contract.column_names:
        fail(f"{dataset} has no column {column!r}; it has {', '.join(contract.column_names)}")
    return contract, column


def only_of(contract: Contract, partition: str) -> list[str] | None:
    """The partition named on the command line, as those to look at (None: all); ends the command where the dataset has
    none."""
    if partition and contract.partitioning is None:
        fail(f"{contract.dataset} is not partitioned; leave --partition out")
    return [partition] if partition else None


def definitions() -> Definitions:
    from data_platform.definitions import defs

    return defs


def complete_dataset(incomplete: str) -> list[str]:
    """The datasets that begin so, by the names of their contracts' files: a shell does not wait for YAML."""
    found = {f"{file.parent.parent.name}.{file.stem}" for file in DOMAINS.glob("*/contracts/*.yaml")}
    return sorted(dataset for dataset in found if dataset.startswith(incomplete))


def complete_domain(incomplete: str) -> list[str]:
    return sorted({each.partition(".")[0] for each in complete_dataset(incomplete)})


DatasetArgument = Annotated[
    str, typer.Argument(metavar="DATASET", help="Which, as `domain.name`.", autocompletion=complete_dataset)
]
ColumnArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATASET[.column]", help="Which: `domain.name`, or a column of it.", autocompletion=complete_dataset
    ),
]
DomainOption = Annotated[str, typer.Option("--domain", help="Only this domain.", autocompletion=complete_domain)]
