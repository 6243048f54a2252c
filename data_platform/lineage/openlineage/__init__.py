"""OpenLineage: what a run reads and makes, told to a catalog (Marquez, DataHub, OpenMetadata, ...) as events.

Belongs here: names, facets and events of the official client's types, and the sender, which never fails or delays a run
by more than `TIMEOUT`. Does not: Dagster (datasets/announce.py says what happens), what is recorded in the lakehouse.
The client is imported when the first event is made: who has not switched it on does not need it.
"""

from data_platform.lineage.openlineage.execution import Ending, Execution, Source
from data_platform.lineage.openlineage.sender import Sender

__all__ = ["Ending", "Execution", "Sender", "Source"]
