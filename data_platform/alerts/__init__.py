"""Alerts: a rule that blocks or warns reaches the owner named in the contract, once.

Belongs here: what is said, the ledger of what was said to whom, and one small class per channel (log, e-mail, webhook).
Does not: deciding what a failing rule does (quality/), Dagster. To add a channel, add a class with `name` and `send` to
`channels.py` and its scheme to `settings.CHANNELS`.
"""

from data_platform.alerts.notifier import notify, resolve

__all__ = ["notify", "resolve"]
