"""The auditor: node state from its store, venue truth through an independent client, compared outside of the node.

Nothing here imports NautilusTrader, so it runs beside a node that hangs and after one that died.
"""
