"""What is on offer: listings as they were on each day, how they fare, and what things cost."""
