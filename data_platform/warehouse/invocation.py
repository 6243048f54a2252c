"""One invocation of dbt: chosen models over pinned snapshots, in an in-memory DuckDB of its own.

What a model reads becomes views just before it runs, each over the files planned for this very model: two models of one
invocation may read different partitions of the same dataset. Hence one thread.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import dagster as dg

from data_platform.contracts import Contract
from data_platform.contracts.partitions import split, start_of
from data_platform.lakehouse import Lakehouse, ReadPlan
from data_platform.lakehouse.duck import confine, prepare, stored
from data_platform.quality.sql import identifier, text
from data_platform.warehouse.bake import PARSED, baked
from data_platform.warehouse.dbt import invoke
from data_platform.warehouse.manifest import Model, Test
from data_platform.warehouse.project import Project, state

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

_ALONE = threading.RLock()
"""dbt keeps its flags, its adapters and its log in globals: one invocation per process at a time."""
_current: Invocation | None = None


class Maker(Protocol):
    """What becomes of models; what either raises fails the model, and dbt then runs nothing that depends on it."""

    def reads(self, model: Model) -> Mapping[str, ReadPlan]:
        """What it is to read, by dataset; asked when its turn has come."""
        ...

    def make(self, model: Model, rows: DuckDBPyRelation) -> None:
        """Its rows, not yet fetched."""
        ...

    def made(self, model: Model) -> ReadPlan:
        """What its tests are to see of it."""
        ...

    def other(self, dataset: str) -> ReadPlan:
        """What tests are to see of a dataset that their model does not read."""
        ...


@dataclass(frozen=True, slots=True)
class Skipped:
    """A model that dbt could not run, or (then `failed` is false) did not, because of another."""

    model: Model
    why: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Tested:
    """What dbt says of one test: rows that fail it, and in words; `ran` is false where it never came to it."""

    model: Model
    test: Test
    passed: bool
    failures: int | None = None
    message: str = ""
    ran: bool = True

    def result(self, key: dg.AssetKey) -> dg.AssetCheckResult:
        return dg.AssetCheckResult(
            check_name=self.test.name,
            asset_key=key,
            passed=self.passed,
            severity=dg.AssetCheckSeverity.ERROR if self.test.is_error else dg.AssetCheckSeverity.WARN,
            description=None if self.passed else self.message,
            metadata={} if self.failures is None else {"failing_rows": self.failures},
        )


@dataclass
class Invocation:
    """`on_end` hears of each test as it ends (Tested), and of models that were not made (Skipped)."""

    project: Project
    lakehouse: Lakehouse
    maker: Maker
    on_end: Callable[[Tested | Skipped], None] = lambda news: None
    canceled: bool = False
    _models: dict[str, Model] = field(default_factory=dict)
    _tests: dict[str, tuple[Model, Test]] = field(default_factory=dict)
    _target: str = ""
    _running: DuckDBPyConnection | None = None

    def run(
        self,
        chosen: Sequence[Model],
        tests: Sequence[Test],
        partitions: Mapping[str, Sequence[str]],
        *,
        only_tests: bool = False,
    ) -> None:
        """Build the chosen models for `partitions` (see `literals`), each followed by those of its tests that are
        chosen. Raises Failed where dbt itself fails; what becomes of models and tests is told to `maker` and `on_end`.
        """
        from dbt.contracts.graph.manifest import Manifest

        self._models = {each.unique_id: each for each in chosen}
        names = {test.unique_id for test in tests}
        self._tests = {t.unique_id: (each, t) for each in chosen for t in each.tests if t.unique_id in names}
        selected = [t.selector for t in tests] + ([] if only_tests else [each.selector for each in chosen])
        if not selected:
            return
        arguments = [
            *("test" if only_tests else "build", "--no-populate-cache", "--indirect-selection", "empty"),
            *("--vars", json.dumps({"partitions": partitions}), "--select", *selected),
        ]
        state().mkdir(parents=True, exist_ok=True)
        manifest = Manifest.from_msgpack((baked(self.project) / PARSED).read_bytes())
        with _alone(self), tempfile.TemporaryDirectory(dir=state(), prefix="run-") as self._target:
            target = Path(self._target)
            invoke(arguments, self.project.folder, target, manifest=manifest, callbacks=[self._hear], may_fail=True)

    def cancel(self) -> None:
        """Stop at once: the running query is interrupted, nothing further starts."""
        self.canceled = True
        if (running := self._running) is not None:
            running.interrupt()

    def connect(self, connection: DuckDBPyConnection) -> None:
        """From here on the database reaches the lakehouse's files and no others: a model reads what it refers to."""
        warehouse = self.lakehouse.settings.warehouse
        prepare(connection, warehouse)
        confine(connection, [warehouse], f"{self._target}/spill")

    def make(self, unique_id: str, query: str, connection: DuckDBPyConnection) -> None:
        """A model's turn."""
        model = self._models[unique_id]
        self._check()
        self._show(self.maker.reads(model), connection)
        with connection.cursor() as cursor:
            prepare(cursor, self.lakehouse.settings.warehouse)
            self._running = cursor  # each cursor is a connection of its own to DuckDB, to be interrupted alone
            try:
                self._check()
                self.maker.make(model, cursor.sql(query))
            finally:
                self._running = None

    def before_test(self, unique_id: str, connection: DuckDBPyConnection) -> None:
        """A test's turn: its model as it was published just now, and what the model read."""
        self._check()
        if unique_id not in self._tests:
            return
        model, test = self._tests[unique_id]
        read = self.maker.reads(model)
        others = {name: read[name] if name in read else self.maker.other(name) for name in test.reads}
        self._show({**others, model.dataset: self.maker.made(model)}, connection)

    def _check(self) -> None:
        if self.canceled:
            raise InterruptedError("canceled")

    def _show(self, plans: Mapping[str, ReadPlan], connection: DuckDBPyConnection) -> None:
        for dataset, plan in plans.items():
            schema, _, name = dataset.partition(".")
            with connection.cursor() as cursor:
                prepare(cursor, self.lakehouse.settings.warehouse)
                query = stored(cursor, plan.columns, plan.files)
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
                cursor.execute(f"CREATE OR REPLACE VIEW {identifier(schema)}.{identifier(name)} AS {query}")

    def _hear(self, event: Any) -> None:
        if event.info.name != "NodeFinished":
            return
        node, result = event.data.node_info.unique_id, event.data.run_result
        if node in self._models and result.status in ("error", "skipped"):
            self.on_end(Skipped(self._models[node], _sentence(result.message), result.status == "error"))
        elif node in self._tests:
            model, test = self._tests[node]
            ran = result.status in ("pass", "warn", "fail", "error")
            failures = result.num_failures if result.status in ("pass", "warn", "fail") else None
            self.on_end(Tested(model, test, result.status == "pass", failures, _sentence(result.message), ran))


