"""Who uses the marketplace: accounts as they were on each day, and what each user did."""
