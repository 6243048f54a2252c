"""What can go wrong with an export; nothing is left behind then."""


class ExportError(Exception):
    """A file that cannot be made, put or sent: what is wrong, and what to do."""
