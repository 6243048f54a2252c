"""Contract drift: rows that a contract refused, and the smallest change of the contract that would accept them.

Belongs here: the evidence (what refusals kept, the quarantine, files at hand), what has to be loosened for it, and the
edited contract. Does not: refusing (lakehouse/), reading files (files/), Dagster. Only the command line imports it.
"""

from data_platform.drift.changes import Change, Remaining
from data_platform.drift.evidence import Evidence, kept_evidence
from data_platform.drift.suggest import Suggestion, apply, suggest

__all__ = ["Change", "Evidence", "Remaining", "Suggestion", "apply", "kept_evidence", "suggest"]
