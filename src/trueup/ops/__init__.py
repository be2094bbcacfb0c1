"""What operations stand on: one registry of metrics, and all that is generated from it."""
