"""A month in simulated time: what has no clock of its own, stepped through a month minute by minute."""
