"""Tests of rules, dashboards and what they stand on, against the real tools."""
