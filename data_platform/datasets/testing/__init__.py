"""What a domain team tests with. Everything works in one process, on a lakehouse of its own, in seconds.

| for | there is |
|---|---|
| the function alone | call the dataset with frames: `listing_views(frame)` |
| rows by hand | `valid_frame(contract)`, `breaking_frames(contract)` |
| rows by hypothesis | `frames_from(contract)`, `breaking_frames_from(contract)` |
| a frame against its contract | `assert_contract_holds(frame, contract)` |
| a dataset with its checks | `materialize(dataset, partition, inputs={"views": frame})`, `execute_checks(dataset)` |
| what is published | `publish_frame(frame, contract)`, `read_dataset(contract)` |
| the very rows, kept in a file | `assert_golden(dataset, "golden/views.csv")`, `pytest --update-golden` |
| a moment | `frozen_clock("2026-11-03T06:00")` |
| a lakehouse | `temporary_lakehouse()`, or the fixture `lakehouse` |

As a pytest plugin (`pytest_plugins = ["data_platform.datasets.testing"]` in the uppermost `conftest.py`) it gives the
fixture `lakehouse` and the option `--update-golden`. Strategies need hypothesis, which is in the extra `test`.
"""

from data_platform.datasets.frames import breaking_frames, valid_frame
from data_platform.datasets.testing.bounds import CannotDrawError
from data_platform.datasets.testing.clock import frozen_clock
from data_platform.datasets.testing.golden import assert_golden
from data_platform.datasets.testing.holds import assert_contract_holds
from data_platform.datasets.testing.lakehouses import publish_frame, read_dataset, temporary_lakehouse
from data_platform.datasets.testing.plugin import lakehouse, pytest_addoption, pytest_configure
from data_platform.datasets.testing.steps import execute_checks, materialize
from data_platform.datasets.testing.strategies import breaking_frames_from, frames_from

__all__ = [
    "CannotDrawError",
    "assert_contract_holds",
    "assert_golden",
    "breaking_frames",
    "breaking_frames_from",
    "execute_checks",
    "frames_from",
    "frozen_clock",
    "lakehouse",
    "materialize",
    "publish_frame",
    "pytest_addoption",
    "pytest_configure",
    "read_dataset",
    "temporary_lakehouse",
    "valid_frame",
]
