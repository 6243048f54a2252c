"""What this room raises."""


class RuleError(Exception):
    """A rule that cannot be evaluated (its SQL fails, say): dataset, rule, and why."""
