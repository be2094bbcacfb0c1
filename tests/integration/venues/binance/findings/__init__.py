"""F1 to F12, the faults of the adapter's client, each with whole nodes: native beside verified.

`cases` is the table, `runner` lives it, `compare` judges it by the emulator's ledger, `report` keeps what was measured
and renders it. ``python -m tests.integration.venues.binance.findings.record`` measures all of it anew.
"""
