"""Reading published datasets: in a notebook or a script, and by SQL.

    from data_platform import lake

    lake.datasets()                                                   # what you may see
    lake.read("ads.listings", columns=["listing_id", "price"], partitions="2026-11-02")
    lake.sql("select city, count(*) from ads.listings group by all")  # at="2026-11-01" reads the past
    lake.contract("ads.listings")

You read as a member of the domains in `DATA_PLATFORM_DOMAIN`, cleared for what `DATA_PLATFORM_CLEARANCE` says. Private
datasets of other domains are not there for you, nor are columns more sensitive than that. This is guidance that keeps
people from reading by accident what they should not. It is no security boundary: who can change the variables, or read
the warehouse's files, can read everything; only permissions on the warehouse itself prevent that.

Belongs here: who may read what, datasets as frames, SQL over datasets. Does not: files that leave the platform
(exports/), Dagster. Importing it is quick: contracts and libraries are loaded when something is read.
"""

from data_platform.lake.current import contract, datasets, read, sql
from data_platform.lake.errors import LakeError, LeftOut
from data_platform.lake.library import Library

__all__ = ["LakeError", "LeftOut", "Library", "contract", "datasets", "read", "sql"]
