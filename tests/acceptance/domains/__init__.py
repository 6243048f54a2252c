"""The domains of the acceptance test's project."""
