"""The landing zone: files that others drop into a folder, each taken in once, or set aside with the reason.

Belongs here: which files there are (`folder`), what is known of them (`ledger`), which partitions they hold (`names`,
`arrivals`), and which partitions therefore have to be published (`contents`). Does not: publishing, sensors, alerts.
"""

from data_platform.files.landing.marker import Landing

__all__ = ["Landing"]
