"""`dp doctor`: is everything there that the platform needs, and if not, what to do. One function per check, each with a
time limit; none changes anything but for a small file that it writes and removes again, and none tells a secret."""

from data_platform.operations.doctor.diagnose import CHECKS, Check, diagnose
from data_platform.operations.doctor.findings import Finding, Status

__all__ = ["CHECKS", "Check", "Finding", "Status", "diagnose"]
