"""What `dg scaffold defs` offers: `dp scaffold dataset`, for who works with `dg`.

    dg scaffold defs data_platform.components.FileDatasets shop --files data/orders.csv --files data/lines.csv

writes the domain `shop`. A component here is thin: it calls a room, and owns no behaviour.
"""

from data_platform.components.file_datasets import FileDatasets

__all__ = ["FileDatasets"]
