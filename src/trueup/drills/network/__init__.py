"""Faults on the way between a node and its venue or its store: a TCP proxy, and scenarios of it."""
