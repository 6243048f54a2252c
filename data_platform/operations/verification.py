"""What became of the proof that published rows are what their inputs make, in words."""

from __future__ import annotations

from dataclasses import dataclass

from data_platform.lakehouse.compare import Difference


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of the proof for one partition. `problem` says why there is none; `notes` what else differs from when
    the rows were made, or was not read from a snapshot."""

    dataset: str
    partition: str
    publication: str
    snapshot_id: int | None
    rows: int
    problem: str = ""
    difference: Difference | None = None
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.problem and (self.difference is None or self.difference.rounding)

    @property
    def sentence(self) -> str:
        name = f"{self.dataset} {self.partition}".strip()
        if self.problem:
            return f"{name}: cannot be verified: {self.problem}"
        if self.difference is None:
            return f"{name}: identical: its {self.rows:,} rows were made again, row for row"
        if self.difference.rounding:
            return f"{name}: identical but for the last digits of floats, which depend on the order of adding up"
        return f"{name}: DIFFERENT from what its inputs make: {self._summary(self.difference)}"

    @property
    def differences(self) -> tuple[str, ...]:
        """Rows that differ, in words; some of them."""
        return self.difference.samples if self.difference and not self.difference.rounding else ()

    def _summary(self, found: Difference) -> str:
        columns = ", ".join(f"{name} ({count:,})" for name, count in found.columns.items())
        rows = f"{found.only_first:,} published rows are not made again, {found.only_second:,} others are"
        return rows + (f"; columns that differ: {columns}" if columns else "")
