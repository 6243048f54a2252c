"""What makes a dataset: its function, and all that a step needs to know about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from data_platform.contracts import Contract
from data_platform.datasets.signature import Signature


@dataclass(frozen=True, slots=True)
class Producer:
    """The function, its contract, what it reads, and how its checks are grouped; `contracts` is the registry."""

    function: Callable[..., Any]
    contract: Contract
    signature: Signature
    key: dg.AssetKey
    granularity: str
    code_version: str
    contracts: Mapping[str, Contract]
