"""What can be known to be wrong with a dashboard or a rule without asking any server."""
