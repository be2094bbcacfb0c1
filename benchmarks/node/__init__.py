"""What runs inside the node processes of the benchmarks: the only modules here that import NautilusTrader."""
