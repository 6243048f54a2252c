"""What the platform knows about everybody's data. Its datasets are written by the platform itself, by no function here."""
