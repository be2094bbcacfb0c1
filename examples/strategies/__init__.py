"""Strategies that the example configuration names."""
