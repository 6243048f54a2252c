"""Ugly files, as bytes, and what must become of each: these rows exactly, or a refusal that says where and why.

The rows are written by hand. A case without a format is detected; `columns` and `rows` or `refused` is what must come of
it: `refused` is a place (`:3`, `:3, column b`) and a part of the message.
"""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_platform.contracts import ColumnType
from data_platform.files import Booleans, Csv, Dates, Format, Json, Numbers

TEXT, LONG = ColumnType("string"), ColumnType("long")
PRICE = ColumnType("decimal", 10, 2)
ITEM = ColumnType("struct", fields=(("sku", TEXT), ("price", PRICE)))
ITEMS = ColumnType("list", element=ITEM)


@dataclass(frozen=True)
class Ugly:
    """`types` are the contract's, of columns that are not text in the frame."""

    name: str
    content: bytes
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    refused: tuple[str, str] | None = None
    form: Format | None = None
    file: str = "ugly.csv"
    types: dict[str, ColumnType] = field(default_factory=dict)


def parquet(table: pa.Table) -> bytes:
    written = io.BytesIO()
    pq.write_table(table, written)
    return written.getvalue()


def corrupt(content: bytes, at: int) -> bytes:
    """The same with one byte wrong."""
    return content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :]


AB = ("a", "b")
ONE_ROW = (("1", "2"),)
WIDE = tuple(f"column number {number}" for number in range(600))
LONG_VALUE = "x" * 3_000_000
NUMBERED = b"id,name\n" + b"".join(b"%d,name %d\n" % (number, number) for number in range(20_000))
NUMBERED_ROWS = tuple((str(number), f"name {number}") for number in range(20_000))
BREAKS = tuple((str(number), f'line "{number}"\nand, again\r\n{"y" * (number % 90)}') for number in range(150_000))
BREAKS_FILE = "id;text\r\n" + "".join(f'{a};"{b.replace(chr(34), chr(34) * 2)}"\r\n' for a, b in BREAKS)
DECIMALS = pa.table(
    {
        "amount": pa.array([Decimal("12345678901234567890.12"), None], pa.decimal128(22, 2)),
        "items": pa.array(
            [[{"sku": "a", "price": Decimal("1.50")}], []],
            pa.list_(pa.struct([("sku", pa.string()), ("price", pa.decimal128(10, 2))])),
        ),
        "kind": pa.array(["x", "y"]).dictionary_encode(),
        "big": pa.array([2**64 - 1, 0], pa.uint64()),
        "day": pa.array([date(2024, 2, 29), None]),
    }
)

