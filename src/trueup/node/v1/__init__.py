"""The binding to NautilusTrader 1.x: the only place that knows the inside of that engine."""
