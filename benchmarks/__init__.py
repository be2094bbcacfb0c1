"""Benchmarks: each module with a function ``run(quick: bool) -> Result`` is one; see `benchmarks.__main__`."""
