"""Programs of the tests in processes of their own, forked from one that has imported the engine once."""

from tests.integration.forked.process import DEVNULL, PIPE, STDERR, ForkedProcess, close, run_forked

__all__ = ["DEVNULL", "PIPE", "STDERR", "ForkedProcess", "close", "run_forked"]
