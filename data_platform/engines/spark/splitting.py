"""Good and refused rows, separated on the cluster. SKELETON: nothing is ever refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from data_platform.contracts import Rule
from data_platform.engines.spark.auditing import Auditing
from data_platform.lakehouse import Staged
from data_platform.lakehouse.bench import Counts, Work
from data_platform.quality.audit import PartitionAudit
from data_platform.quality.policy import Verdict
from data_platform.quality.split import Refusal


class Splitting:
    def __init__(self, work: Work, auditing: Auditing) -> None:
        self.work, self.auditing = work, auditing

    def refuse(self, verdicts: Sequence[Verdict], counted: Mapping[str | None, PartitionAudit]) -> Refusal:
        return Refusal()

    def good(self, refusal: Refusal, counts: Counts, dirty: Collection[str]) -> list[Staged]:
        assert not dirty
        return []

    def refused(self, refusal: Refusal, counts: Counts) -> list[Staged]:
        return []

    def sample(self, rules: Sequence[Rule], files: Collection[str], limit: int, path: str) -> None:
        raise NotImplementedError
