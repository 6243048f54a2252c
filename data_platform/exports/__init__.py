"""Rows that leave the platform for people: files (XLSX, CSV, JSON, Parquet), datasets that are mailed on a schedule, and
a DuckDB file of views for BI tools.

    stats_mail = mail_export("ads.listing_stats", to=["telesales@market.example"], schedule="0 7 * * 1-5")

Belongs here: kinds of files and their limits, where a file may be put, the mail and the ledger of what was sent. Does
not: who may read what (lake/), the mail server (alerts/channels.py). Of its modules only `declare` knows Dagster,
so that `dp export` does not wait for it.

What a file holds is what was published, unchanged. In XLSX every text is written as text, so that one beginning with `=`
is no formula. CSV has no types: its values are left as they are, for programs read it, and who opens it in a
spreadsheet should import its columns as text; for people there is XLSX.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data_platform.exports.declare import mail_export

__all__ = ["mail_export"]


def __getattr__(name: str) -> Any:
    if name == "mail_export":
        from data_platform.exports.declare import mail_export

        return mail_export
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
