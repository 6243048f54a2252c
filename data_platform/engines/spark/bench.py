"""The bench for what was staged by Spark: audited and split on the cluster (see `lakehouse.bench`)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from data_platform.contracts import Rule
from data_platform.engines.spark.auditing import Auditing
from data_platform.engines.spark.session import session, with_settings
from data_platform.engines.spark.splitting import Splitting
from data_platform.engines.spark.types import TIMES
from data_platform.lakehouse import Staged
from data_platform.lakehouse.bench import Bench, Counts, Work
from data_platform.quality.audit import PartitionAudit
from data_platform.quality.policy import Verdict
from data_platform.quality.split import Refusal

SETTINGS = TIMES | {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # what overflows is an error, and no other number
    "spark.sql.caseSensitive": "true",  # a column is called what the contract calls it
    "spark.sql.decimalOperations.allowPrecisionLoss": "true",
    "spark.sql.adaptive.enabled": "true",
}
"""What an audit means must not depend on the session, which may be the user's own."""


@contextmanager
def spark_bench(work: Work) -> Iterator[Bench]:
    with with_settings(session(), SETTINGS):
        yield _SparkBench(work)


class _SparkBench:
    def __init__(self, work: Work) -> None:
        self._auditing = Auditing(work)
        self._splitting = Splitting(work, self._auditing)

    def count(self) -> dict[str | None, PartitionAudit]:
        return self._auditing.count()

    def judge(self, counted: Mapping[str | None, PartitionAudit]) -> tuple[Verdict, ...]:
        return self._auditing.judge(counted)

    def refuse(self, verdicts: Sequence[Verdict], counted: Mapping[str | None, PartitionAudit]) -> Refusal:
        return self._splitting.refuse(verdicts, counted)

    def good(self, refusal: Refusal, counts: Counts, dirty: Collection[str]) -> list[Staged]:
        return self._splitting.good(refusal, counts, dirty)

    def refused(self, refusal: Refusal, counts: Counts) -> list[Staged]:
        return self._splitting.refused(refusal, counts)

    def sample(self, rules: Sequence[Rule], files: Collection[str], limit: int, path: str) -> None:
        self._splitting.sample(rules, files, limit, path)
