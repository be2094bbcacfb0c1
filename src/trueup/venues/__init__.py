"""Readers of venue truth."""
