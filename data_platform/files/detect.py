"""How a file seems to be written down, from its beginning."""

from __future__ import annotations

import codecs
import re
from pathlib import PurePosixPath

from data_platform.files.dialect import dialect_of
from data_platform.files.encoding import encoding_of
from data_platform.files.errors import FileError
from data_platform.files.formats import Format, Json, Parquet
from data_platform.files.stream import opened, raw

SAMPLE = 1 << 20
"""How many bytes tell delimiter, quotes and names."""
ENCODED = 1 << 26
"""How many bytes tell the encoding: a file's first letter that is not English may come late."""
OTHERS = {  # first bytes -> what the file is
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word document",
    b"%PDF": "a PDF document",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"Obj\x01": "an Avro file",
    b"ORC": "an ORC file",
    b"ARROW1": "an Arrow file",
    b"SQLite format 3": "an SQLite database",
}
OBJECT = re.compile(r'\s*(\[\s*)*(\{\s*["}]|\[\s*\])')
"""How JSON begins that has objects, or none."""


def detect(path: str) -> Format:
    """The format a file seems to have (without `rename`, `spellings` and `missing`, which profiling finds).

    FileError for what is none of them, or cannot be told. Reading judges the whole file; this is only its beginning.
    """
    with raw(path) as stream:
        first = stream.read(16)
    if first.startswith(b"PAR1"):
        return Parquet()
    with opened(path) as stream:
        sample = stream.read(ENCODED)
    kind = next((kind for begin, kind in OTHERS.items() if sample.startswith(begin)), None)
    if kind:
        raise FileError(path, f"is {kind}", "CSV, JSON and Parquet are read; write it as one of these")
    if not sample.strip():
        raise FileError(path, "is empty", "send it with its data")
    encoding = encoding_of(path, sample)
    text = codecs.getincrementaldecoder(encoding)().decode(sample[:SAMPLE]).removeprefix("\ufeff")
    if OBJECT.match(text):
        return Json(encoding=encoding)
    suffixes = [each.lower() for each in PurePosixPath(path).suffixes]
    for suffix, name in {".parquet": "Parquet", ".json": "JSON", ".jsonl": "JSON", ".ndjson": "JSON"}.items():
        if suffix in suffixes:
            raise FileError(path, f"is no {name} with rows, as its name says", "mend the file or its name")
    return dialect_of(text, len(sample) <= SAMPLE, encoding)
