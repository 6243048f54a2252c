"""Dagster's event log in one SQLite file, for runs of many small events.

A dataset with twenty rules writes about sixty events. Dagster's SQLite storages build a database engine, compile the
statement and open and close the file anew for each of them (tens of milliseconds); this one keeps the engine. Chosen
in `dagster.yaml`; a deployment with PostgreSQL uses dagster-postgres there instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from dagster import DagsterEventType, EventLogEntry
from dagster import _check as check
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable as CheckExecutions
from dagster._record import copy as record_copy
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, inspect
from sqlalchemy import event as sqlalchemy_event

BUSY_SECONDS = 60


class EventLog(ConsolidatedSqliteEventLogStorage):
    """`base_dir` is DAGSTER_HOME; the file is `<base_dir>/events/event_log.db`.

    Write-ahead logging with synchronous=NORMAL: a killed process loses nothing, a power cut at most the last events,
    and neither corrupts the file (https://www.sqlite.org/pragma.html#pragma_synchronous).
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None):
        self._engine: Engine | None = None
        self._engine_pid = 0
        self._tables: dict[str, bool] = {}
        self._evaluated: dict[tuple[str, str], set[str]] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        return cls(str(Path(config_value["base_dir"]) / "events"), inst_data)

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        if self._engine is None or self._engine_pid != os.getpid():  # a forked step must not use its parent's files
            self._engine, self._engine_pid = self._open(), os.getpid()
        with self._engine.begin() as connection:
            yield connection

    def _store_asset_check_evaluation_planned(self, event: EventLogEntry, event_id: int | None) -> None:
        """Plan a check once per run, not once per partition: a step evaluates it once (a check result has no partition),
        and the other planned rows would stay in the history for ever as skipped or failed executions."""
        told = check.not_none(event.dagster_event)
        planned = record_copy(told.event_specific_data, partitions_subset=None)  # type: ignore[type-var]
        event = event._replace(dagster_event=told._replace(event_specific_data=planned))
        super()._store_asset_check_evaluation_planned(event, event_id)

    def _update_asset_check_evaluation(self, event: EventLogEntry, event_id: int | None) -> None:
        super()._update_asset_check_evaluation(event, event_id)
        told = check.not_none(event.dagster_event)
        if told.step_key:
            about = told.asset_check_evaluation_data.asset_key.to_string()
            self._evaluated.setdefault((event.run_id, told.step_key), set()).add(about)

    def store_event(self, event: EventLogEntry) -> None:
        """At the end of a step that evaluated checks, those that it was to evaluate and did not leave no trace: a rule
        with a schedule is planned with every run of its dataset, and would be shown as skipped or failed ever after."""
        super().store_event(event)
        if event.dagster_event_type not in (DagsterEventType.STEP_SUCCESS, DagsterEventType.STEP_FAILURE):
            return
        step = check.not_none(check.not_none(event.dagster_event).step_key)
        if assets := self._evaluated.pop((event.run_id, step), None):
            left_over = CheckExecutions.delete().where(
                CheckExecutions.c.asset_key.in_(assets),
                CheckExecutions.c.run_id == event.run_id,
                CheckExecutions.c.execution_status == AssetCheckExecutionRecordStatus.PLANNED.value,
                CheckExecutions.c.evaluation_event.contains(f'"step_key": "{step}"', autoescape=True),
            )
            with self.index_transaction() as connection:
                connection.execute(left_over)

    def has_table(self, table_name: str) -> bool:
        """Asked for every materialization; tables come and go with migrations only."""
        if table_name not in self._tables:
            with self._connect() as connection:
                self._tables[table_name] = inspect(connection).has_table(table_name)
        return self._tables[table_name]

    def _open(self) -> Engine:
        engine = create_engine(self._conn_string, connect_args={"timeout": BUSY_SECONDS})

        @sqlalchemy_event.listens_for(engine, "connect")
        def configure(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA synchronous = NORMAL")

        return engine

    def dispose(self) -> None:
        if self._engine is not None and self._engine_pid == os.getpid():
            self._engine.dispose()
        self._engine = None
        super().dispose()
