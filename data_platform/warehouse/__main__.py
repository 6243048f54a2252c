"""`python -m data_platform.warehouse`: bring models/sources.yml, the manifest and the models' column lineage up to date
(`make manifest`). Definitions do the same when they load and something has changed."""

import sys

from data_platform.datasets.errors import DefinitionError
from data_platform.warehouse.manifest import models, static_lineage

if __name__ == "__main__":
    try:
        print(f"{len(models())} SQL datasets, {len(static_lineage())} with column lineage")
    except DefinitionError as error:
        sys.exit(str(error))