CORPUS = (
    # Encodings
    Ugly("a byte order mark is no part of a name", b"\xef\xbb\xbfa,b\n1,2\n", AB, ONE_ROW),
    Ugly("a byte order mark before a quoted name", b'\xef\xbb\xbf"a",b\n1,2\n', AB, ONE_ROW),
    Ugly("UTF-16 as Excel writes it", "a\tb\r\n1\té\r\n".encode("utf-16"), AB, (("1", "é"),)),
    Ugly("UTF-16 without a mark", "a,b\nwide,text €\n".encode("utf-16-be"), AB, (("wide", "text €"),)),
    Ugly("UTF-32", "a,b\n1,😀\n".encode("utf-32"), AB, (("1", "😀"),)),
    Ugly("Windows-1252 with its own quotes", "a;b\nGrün;“3 €”\n".encode("cp1252"), AB, (("Grün", "“3 €”"),)),
    Ugly("Windows-1250 is not taken for 1252", "a,b\nŁódź,żółw\n".encode("cp1250"), refused=(":2", "not UTF-8")),
    Ugly(
        "Windows-1250 where it is said",
        "a,b\nŁódź,żółw\n".encode("cp1250"),
        AB,
        (("Łódź", "żółw"),),
        form=Csv(encoding="cp1250"),
    ),
    Ugly("Cyrillic is not taken for Western", "имя,город\nАнна,Москва\n".encode("cp1251"), refused=(":1", "not UTF-8")),
    Ugly(
        "Shift-JIS where it is said",
        "a,b\n表,ソ\n".encode("shift-jis"),
        AB,
        (("表", "ソ"),),
        form=Csv(encoding="shift-jis"),
    ),
    Ugly(
        "one Latin-1 letter in UTF-8",
        "a,b\nné,1\n".encode() + b"x,\xe9t\xe9\n",
        refused=(":3, column b", "no utf-8"),
        form=Csv(),
    ),
    Ugly(
        "an encoding that is said and wrong",
        b"a,b\n1,2\n3,\x81\n",
        refused=(":3, column b", "no cp1252"),
        form=Csv(encoding="cp1252"),
    ),
    Ugly(
        "half a character at the end of UTF-16",
        "a,b\n1,2\n".encode("utf-16-le") + b"x",
        refused=("", "utf-16-le"),
        form=Csv(encoding="utf-16-le"),
    ),
    Ugly("emoji and their joiners", "a,b\n👩‍👩‍👧‍👦,🇳🇴\n".encode(), AB, (("👩‍👩‍👧‍👦", "🇳🇴"),)),
    Ugly("a NUL within a value", b"a,b\nx\x00y,2\n", AB, (("x\x00y", "2"),), form=Csv()),
    # Delimiters, quotes, line ends
    Ugly("semicolons and decimal commas", b"a;b\n1,5;2,5\n3,5;4,5\n", AB, (("1,5", "2,5"), ("3,5", "4,5"))),
    Ugly("tabs", b"a\tb\n1, 1\t2\n", AB, (("1, 1", "2"),)),
    Ugly("pipes", b"a|b\n1|2\n", AB, ONE_ROW),
    Ugly("one column", b"a\n1\n2\n", ("a",), (("1",), ("2",))),
    Ugly("one column with blank lines", b'a\n\n1\n""\n\n2\n\n', ("a",), (("1",), (None,), ("2",))),
    Ugly("carriage returns only", b"a,b\r1,2\r3,4\r", AB, (("1", "2"), ("3", "4"))),
    Ugly("line ends of three kinds", b"a,b\r\n1,2\n3,4\r5,6\r\n", AB, (("1", "2"), ("3", "4"), ("5", "6"))),
    Ugly("no line end at the end", b"a,b\n1,2", AB, ONE_ROW),
    Ugly("blank lines everywhere", b"\n\na,b\n\n1,2\n\n\n3,4\n\n", AB, (("1", "2"), ("3", "4"))),
    Ugly("quoted line breaks", b'a,b\n"1\n2","3\r\n4"\n', AB, (("1\n2", "3\r\n4"),)),
    Ugly("quoted line breaks in names", b'"a\nx",b\n1,2\n', ("a\nx", "b"), ONE_ROW),
    Ugly("quoted line breaks over megabytes", BREAKS_FILE.encode(), ("id", "text"), BREAKS),
    Ugly("doubled quotes", b'a,b\n"say ""hi""",""""\n', AB, (('say "hi"', '"'),)),
    Ugly("quotes within words", b"a,b\n5\" disk,6'\n", AB, (('5" disk', "6'"),)),
    Ugly("backslashes before quotes", b'a,b\n"say \\"hi\\"",2\n', AB, (('say "hi"', "2"),)),
    Ugly("backslashes that escape nothing", b'a,b\n"x\\"",2\n"line\\n",3\n', refused=(":3", "escapes nothing")),
    Ugly("backslashes beside escaped quotes", b'a,b\nC:\\dir,"\\\\\\""\n', AB, (("C:\\dir", '\\"'),)),
    Ugly("quotes that mean nothing", b'a,b\r\n1,"2\n3,4\r\n', AB, (("1", '"2'), ("3", "4")), form=Csv(quote="")),
    Ugly("apostrophes as quotes", b"a,b\n'1,5','x'\n", AB, (("1,5", "x"),)),
    Ugly("apostrophes as text", b"a,b\n's-Gravenhage,'t Hof\n", AB, (("'s-Gravenhage", "'t Hof"),)),
    Ugly("a quote that never ends", b'a,b\n1,"2\n3,4\n', refused=(":2", "never ended")),
    Ugly("a quote that never ends, after line breaks", b'a,b\n"x\ny",2\n3,"4\n5,6\n', refused=(":4", "never ended")),
    Ugly("text after a quoted value", b'a,b\n1,2\n"x"y,4\n', refused=(":3", "goes on after")),
    Ugly("two quoted values in one", b'a,b\n1,2\n3,"x" "y"\n', refused=(":3", "goes on after")),
    Ugly("a value of three megabytes", f"a,b\n1,{LONG_VALUE}\n".encode(), AB, (("1", LONG_VALUE),)),
    Ugly(
        "six hundred columns",
        (",".join(WIDE) + "\n" + ",".join("7" for _ in WIDE) + "\n").encode(),
        WIDE,
        (("7",) * 600,),
    ),
    # Records and names
    Ugly("a short line", b"a,b\n1,2\n3\n", refused=(":3", "has 1 values where there are 2 columns")),
    Ugly("a long line", b"a,b\n1,2\n3,4,5\n", refused=(":3", "has 3 values where there are 2 columns")),
    Ugly("a long line after line breaks", b'a,b\n"1\n\n",2\n3,4,5\n', refused=(":5", "has 3 values")),
    Ugly("a delimiter at the end of each line", b"a,b,\n1,2,\n3,4,\n", AB, (("1", "2"), ("3", "4"))),
    Ugly("a name twice", b"a,b,a\n1,2,3\n", refused=(":1, column a", "twice")),
    Ugly("names that differ in case", b"id,ID\n1,2\n", refused=(":1, column ID", "upper and lower case only")),
    Ugly("a name that is missing", b"a,,c\n1,2,3\n", refused=(":1", "column 2 of 3 has no name")),
    Ugly(
        "names with spaces and signs",
        b'Order  No., b-\xc3\xa9 ,"c,d"\n1,2,3\n',
        ("Order  No.", "b-é", "c,d"),
        (("1", "2", "3"),),
    ),
    Ugly("no names", b"1,x\n2,y\n", ("column_1", "column_2"), (("1", "x"), ("2", "y"))),
    Ugly("titles and comments first", b"# made by hand\nSales of 2024\n\na;b\n1;2\n", AB, ONE_ROW),
    Ugly("a title with a quote", b'The "big, one\na,b\n1,2\n', AB, ONE_ROW, form=Csv(skip=1)),
    Ugly("no bytes", b"", refused=("", "is empty")),
    Ugly("names and no rows", b"a,b\n", AB, ()),
    Ugly("names and no line end", b"a,b", AB, ()),
    Ugly("an Excel workbook by the name of CSV", b"PK\x03\x04rest", refused=("", "Excel")),
    Ugly("Parquet by name only", b"a,b\n1,2\n", file="ugly.parquet", refused=("", "no Parquet")),
    # Values
    Ugly(
        "leading zeros, huge integers, many digits",
        b"a,b\n00123,123456789012345678901234567890\n-0.10,0.1000000000000000055\n",
        AB,
        (("00123", "123456789012345678901234567890"), ("-0.10", "0.1000000000000000055")),
    ),
    Ugly(
        "Namibia, None and dashes are text",
        b"a,b\nNA,-\nNone,null\n,NaN\n",
        AB,
        (("NA", "-"), ("None", "null"), (None, "NaN")),
    ),
    Ugly(
        "markers of one column only",
        b"a,b\nNA,NA\n-,1\n",
        AB,
        (("NA", None), ("-", "1")),
        form=Csv(missing={"b": ("NA", "-")}),
    ),
    Ugly("nothing is missing where it is said", b'a,b\n,""\n', AB, (("", ""),), form=Csv(nulls=())),
    Ugly(
        "dates of several kinds in one column",
        b"a,b\n31.12.2024,1\n1.2.2024,2\n2024-02-03,3\n02/03/2024,4\n31.12.24,5\n",
        AB,
        (("2024-12-31", "1"), ("2024-02-01", "2"), ("2024-02-03", "3"), ("02/03/2024", "4"), ("31.12.24", "5")),
        form=Csv(spellings={"a": Dates("%d.%m.%Y")}),
    ),
    Ugly(
        "thousands separators",
        b"a;b\n1.234.567,89;x\n-12,5;x\n1.23;x\n12.345;x\n",
        AB,
        (("1234567.89", "x"), ("-12.5", "x"), ("1.23 (not as 1.234,5)", "x"), ("12345", "x")),
        form=Csv(delimiter=";", spellings={"a": Numbers(",", ".")}),
    ),
    Ugly(
        "words for true and false",
        b"a,b\nJa,1\nnein,2\nvielleicht,3\n",
        AB,
        (("true", "1"), ("false", "2"), ("vielleicht", "3")),
        form=Csv(spellings={"a": Booleans("ja", "nein")}),
    ),
    # Compression
    Ugly("gzip", gzip.compress(NUMBERED), ("id", "name"), NUMBERED_ROWS, file="ugly.csv.gz"),
    Ugly(
        "gzip by another name, in two parts",
        gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n"),
        AB,
        (("1", "2"), ("3", "4")),
    ),
    Ugly("gzip that is cut off", gzip.compress(NUMBERED)[:-2000], refused=("", "cut off")),
    Ugly("gzip without its last bytes", gzip.compress(NUMBERED)[:-4], refused=("", "cut off"), form=Csv()),
    Ugly("gzip with a wrong checksum", corrupt(gzip.compress(NUMBERED), -6), refused=("", "damaged"), form=Csv()),
    Ugly("gzip that is damaged within", corrupt(gzip.compress(NUMBERED), 20_000), refused=("", "damaged"), form=Csv()),
    Ugly("gzip of UTF-16", gzip.compress("a,b\n1,é\n".encode("utf-16")), AB, (("1", "é"),)),
    # JSON
    Ugly(
        "JSON with all digits",
        b'{"a":12345678901234567890123,"b":0.1000000000000000055}\n{"a":1e400,"b":1.10}\n',
        AB,
        (("12345678901234567890123", "0.1000000000000000055"), ("1e400", "1.10")),
        file="ugly.jsonl",
    ),
    Ugly(
        "JSON of changing shape",
        b'{"a":1}\n{"b":"x","a":null}\n\n{"a":{"c":[1.50,true]}}\n{"a":"y"}\n',
        AB,
        (("1", None), (None, "x"), ('{"c":[1.50,true]}', None), ("y", None)),
        file="ugly.jsonl",
    ),
    Ugly(
        "JSON as one array, over lines",
        b' [\n {"a":1,\n "b":true},\n {"a":"","b":null}\n]\n',
        AB,
        (("1", "true"), ("", None)),
        file="ugly.json",
    ),
    Ugly("JSON in UTF-16", '{"a":"é","b":"\\u20ac"}'.encode("utf-16"), AB, (("é", "€"),), file="ugly.json"),
    Ugly("JSON in gzip", gzip.compress(b'{"a":1,"b":2}\n'), AB, ONE_ROW, file="ugly.jsonl.gz"),
    Ugly(
        "JSON nested as the contract says",
        b'{"a":[{"sku":"x","price":1.50},{"price":2}]}\n{"a":[]}\n{}\n',
        ("a",),
        (([{"sku": "x", "price": Decimal("1.50")}, {"sku": None, "price": Decimal("2.00")}],), ([],), (None,)),
        file="ugly.jsonl",
        types={"a": ITEMS},
    ),
    Ugly(
        "JSON nested in another way",
        b'{"a":[]}\n{"a":[{"sku":"x","price":1.505}]}\n',
        file="ugly.jsonl",
        types={"a": ITEMS},
        refused=(":2, column a[0].price", "1.505 is no decimal(10, 2)"),
    ),
    Ugly(
        "JSON with more than the contract nests",
        b'{"a":[{"sku":"x","weight":1}]}\n',
        file="ugly.jsonl",
        types={"a": ITEMS},
        refused=(":1, column a[0].weight", "is no struct"),
    ),
    Ugly(
        "JSON with a scalar where a list belongs",
        b'{"a":[]}\n{"a":5}\n',
        file="ugly.jsonl",
        types={"a": ITEMS},
        refused=(":2, column a", "5 is no list"),
    ),
    Ugly("JSON with a line that is no object", b'{"a":1}\n[2]\n', file="ugly.jsonl", refused=(":2", "no object")),
    Ugly("JSON with a broken line", b'{"a":1}\n{"a":2,}\n{"a":3}\n', file="ugly.jsonl", refused=(":2", "no JSON")),
    Ugly("JSON that is cut off", b'{"a":1}\n{"a":"long te', file="ugly.jsonl", refused=(":2", "cut off")),
    Ugly("a JSON array that is cut off", b'[{"a":1},\n{"a":2}', file="ugly.json", refused=(":2", "cut off")),
    Ugly("JSON with a name twice", b'{"a":1}\n{"a":1,"a":2}\n', file="ugly.jsonl", refused=(":2, column a", "twice")),
    Ugly(
        "JSON with names that differ in case",
        b'{"a":1}\n{"A":1}\n',
        file="ugly.jsonl",
        refused=(":2, column A", "both"),
    ),
    Ugly(
        "JSON with half a character",
        b'{"a":1}\n{"a":"\\ud83d"}\n',
        file="ugly.jsonl",
        refused=(":2, column a", "half of a character"),
    ),
    Ugly("JSON with bad bytes", b'{"a":1}\n{"a":"\xe9"}\n', file="ugly.jsonl", form=Json(), refused=(":2", "no utf-8")),
    Ugly("JSON a thousandfold nested", b'{"a":' + b"[" * 100_000, file="ugly.json", refused=(":1", "nested too deep")),
    Ugly("JSON without rows", b"[]", file="ugly.json", refused=("", "no object")),
    # Parquet
    Ugly(
        "Parquet, nested, decimal, unsigned, dictionary",
        parquet(DECIMALS),
        tuple(DECIMALS.column_names),
        tuple(tuple(row.values()) for row in DECIMALS.to_pylist()),
        file="ugly.parquet",
    ),
    Ugly("Parquet that is cut off", parquet(DECIMALS)[:-100], file="ugly.parquet", refused=("", "Parquet")),
    Ugly("a deflated file that is no gzip", zlib.compress(NUMBERED), refused=("", "")),
)
