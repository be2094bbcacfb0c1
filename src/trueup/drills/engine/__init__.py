"""The half of the drills that runs inside a node process: the only modules here that import NautilusTrader."""
