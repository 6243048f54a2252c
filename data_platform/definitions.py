"""What Dagster loads: every domain's room, the example's source systems, and the platform's executor.

Loading reads contracts and imports the domains' functions; it touches no network, no database and no JVM.
"""

from data_platform import domains
from data_platform.datasets.build import build_definitions
from data_platform.marketplace.resources import EventFiles, Monolith
from data_platform.operations.executor import warm_executor

defs = build_definitions(
    domains,
    resources={"monolith": Monolith(), "events": EventFiles()},
    executor=warm_executor,
)
