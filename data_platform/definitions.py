"""What Dagster loads: every domain's room, the example's source systems, and how the platform is operated.

Loading reads contracts and imports the domains' functions; it touches no network, no database and no JVM.
"""

from data_platform import domains
from data_platform.datasets.build import build_definitions, contracts_of, datasets_of
from data_platform.datasets.spark import SparkSessionResource
from data_platform.marketplace.resources import EventFiles, Monolith
from data_platform.operations.check_job import check_job
from data_platform.operations.executor import warm_executor
from data_platform.operations.journals import journal_sensor
from data_platform.operations.landing import landing_sensors
from data_platform.operations.maintenance import maintenance_schedule
from data_platform.operations.quality_schedules import quality_schedules
from data_platform.operations.quarantine import quarantine_sensor, retention_schedule
from data_platform.warehouse.assets import absent, warehouse_assets

warehouse = warehouse_assets()
contracts, datasets = contracts_of(domains), datasets_of(domains)

defs = build_definitions(
    domains,
    assets=warehouse,
    absent=absent(),
    resources={"monolith": Monolith(), "events": EventFiles(), "spark": SparkSessionResource()},
    executor=warm_executor,
    jobs=[check_job([*datasets, *warehouse])],
    schedules=[
        *quality_schedules([*datasets, *warehouse]),
        retention_schedule(list(contracts.values())),
        maintenance_schedule(list(contracts.values())),
    ],
    sensors=[
        journal_sensor(contracts),
        quarantine_sensor(list(contracts.values())),
        *landing_sensors(datasets),
    ],
)
