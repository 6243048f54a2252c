"""Column lineage that a dataset declares, where its function's frames cannot say it: `@dataset(..., lineage={...})`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from data_platform.contracts import Contract
from data_platform.datasets.signature import Signature
from data_platform.lineage import Kind, Origin

ROWS = "*"
"""Among the outputs: what decides which rows there are."""
Declared = Mapping[str, Iterable[str]]


def read_declared(
    lineage: Declared, contract: Contract, signature: Signature
) -> tuple[dict[str, frozenset[Origin]], list[str]]:
    """What is declared by output column (the rows under ''), and every problem with it.

    An origin is `<domain>.<dataset>.<column>`, with its kind in front where that is not TRANSFORMATION (for the rows:
    FILTER), as in `AGGREGATION tracking.sessions.views`.
    """
    read: dict[str, set[str]] = {}
    for each in signature.inputs:
        read.setdefault(each.reads.dataset, set()).update(each.reads.columns or each.contract.column_names)
    found, problems = dict[str, frozenset[Origin]](), list[str]()
    for output, origins in lineage.items():
        if output != ROWS and output not in contract.column_names:
            problems.append(
                f"lineage declares {output}, which the contract of {contract.dataset} does not have; its columns are "
                f"{', '.join(contract.column_names)}"
            )
            continue
        known = set()
        for written in origins:
            kind, _, column = written.rpartition(" ")
            dataset, _, column = column.rpartition(".")
            kind = kind or ("FILTER" if output == ROWS else "TRANSFORMATION")
            if column not in read.get(dataset, ()):
                problems.append(
                    f"lineage: {output} is said to come from {written}, which no parameter reads; name a dataset and "
                    "column of a Reads(...)"
                )
            elif kind not in Kind.__members__ or (output == ROWS and Kind(kind).is_direct) or kind == "OPAQUE":
                kinds = [str(each) for each in Kind if each != Kind.OPAQUE and not (output == ROWS and each.is_direct)]
                problems.append(f"lineage: {written} of {output} needs one of the kinds {', '.join(kinds)} in front")
            else:
                known.add(Origin(dataset, column, Kind(kind)))
        found["" if output == ROWS else output] = frozenset(known)
    return found, problems
