"""Source files: which there are, how they are written down, and their rows, faithfully.

Belongs here: CSV, JSON and Parquet files as they come from outside, local or in a bucket, turned into rows in which no
value has changed, or refused with the place of what cannot be read. Does not: what the values have to be (the
contract), where rows go (lakehouse/), Dagster.
"""

from data_platform.files.errors import FileError
from data_platform.files.formats import Booleans, Csv, Dates, Format, Json, Numbers, Parquet
from data_platform.files.reading import Reading
from data_platform.files.source import Files

__all__ = ["Booleans", "Csv", "Dates", "FileError", "Files", "Format", "Json", "Numbers", "Parquet", "Reading"]
