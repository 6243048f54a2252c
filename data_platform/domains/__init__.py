"""Domain rooms."""
