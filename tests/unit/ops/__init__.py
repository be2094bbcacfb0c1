"""Tests of the registry of metrics and alerts."""
