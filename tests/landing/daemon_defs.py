"""What the real daemon loads in `test_daemon.py`."""

import dagster as dg

from data_platform.operations.landing import landing_sensors
from tests.landing.scenario import ALL

defs = dg.Definitions(ALL, sensors=landing_sensors(ALL))
