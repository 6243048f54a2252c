"""Who reads, and what they may see: the one place that decides it. Guidance, not a security boundary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data_platform.contracts import Column, Contract
from data_platform.contracts.model import SENSITIVITIES
from data_platform.contracts.naming import closest
from data_platform.lake.errors import LakeError
from data_platform.settings import Settings


@dataclass(frozen=True, slots=True)
class Reader:
    """A member of `domains`, cleared for columns up to `clearance`."""

    domains: tuple[str, ...] = ()
    clearance: str = "internal"

    @classmethod
    def of(cls, settings: Settings) -> Reader:
        return cls(settings.domains, settings.clearance)

    def sees(self, contract: Contract) -> bool:
        return contract.visibility == "public" or contract.domain in self.domains

    def cleared_for(self, column: Column) -> bool:
        return SENSITIVITIES.index(column.classification) <= SENSITIVITIES.index(self.clearance)

    def columns(self, contract: Contract) -> tuple[Column, ...]:
        """The columns of a dataset that the reader is cleared for; LakeError where those are none."""
        if found := tuple(filter(self.cleared_for, contract.columns)):
            return found
        raise LakeError(f"{contract.dataset}: every column is above your clearance, {self.clearance}. {ask(contract)}")

    def hidden(self, contract: Contract) -> tuple[Column, ...]:
        """The columns above the reader's clearance."""
        return tuple(column for column in contract.columns if not self.cleared_for(column))

    def choose(self, contract: Contract, names: Sequence[str]) -> tuple[str, ...]:
        """Columns asked for by name; LakeError for one that does not exist or is above the clearance."""
        known = {column.name: column for column in contract.columns}
        for name in names:
            if name not in known:
                meant = closest(name, (each.name for each in self.columns(contract)))
                there = f"did you mean {meant}?" if meant else f"it has {', '.join(known)}"
                raise LakeError(f"{contract.dataset} has no column {name!r}; {there}")
            if not self.cleared_for(known[name]):
                raise LakeError(self.refusal(contract, known[name]))
        return tuple(names)

    def refusal(self, contract: Contract, column: Column) -> str:
        """Why a column is not there, and what to do about it."""
        return (
            f"{contract.dataset}: the column {column.name} is {column.classification}, above your clearance, "
            f"{self.clearance}. {ask(contract)} If you are cleared, set DATA_PLATFORM_CLEARANCE={column.classification}."
        )

    def turned_away(self, contract: Contract) -> str:
        """Why a dataset is not there, and what to do about it."""
        belongs = f"you read as {' and '.join(self.domains)}" if self.domains else "DATA_PLATFORM_DOMAIN is not set"
        return (
            f"{contract.dataset} is private to the domain {contract.domain}; {belongs}. {ask(contract)} "
            f"If you work in {contract.domain}, set DATA_PLATFORM_DOMAIN={contract.domain}."
        )

    def left_out(self, contract: Contract) -> str:
        """A sentence on the columns above the clearance, '' where there are none."""
        names = ", ".join(f"{column.name} ({column.classification})" for column in self.hidden(contract))
        return f"{contract.dataset}: left out, above your clearance, {self.clearance}: {names}" if names else ""


def ask(contract: Contract) -> str:
    """Whom to ask about a dataset."""
    who = ", ".join(contract.owners) or f"the domain {contract.domain}"
    return f"Ask {who} for access, or for a public dataset with what you need."