def _sentence(message: str | None) -> str:
    """What dbt says, in one line."""
    return " ".join((message or "what it depends on is not there").split())


def current() -> Invocation | None:
    """The invocation that this process is running."""
    return _current


@contextmanager
def _alone(invocation: Invocation) -> Iterator[None]:
    global _current
    with _ALONE:
        _current = invocation
        try:
            yield
        finally:
            _current = None
            _forget()


def _forget() -> None:
    """Close the in-memory database: dbt-duckdb would hand it to the next invocation."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager as Manager

    if Manager._ENV is not None:
        Manager._ENV.close()
        Manager._ENV = None


def literals(contract: Contract, partitions: Sequence[str]) -> dict[str, list[str]]:
    """The partitions to build as SQL literals, by partition column: what the macro `partitions()` renders."""
    partitioning = contract.partitioning
    if partitioning is None:
        return {}
    values = [split(partitioning, partition) for partition in partitions]
    found = {}
    for place, key in enumerate(partitioning.keys):
        distinct = sorted({each[place] for each in values})
        found[key.column] = [_literal(key, value) for value in distinct]
    return found


def _literal(key: Any, value: str) -> str:
    if key.granularity == "day":
        return f"DATE {text(value)}"
    if key.granularity == "hour":
        return f"TIMESTAMPTZ {text(start_of(key, value).isoformat())}"
    return text(value)
