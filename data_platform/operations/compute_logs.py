"""What steps print, kept for the UI, without four helper processes per step.

Dagster's own manager also mirrors a step's output to the terminal: two `tail` and two Python processes each time, which
cost more than a small step itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from dagster._core.execution.compute_logs import redirect_to_file
from dagster._core.storage.compute_log_manager import CapturedLogContext, ComputeIOType
from dagster._core.storage.local_compute_log_manager import IO_TYPE_EXTENSION, LocalComputeLogManager
from dagster._serdes import ConfigurableClassData


class ComputeLogs(LocalComputeLogManager):
    """`base_dir` is DAGSTER_HOME; the files are where Dagster keeps them, under `<base_dir>/storage`."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        return cls(str(Path(config_value["base_dir"]) / "storage"), inst_data=inst_data)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        streams = {ComputeIOType.STDOUT: sys.stdout, ComputeIOType.STDERR: sys.stderr}
        paths = {kind: Path(self.get_captured_local_path(log_key, IO_TYPE_EXTENSION[kind])) for kind in streams}
        for path in paths.values():
            path.parent.mkdir(parents=True, exist_ok=True)
        with (
            redirect_to_file(streams[ComputeIOType.STDOUT], str(paths[ComputeIOType.STDOUT])),
            redirect_to_file(streams[ComputeIOType.STDERR], str(paths[ComputeIOType.STDERR])),
        ):
            yield CapturedLogContext(log_key)
        Path(self.complete_artifact_path(log_key)).touch()
