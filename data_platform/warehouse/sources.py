"""models/sources.yml, made from the contracts: what a model may read with `source(domain, name)`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from data_platform.contracts import Contract

SOURCES = "models/sources.yml"
_HEAD = """\
# Made from the contracts whenever they change (`make manifest`); do not edit.
version: 2
sources:
"""


def sources_yaml(contracts: Iterable[Contract]) -> str:
    """One source per domain, one table per dataset; names only: descriptions and columns are in the contracts."""
    lines = [_HEAD]
    for domain, several in groupby(sorted(contracts, key=lambda each: each.dataset), lambda each: each.domain):
        lines.append(f"  - name: {domain}\n    schema: {domain}\n    tables:\n")
        lines += [f"      - name: {each.name}\n" for each in several]
    return "".join(lines) if len(lines) > 1 else f"{_HEAD.rstrip()} []\n"
