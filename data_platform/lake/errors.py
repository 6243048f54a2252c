"""What can go wrong for people who read: each message says what, and what to do."""

from __future__ import annotations


class LakeError(Exception):
    """Something that cannot be read, or not by this reader."""


class LeftOut(UserWarning):
    """What was read is not all there is: columns above the reader's clearance, or a publication that was blocked."""
